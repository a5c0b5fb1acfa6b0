"""Run notebooks, store them with their outputs, and keep the README's tables true.

    python -m tools.store_notebooks                  all notebooks
    python -m tools.store_notebooks notebooks/01*    these alone
    python -m tools.store_notebooks --frames ...     only what the site's sliders show

Run it with the environment's Python after any change to a notebook or to a helper that shows in
one. It writes claims.json, which holds the claims of all notebooks, the page of the fifteen
programs, the README's tables, and the list of the site's addresses. The seconds and the memory in
benchmarks/notebooks.json are written when all notebooks ran.
"""

import argparse
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import uuid
from collections import Counter
from pathlib import Path

import nbformat
from ipykernel.ipkernel import IPythonKernel
from nbclient import NotebookClient
from PIL import Image

import course
from helpers import plotting
from helpers.evidence import MEDIA_TYPE
from tools import dress

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
CLAIMS = ROOT / "claims.json"
MEASURED = ROOT / "benchmarks" / "notebooks.json"
MEASURES = ("first_output", "core", "seconds", "megabytes", "private")
README = ROOT / "README.md"
PROGRAMS = ROOT / "tools" / "programs.toml"
PAGE = NOTEBOOKS / "fifteen_programs.md"
SURPRISING = (  # what the README shows of the claims
    "circle-validation-falls",
    "l2-improves-circle",
    "dropout-improves-line",
    "regularization-rescues-random-labels",
    "more-data-improves-circle",
    "stopping-rescues-random-labels",
    "smote-before-split-flatters",
    "smote-beats-threshold-tuning",
    "epoch-wobble-exceeds-sampling-noise",
    "untrained-model-reaches-ninety",
)
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
PICTURE = ROOT / "images" / "one_run_or_a_hundred.png"  # opens the README
MEMORY = """
import pathlib as _pathlib, resource as _resource, sys as _sys
_peak = _resource.getrusage(_resource.RUSAGE_SELF).ru_maxrss
_parts = _pathlib.Path("/proc/self/smaps_rollup")  # Linux alone says what belongs to no file
_lines = _parts.read_text().splitlines() if _parts.exists() else []
# Not "Private": that counts libraries too while no other kernel has them in memory.
_own = sum(int(line.split()[1]) for line in _lines if line.startswith("Anonymous:"))
[_peak // (1 if _sys.platform == "darwin" else 1024), _own // 1024]
"""
FRAMES = ROOT / "site" / "frames"
DRAW = """
import json as _json, pathlib as _pathlib
_slider, _folder = Out[{count}], _pathlib.Path({folder!r})
_frames = _slider.frames()
for _i, (_, _png, _) in enumerate(_frames):
    (_folder / f"{{_i:02d}}.png").write_bytes(_png)
_said = {{"label": _slider.slider.description, "settings": [[v, s] for v, _, s in _frames]}}
(_folder / "said.json").write_text(_json.dumps(_said), encoding="utf-8")
"""
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(path, before="", frames=None):
    """Run one notebook in a kernel of its own.

    Parameters
    ----------
    path : pathlib.Path
    before : str
        Code to run in the kernel before the first cell.
    frames : pathlib.Path, optional
        Folder that receives what each slider shows, in folders by the cell's id.

    Returns
    -------
    notebook : nbformat.NotebookNode
        With its outputs.
    first, core, seconds : float
        From the start of the kernel to the first output, to the end of the core and to the end.
    megabytes, private : int
        The kernel's peak of resident memory, and what it holds for itself at the end.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": path.parent}}
    )
    last_of_core = len(dress.split(notebook.cells)[0]) - 1
    began, first = time.perf_counter(), None
    with client.setup_kernel():
        client.kc.execute(before, store_history=False)
        for i, cell in enumerate(notebook.cells):
            client.execute_cell(cell, i)
            if first is None and cell.get("outputs"):
                first = time.perf_counter() - began
            if i == last_of_core:
                core = time.perf_counter() - began
        seconds = time.perf_counter() - began
        probe = _aside(client, MEMORY)
        for cell in notebook.cells if frames else ():
            if cell.cell_type == "code" and "explore.Slider(" in cell.source:
                draw_frames(client, cell, frames / cell["id"])
    return notebook, first, core, seconds, *json.loads(probe.outputs[0]["data"]["text/plain"])


def _aside(client, code):
    """Run code in a cell that the notebook does not keep: nbclient puts it in its place there."""
    cells = client.nb.cells
    cells.append(nbformat.v4.new_code_cell(code))
    try:
        return client.execute_cell(cells[-1], len(cells) - 1, store_history=False)
    finally:
        cells.pop()


def draw_frames(client, cell, folder):
    """Draw every setting of a cell's slider in its kernel, as WebP: a fifth of the PNG.

    Parameters
    ----------
    client : nbclient.NotebookClient
        Its kernel has run the cell.
    cell : nbformat.NotebookNode
    folder : pathlib.Path
        Receives 00.webp and so on, and said.json with the label, the settings and the sentences.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as drawn:
        code = DRAW.format(count=cell.execution_count, folder=drawn)
        _aside(client, code)
        for picture in sorted(Path(drawn).glob("*.png")):
            image = Image.open(picture).convert("RGB")
            image.save(folder / f"{picture.stem}.webp", quality=80, method=6)
        said = json.loads((Path(drawn) / "said.json").read_text(encoding="utf-8"))
    (folder / "said.json").write_text(as_json(said), encoding="utf-8", newline="\n")


def store(path):
    """Execute one notebook in place; return what was measured, by the names of `MEASURES`."""
    dress.write(path)
    notebook, *times, peak, private = execute(path, frames=FRAMES / path.stem)
    seen = set()
    for cell in notebook.cells:
        if not re.fullmatch(r"[\w-]{1,64}", cell.get("id", ""), re.ASCII) or cell["id"] in seen:
            cell["id"] = uuid.uuid4().hex[:8]
        seen.add(cell["id"])
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            # A widget is alive only while its kernel is: its picture and text stay.
            data.pop(WIDGET_VIEW, None)
            if "image/png" in data:
                raw = data["image/png"].strip()
                picture = plotting.with_palette(base64.b64decode(raw))
                code = base64.b64encode(picture).decode()
                data["text/html"] = data["text/html"].replace(raw, code)
                # For those who show no HTML: the same at one pixel a point, in less room.
                data["image/png"] = base64.b64encode(plotting.halved(picture)).decode()
                if "readme-picture" in cell.metadata.get("tags", []):
                    PICTURE.parent.mkdir(exist_ok=True)
                    PICTURE.write_bytes(picture)
    # What JupyterLab writes here when it opens the notebook: equal, so that nothing is unsaved.
    notebook.metadata = {"kernelspec": KERNEL, "language_info": IPythonKernel.language_info}
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    rounded = *map(round, times), round(peak, -1), round(private, -1)
    return dict(zip(MEASURES, rounded, strict=True))


def fit():
    """Return the seconds of one `model.fit` of program 1.1: machines differ by half and more."""
    command = [sys.executable, ROOT / "benchmarks" / "speed.py", "--fit"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return round(float(found.stdout), 1)


def claims_of(path):
    """Return the claims that a notebook stores, in the order of its cells.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    list of dict
        Records of `evidence.Claim`, with the notebook's stem and the cell's id after the claim's.
    """
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            if MEDIA_TYPE in output.get("data", {}):
                record = dict(output["data"][MEDIA_TYPE])
                place = {"id": record.pop("id"), "notebook": path.stem, "cell": cell["id"]}
                found.append({**place, **record})
    return found


def collect():
    """Return the claims of all notebooks, as claims.json holds them.

    Raises
    ------
    ValueError
        A claim's id stands twice.
    """
    claims = [claim for path in sorted(NOTEBOOKS.glob("*.ipynb")) for claim in claims_of(path)]
    twice = [name for name, n in Counter(claim["id"] for claim in claims).items() if n > 1]
    if twice:
        raise ValueError(f"claims must have ids of their own, got twice: {', '.join(twice)}")
    return claims


def readme(text):
    """Return the README's text with its tables made anew, from claims.json and the measurements."""
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    by_id = {claim["id"]: claim for claim in json.loads(CLAIMS.read_text(encoding="utf-8"))}
    rows = [
        "| notebook | minutes for the core | to go further | seconds to first output "
        "| to the end of the core | to the end "
        "| peak memory, MB | of it private, at the end |"
    ]
    rows.append("|---|---|---|---|---|---|---|---|")
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        core, further = (round(sum(map(dress.minutes, part))) for part in dress.split(cells))
        numbers = [measured.get(path.stem, {}).get(key, "") for key in MEASURES]
        row = [f"[{path.stem}](notebooks/{path.name})", core, further, *numbers]
        rows.append(f"| {' | '.join(map(str, row))} |")
    surprising = course.claims_markdown([by_id[n] for n in SURPRISING if n in by_id])
    for mark, table in (("minutes", "\n".join(rows)), ("claims", surprising)):
        begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.split(end)[1]}"
    unit = f"took {measured['fit']:g} seconds there"
    text = re.sub(r"took [\d.]+ seconds there", unit, text)
    return text


def programs():
    """Return the page of the fifteen programs, with what the claims in claims.json found."""
    questions = tomllib.loads(PROGRAMS.read_text(encoding="utf-8"))["question"]
    claims = json.loads(CLAIMS.read_text(encoding="utf-8"))
    lines = [
        "# The fifteen programs\n",
        "Five questions that people ask every day, each answered on the web with three short "
        "programs. Each draws one data set, trains one network once, and then states a general "
        "truth. The course rebuilds them at their stated settings, in its own code, and measures "
        "whether the truth holds. Unless said otherwise a network has ReLU hidden layers, a "
        "sigmoid output, binary cross-entropy, Adam at Keras' defaults and batches of 32. "
        "A program that did not run as published uses names that it never defines.\n",
        "[00 Start here](00_start_here.ipynb) · [Glossary](glossary.md)\n",
        "| program | ran as published | what we found |",
        "|---|---|---|",
    ]
    details = []
    for number, question in enumerate(questions, 1):
        details.append(f"## {number}. {question['title']}\n")
        for program in question["program"]:
            found = [claim for claim in claims if claim["program"] == program["id"]]
            words = "; ".join(f"`{c['id']}` **{course.verdict(c)}**" for c in found)
            ran = "yes" if program["ran"] else "no"
            lines.append(f"| {program['id']} {program['name']} | {ran} | {words} |")
            details += [
                f"### {program['id']} {program['name']}\n",
                f"**Settings.** {program['setting']}\n",
                f"**What is said of it.** {program['said']}\n",
                "**What we found.**\n",
                *(
                    f"- {c['sentence']} **{course.verdict(c).capitalize()}**: {c['estimate']:g} "
                    f"({c['low']:g} to {c['high']:g}), threshold {c['threshold']:g}, "
                    f"{c['runs']} runs. [{c['notebook'].partition('_')[0]}]({c['notebook']}.ipynb)"
                    for c in found
                ),
                "",
            ]
    return "\n".join([*lines, "", *details]).rstrip("\n") + "\n"


def as_json(values):
    """Return values as the text of a file that is compared line by line."""
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def main():
    """Store the notebooks named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    parser.add_argument("--frames", action="store_true", help="draw the sliders' frames alone")
    options = parser.parse_args()
    chosen = options.notebooks
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar is not part of what is stored
    if options.frames:
        for path in chosen or sorted(NOTEBOOKS.glob("*.ipynb")):
            execute(path.resolve(), frames=FRAMES / path.stem)
        return
    measured = json.loads(MEASURED.read_text(encoding="utf-8"))
    for path in chosen or sorted(NOTEBOOKS.glob("*.ipynb")):
        measured[path.stem] = store(path.resolve())
        print(f"{path.name}: {measured[path.stem]}", flush=True)
    CLAIMS.write_text(as_json(collect()), encoding="utf-8", newline="\n")
    if not chosen:
        measured = {path.stem: measured[path.stem] for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
        measured["fit"] = fit()
        MEASURED.write_text(as_json(measured), encoding="utf-8", newline="\n")
    PAGE.write_text(programs(), encoding="utf-8", newline="\n")
    text = readme(README.read_text(encoding="utf-8"))
    README.write_text(text, encoding="utf-8", newline="\n")
    subprocess.run([sys.executable, ROOT / "site" / "stage.py", "--addresses"], check=True)


if __name__ == "__main__":
    main()
