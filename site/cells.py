"""Turn a notebook as stored into one for its page. Standard library alone; nothing is run.

Pictures move into files, claims become cards, links lead to the pages of the site, and the hints
and the solution of an exercise stand folded below it.
"""

import ast
import base64
import contextlib
import html
import json
import re
import shutil
import struct
from dataclasses import dataclass, field

MEDIA_TYPE = "application/vnd.overfitting-course.claim+json"
FURTHER = "Going further"
RUN_ME = " Run this cell to answer."  # what `explore.Prediction` stores for those without a kernel
_PICTURE = re.compile(r'<img [^>]*?src="data:image/png;base64,([^"]+)"[^>]*>')
_CODE = re.compile(r"(```.*?```)", re.DOTALL)
_EXERCISE = re.compile(r"^#+ ((?:Exercise|Decide).*)$|\*\*(Exercise[^*]*?)[.:]?\*\*", re.MULTILINE)
_CHECK = re.compile(r"exercises\.(\w+)\.check\(")


@dataclass
class Site:
    """What the pages have in common.

    Attributes
    ----------
    root, out : pathlib.Path
        The course, and the folder of the staged pages. Pictures go into `out` / "extra".
    claims : dict of str to dict
        By id, as claims.json holds them.
    terms : dict of str to str
        Definitions by the anchor of the glossary's heading.
    figures : dict
        HTML of the pictures, for a page one folder below the front page: by the claim's id, and
        by the notebook's stem, a slash and the cell's id.
    """

    root: object
    out: object
    claims: dict
    terms: dict
    figures: dict = field(default_factory=dict)


def slug(heading):
    """Return the anchor that a heading gets on a page.

    Parameters
    ----------
    heading : str
        Without the number signs.

    Returns
    -------
    str
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def read_terms(text):
    """Return the definitions of the glossary.

    Parameters
    ----------
    text : str
        The glossary: each heading of the third level is a term; its first paragraph explains it.

    Returns
    -------
    dict of str to str
        Plain text by anchor.
    """
    text = re.sub(r"<!--.*?-->\n?", "", text)
    found = re.findall(r"^### (.+)\n+((?:.+\n?)+)", text, re.MULTILINE)
    return {slug(term): plain(explained) for term, explained in found}


def plain(text):
    """Take Markdown's marks off a paragraph and put it on one line."""
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    return re.sub(r"\s+", " ", re.sub(r"[`*$]", "", text)).strip()


def markdown(text, site, up="../"):
    """Lead the links of a page to the pages of the site.

    Parameters
    ----------
    text : str
        Markdown. Blocks of code in it stay as they are.
    site : Site
    up : str, default "../"
        The way from the page's folder to the front page's.

    Returns
    -------
    str
    """

    def term(match):
        words, folder, anchor = match[1], match[2], match[3].lower()
        tip = html.escape(site.terms.get(anchor, ""))
        page = f"{folder}glossary.html#{anchor}"
        return f'<a class="term" href="{page}" data-tip="{tip}">{words}</a>'

    def claim(match):
        known = match[1] in site.claims
        return f"[{match[0]}]({up}claims/{match[1]}.md)" if known else match[0]

    def section(match):
        return f"[{match[1]} {match[3]}]({match[2]}#{slug(match[3])})"

    parts = _CODE.split(re.sub(r"<!--.*?-->\n?", "", text))
    for i in range(0, len(parts), 2):
        part = re.sub(r"\[([^\]]+)\]\(([./\w]*)glossary\.md#([^)]+)\)", term, parts[i])
        part = re.sub(r'\[([^\]]+)\]\((\w+\.ipynb)\), "([^"]+)"', section, part)
        parts[i] = re.sub(r"(?<!\[)`([a-z0-9]+(?:-[a-z0-9]+)+)`(?!\])", claim, part)
    return "".join(parts)


def picture(page, name, site):
    """Put the picture of an output into a file.

    Parameters
    ----------
    page : str
        HTML that holds one ``<img>`` with its data.
    name : str
        Path of the file without its ending, below `figures/`.
    site : Site

    Returns
    -------
    str
        The picture as HTML, for a page one folder below the front page.
    """
    found = _PICTURE.search(page)
    data = base64.b64decode(found[1])
    path = site.out / "extra" / "figures" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    across, down = struct.unpack(">II", data[16:24])
    alt = re.search(r'alt="([^"]*)"', found[0])[1]
    width = int(re.search(r'width="(\d+)"', found[0])[1])
    image = (
        f'<img src="../figures/{name}.png" alt="{alt}" width="{width}" '
        f'height="{round(width * down / across)}" loading="lazy" decoding="async">'
    )
    # On a narrow screen a wide figure is moved sideways instead of made tiny.
    kind = "picture broad" if width > 900 else "picture wide" if width > 600 else "picture"
    site.figures[name] = f'<div class="{kind}">{image}</div>'
    return site.figures[name]


def card(output, strip, site):
    """Lay out a claim as it stands below its cell.

    Parameters
    ----------
    output : dict
        The data of the output, with the claim, its HTML and its text of four lines.
    strip : str
        HTML of its picture.
    site : Site

    Returns
    -------
    str
        HTML.
    """
    claim = output[MEDIA_TYPE]
    head, sentence, numbers, origin = map(html.escape, as_text(output["text/plain"]).splitlines())
    word = head.partition(":")[0].capitalize()
    name = f"<code>{claim['id']}</code>"
    if claim["id"] in site.claims:
        name = f'<a href="../claims/{claim["id"]}.html">{name}</a>'
    return (
        f'<div class="claim {claim["verdict"]}" id="claim-{claim["id"]}">'
        f'<p><strong class="verdict">{word}</strong> {name}</p>'
        f'<p class="sentence">{sentence}</p>{strip}<p>{numbers}</p><p>{origin}</p></div>'
    )


def as_text(value):
    """Join what a notebook may store as a list of lines."""
    return value if isinstance(value, str) else "".join(value)


def slider(shown, name, site):
    """Lay out a slider, if its frames are stored: the picture, and a table of all its settings.

    Parameters
    ----------
    shown : str
        HTML of the picture for the setting at which the slider stands.
    name : str
        The notebook's stem, a slash, and the cell's id.
    site : Site

    Returns
    -------
    str
        HTML. `shown` alone if there are no frames, or none of them is of this picture.
    """
    stored = site.root / "site" / "frames" / name
    if not (stored / "said.json").exists():
        return shown
    said = json.loads((stored / "said.json").read_text(encoding="utf-8"))
    label, settings = said["label"], said["settings"]
    alts = [f"{label} = {value}. {sentence}" for value, sentence in settings]
    alt = html.unescape(re.search(r'alt="([^"]*)"', shown)[1])
    if alt not in alts:
        return shown
    shutil.copytree(stored, site.out / "extra" / "frames" / name, dirs_exist_ok=True)
    rows = "".join(
        f'<tr><th scope="row">{html.escape(value)}</th><td>{html.escape(sentence)}</td></tr>'
        for value, sentence in settings
    )
    return (
        f'<div class="slider" data-label="{html.escape(label)}" data-start="{alts.index(alt)}" '
        f'data-frames="../frames/{name}/">{shown}<details><summary>All settings in words</summary>'
        f'<table class="table"><thead><tr><th scope="col">{html.escape(label)}</th>'
        f'<th scope="col">what the figure shows</th></tr></thead><tbody>{rows}</tbody></table>'
        "</details></div>"
    )


def _output(output, name, site):
    data = output.get("data", {})
    page = as_text(data.get("text/html", ""))
    if not _PICTURE.search(page):
        # A heading inside an output would stand among those of the page.
        shown = re.sub(r"<(h[1-6])\b[^>]*>(.*?)</\1>", r"<p><strong>\2</strong></p>", page)
        return {**output, "data": {**data, "text/html": shown}} if page else output
    shown = picture(page, name, site)
    if MEDIA_TYPE in data:
        site.figures[data[MEDIA_TYPE]["id"]] = shown
        shown = card(data, shown, site)
    elif "A slider, " in as_text(data.get("text/plain", "")):
        shown = slider(shown, name, site)
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {"text/html": shown, "text/plain": ""},
    }


# --- Exercises ------------------------------------------------------------------------------------


def constant(path, name):
    """Return the value of a module's constant, without importing it.

    Parameters
    ----------
    path : pathlib.Path
    name : str

    Returns
    -------
    object
    """
    known = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            with contextlib.suppress(ValueError):
                known[ast.unparse(node.targets[0])] = _literal(node.value, known)
    if name not in known:
        raise ValueError(f"{path} has no constant {name}")
    return known[name]


def _literal(node, known):
    """Return what a piece of code is worth that holds literals and known names alone."""
    if isinstance(node, ast.Tuple | ast.List):
        return [_literal(part, known) for part in node.elts]
    name = ast.unparse(node)
    return known[name] if name in known else ast.literal_eval(node)


def read_exercises(path):
    """Return the hints and solutions of a module of `helpers/exercises`, without importing it.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    dict of str to tuple (hints, solution)
        A list of sentences, and Python code, by the exercise's name.
    """
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            if isinstance(call.func, ast.Name) and call.func.id == "Exercise":
                given = {word.arg: word.value for word in call.keywords}
                made, hints = (
                    given.get(key, call.args[place] if place < len(call.args) else None)
                    for place, key in ((0, "solution"), (2, "hints"))
                )
                name = made.id.removeprefix("_solve_")
                code = ast.get_source_segment(text, functions[made.id]).replace(made.id, name)
                if "value" in given and ast.literal_eval(given["value"]):
                    code += f"\n\n\n{name} = {name}()"
                found[node.targets[0].id] = ast.literal_eval(hints), code
    return found


def folded(hints, solution):
    """Return Markdown that shows hints and a solution, each when it is opened."""
    lines = ['<div class="help">\n']
    for i, hint in enumerate(hints, 1):
        said = f"Hint {i} of {len(hints)}"
        lines.append(f"<details><summary>{said}</summary>\n\n{hint}\n\n</details>\n")
    lines.append("<details><summary>One solution</summary>\n")
    lines.append(f"```python\n{solution}\n```\n\n</details>\n\n</div>")
    return "\n".join(lines)


def exercises_of(cells):
    """Return where the exercises of a notebook stand and what they are called.

    Parameters
    ----------
    cells : list of dict

    Returns
    -------
    list of tuple (cell, name, task, title)
        The place of the exercise's cell; the name of the exercise; the place of the Markdown cell
        that sets it; its title.
    """
    found, last, heading = [], -1, ""
    for i, cell in enumerate(cells):
        source = as_text(cell["source"])
        if cell["cell_type"] == "markdown":
            heading = (re.findall(r"^#+ (.+)$", source, re.MULTILINE) or [heading])[-1]
        elif "exercise" in cell["metadata"].get("tags", []) and _CHECK.search(source):
            told = [
                (j, match)
                for j in range(last + 1, i)
                if cells[j]["cell_type"] == "markdown"
                for match in _EXERCISE.finditer(as_text(cells[j]["source"]))
            ]
            task, match = told[-1] if told else (i, None)
            title = plain(match[1] or match[2]).rstrip(".") if match else heading
            title = title.replace(", a decision", "")  # which is said beside it
            if re.fullmatch(r"Exercise( \d+)?", title):
                title += ": " + plain(heading).removeprefix("Decide: ")
            found.append((i, _CHECK.search(source)[1], task, title))
            last = i
    return found


def anchored(source, name):
    """Put the anchor of an exercise in front of the words that set it."""
    match = _EXERCISE.search(source)
    at = match.start() if match else 0
    gap = "\n\n" if source[at:].startswith("#") else ""
    return f'{source[:at]}<span id="exercise-{name}"></span>{gap}{source[at:]}'


# --- Predictions ----------------------------------------------------------------------------------


def prediction(source, question, helpers):
    """Return what a page needs to ask the question of an `explore.Prediction`.

    Parameters
    ----------
    source : str
        Code of a cell that makes one prediction.
    question : str
    helpers : pathlib.Path
        Folder of the modules whose constants may stand in the call.

    Returns
    -------
    str
        HTML; only the question if the call's other arguments are neither literals nor constants.
    """
    call = next(
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "explore.Prediction"
    )
    asked = {"low": 0, "high": 1, "step": 0.01, "choices": None}
    given = {word.arg: word.value for word in call.keywords if word.arg != "question"}
    given |= dict(zip(["choices"], call.args[1:], strict=False))
    told = html.escape(question)
    try:
        for key, node in given.items():
            known = {}
            if isinstance(node, ast.Attribute):
                module = helpers / f"{ast.unparse(node.value)}.py"
                known = {ast.unparse(node): constant(module, node.attr)}
            asked[key] = _literal(node, known)
    except (ValueError, OSError):
        return f'<p class="sentence">{told}</p>'
    return f'<p class="predict" data-asked="{html.escape(json.dumps(asked))}">{told}</p>'


def _asked(output, source, site):
    """Replace what a prediction shows without a kernel by a form that asks its question."""
    told = as_text(output.get("data", {}).get("text/plain", ""))
    if not told.endswith(RUN_ME):
        return output
    shown = prediction(source, told.removesuffix(RUN_ME), site.root / "helpers")
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": shown}}


# --- The notebook ---------------------------------------------------------------------------------


def staged(path, site, top=""):
    """Return the notebook that becomes a page, and write its pictures.

    Parameters
    ----------
    path : pathlib.Path
    site : Site
    top : str, default ""
        Markdown below the title.

    Returns
    -------
    dict
        A notebook whose headings below "Going further" are one level lower, so that they can be
        folded, and which has one heading of the first level.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = "\n".join(as_text(cell["source"]) for cell in cells)
    module = re.search(r"from helpers\.exercises import (\w+) as exercises", code)
    answers = {}
    if module:
        answers = read_exercises(site.root / "helpers" / "exercises" / f"{module[1]}.py")
    exercises = exercises_of(cells)
    helped = {place: name for place, name, _, _ in exercises}
    tasks = {task: name for _, name, task, _ in exercises}
    made, further = [], False
    for i, cell in enumerate(cells):
        source, name = as_text(cell["source"]), f"{path.stem}/{cell.get('id', i)}"
        if cell["cell_type"] == "markdown":
            further = further or source.startswith(f"# {FURTHER}")
            if i in tasks:
                source = anchored(source, tasks[i])
            source = markdown(source, site)
            if further:
                source = lowered(source)
            if i == 0 and top:
                title, _, rest = source.partition("\n")
                source = f"{title}\n\n{top}\n{rest}"
            made.append(_markdown_cell(source))
            continue
        if tasks.get(i):
            made.append(_markdown_cell(f'<span id="exercise-{tasks[i]}"></span>'))
        outputs = [
            _output(output, name if j == 0 else f"{name}-{j}", site)
            for j, output in enumerate(cell["outputs"])
        ]
        outputs = [_asked(output, source, site) for output in outputs]
        if i in helped:
            outputs = []  # "Not attempted yet" helps nobody here
        made.append(
            {**cell, "outputs": outputs, "execution_count": None, "metadata": {}, "source": source}
        )
        if i in helped:
            made.append(_markdown_cell(folded(*answers[helped[i]])))
    for i, cell in enumerate(made):
        cell["id"] = f"c{i}"
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": made,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def lowered(text):
    """Put the headings of a piece of Markdown one level lower."""
    parts = _CODE.split(text)
    parts[::2] = (re.sub(r"^(#+ )", r"#\1", part, flags=re.MULTILINE) for part in parts[::2])
    return "".join(parts)


def _markdown_cell(source):
    return {"cell_type": "markdown", "metadata": {}, "source": source}
