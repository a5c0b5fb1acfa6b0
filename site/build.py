"""Build the site into build/site and show it: `python3 course.py site` calls this.

With `--serve` it is served on this computer alone until Ctrl-C; with `--no-open` no browser opens.
"""

import functools
import http.server
import shutil
import sys
import time
import webbrowser

from sphinx.cmd.build import build_main
from stage import ROOT, Stage


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, *words):
        """Leave the line out."""


def build(root, out, cache):
    """Stage and build the pages.

    Parameters
    ----------
    root : pathlib.Path
        The course.
    out : pathlib.Path
        Folder for the finished pages; what is in it goes.
    cache : pathlib.Path
        Folder for all that is made on the way; what is in it goes.

    Returns
    -------
    int
        0, or what Sphinx returns if it warns or fails.
    """
    for folder in (out, cache):
        shutil.rmtree(folder, ignore_errors=True)
    pages = cache / "pages"
    Stage(root, pages).all()
    # All warnings are errors; names that lead nowhere are warnings. Two processes.
    options = ["-q", "-W", "--keep-going", "-n", "-j", "2", "-b", "html"]
    places = ["-c", str(root / "site"), "-d", str(cache / "doctrees"), str(pages), str(out)]
    return build_main(options + places)


def serve(folder):
    """Serve a folder on the loopback until Ctrl-C."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        print(f"The site is at {address}. Stop it with Ctrl-C.", flush=True)
        if "--no-open" not in sys.argv:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


def main():
    """Build, say what came out, and show it."""
    out, began = ROOT / "build" / "site", time.perf_counter()
    code = build(ROOT, out, ROOT / "build" / "site-parts")
    if code:
        return code
    files = [path for path in out.rglob("*") if path.is_file()]
    pages = len([path for path in files if path.suffix == ".html" and "_static" not in path.parts])
    size = sum(path.stat().st_size for path in files) / 1e6
    seconds = time.perf_counter() - began
    print(
        f"{pages} pages, {size:.1f} MB, in {seconds:.0f} seconds: {out / 'index.html'}", flush=True
    )
    if "--serve" in sys.argv:
        serve(out)
    elif "--no-open" not in sys.argv:
        webbrowser.open((out / "index.html").as_uri())
    return 0


if __name__ == "__main__":
    sys.exit(main())
