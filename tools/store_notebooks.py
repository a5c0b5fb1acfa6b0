"""Run notebooks, store them with their outputs, and keep the README's tables true.

    python tools/store_notebooks.py                  all notebooks, then the README
    python tools/store_notebooks.py notebooks/01*    these alone, the README untouched

Run it with the environment's Python after any change to a notebook or to a helper that shows in
one. The README's table of minutes and memory and its table of claims are written from the
notebooks.
"""

import argparse
import base64
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
PICTURE = ROOT / "images" / "one_run_or_a_hundred.png"  # opens the README
MEMORY = """
import resource as _resource, sys as _sys
_resource.getrusage(_resource.RUSAGE_SELF).ru_maxrss // (1 if _sys.platform == "darwin" else 1024)
"""
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(path, before=""):
    """Run one notebook in a kernel of its own.

    Parameters
    ----------
    path : pathlib.Path
    before : str
        Code to run in the kernel before the first cell.

    Returns
    -------
    notebook : nbformat.NotebookNode
        With its outputs.
    first, seconds : float
        From the start of the kernel to the first output and to the end.
    megabytes : int
        The kernel's peak of resident memory.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    )
    began, first = time.perf_counter(), None
    with client.setup_kernel():
        client.kc.execute(before, store_history=False)
        for i, cell in enumerate(notebook.cells):
            client.execute_cell(cell, i)
            if first is None and cell.get("outputs"):
                first = time.perf_counter() - began
        seconds = time.perf_counter() - began
        notebook.cells.append(nbformat.v4.new_code_cell(MEMORY))
        probe = client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)
        notebook.cells.pop()
    return notebook, first, seconds, int(probe.outputs[0]["data"]["text/plain"])


def store(path):
    """Execute one notebook in place; return its seconds and its peak memory in MB."""
    notebook, first, seconds, memory = execute(path)
    for i, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{i:02d}"  # the same each time, so that a diff shows changes alone
        cell.metadata.pop("execution", None)
        if "readme-picture" in cell.metadata.get("tags", []):
            PICTURE.parent.mkdir(exist_ok=True)
            pictures = [o["data"] for o in cell.outputs if "image/png" in o.get("data", {})]
            PICTURE.write_bytes(base64.b64decode(pictures[0]["image/png"]))
        for output in cell.get("outputs", []):
            # A widget is alive only while its kernel is: its picture and text stay.
            output.get("data", {}).pop(WIDGET_VIEW, None)
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "course": {
            "first_output": round(first),
            "seconds": round(seconds),
            "megabytes": round(memory, -1),
        },
    }
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    return seconds, memory


def write_readme():
    """Write the generated tables between their marks in the README."""
    rows = [
        "| notebook | minutes to learn, about | seconds to first output | to the end | memory, MB |"
    ]
    rows.append("|---|---|---|---|---|")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        title = "".join(notebook["cells"][0]["source"])
        minutes = re.search(r"About (\d+) minutes", title)[1]
        measured = notebook["metadata"].get("course", {})
        numbers = [measured.get(key, "") for key in ("first_output", "seconds", "megabytes")]
        row = [f"[{path.stem}](notebooks/{path.name})", minutes, *numbers]
        rows.append(f"| {' | '.join(map(str, row))} |")
    claims = subprocess.run(
        [sys.executable, ROOT / "course.py", "claims", "--markdown"],
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    ).stdout.strip()
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    for mark, table in (("minutes", "\n".join(rows)), ("claims", claims)):
        begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    readme.write_text(text, encoding="utf-8", newline="\n")


def main():
    """Store the notebooks named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    chosen = parser.parse_args().notebooks
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar is not part of what is stored
    for path in chosen or sorted(NOTEBOOKS.glob("*.ipynb")):
        seconds, memory = store(path.resolve())
        print(f"{path.name}: {seconds:.0f} s, {memory} MB", flush=True)
    if not chosen:
        write_readme()


if __name__ == "__main__":
    main()
