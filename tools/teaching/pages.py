"""Pages for a teacher, from `class/` and the notebooks: plans, notes, handouts, questions, slides.

    python3 course.py class pages [--to DIR]      write them into DIR, or build/class
    python3 course.py class slides [--to DIR]     write the slides alone

Each page is one HTML file that needs nothing else: no network, no fonts, no scripts but the few
lines that turn slides.
"""

import ast
import base64
import contextlib
import functools
import html
import importlib
import io
import itertools
import json
import random
import re
import tomllib
from pathlib import Path

import mistune
import nbformat
from matplotlib import mathtext
from matplotlib.font_manager import FontProperties

from helpers.exercises import Exercise
from tools.teaching import lesson, odds, plans

STYLE = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
SLIDES = (Path(__file__).parent / "slides.css").read_text(encoding="utf-8")
SCRIPT = (Path(__file__).parent / "slides.js").read_text(encoding="utf-8")
# The figure of a handout, by the id of its cell; the first figure of the core elsewhere.
PICTURES = {
    "00": "cell-09", "01": "cell-21", "02": "cell-15", "02b": "r-geometry", "03": "cell-19",
    "04": "cell-38", "05": "cell-62", "06": "five-figure", "07": "cell-28",
}  # fmt: skip
LETTERS = "abcd"


# --- text -----------------------------------------------------------------------------------


# Commands that mathtext knows by another name.
_MATHTEXT = {"tfrac": r"\frac", "le": r"\leq", "ge": r"\geq"}


def _upright(words):
    return r"\mathrm{" + words.replace(" ", r"\ ") + "}"


def formula(tex):
    """Return a formula as a picture that needs no script: SVG of matplotlib's mathtext."""
    tex = tex.strip()
    shown = re.sub(r"\\(tfrac|le|ge)\b", lambda m: _MATHTEXT[m[1]], tex)
    shown = re.sub(r"\\text\{([^}]*)\}", lambda m: _upright(m[1]), shown)
    buffer = io.BytesIO()
    font = FontProperties(size=12, math_fontfamily="stixsans")
    try:
        depth = mathtext.math_to_image(f"${shown}$", buffer, prop=font, format="svg")
    except ValueError:  # a command that mathtext lacks
        return f"<code>{html.escape(tex)}</code>"
    text = buffer.getvalue().decode()
    width, height = (
        float(re.search(rf'{side}="([\d.]+)pt"', text)[1]) for side in ("width", "height")
    )
    data = base64.b64encode(text[text.index("<svg") :].encode()).decode()
    size = f"width:{width / 12:.2f}em;height:{height / 12:.2f}em;vertical-align:{-depth / 12:.2f}em"
    source = f"data:image/svg+xml;base64,{data}"
    return f'<img class="math" style="{size}" alt="{html.escape(tex)}" src="{source}">'


class _Renderer(mistune.HTMLRenderer):
    def inline_math(self, text):
        return formula(text)

    def block_math(self, text):
        return f'<p class="formula">{formula(text)}</p>\n'

    def link(self, text, url, title=None):
        """Keep links to the web; a printed page has no other."""
        return super().link(text, url, title) if url.startswith("https://") else text


_markdown = mistune.create_markdown(renderer=_Renderer(escape=False), plugins=["table", "math"])


def to_html(text):
    """Return Markdown as HTML."""
    return _markdown(re.sub(r"<!-- .*? -->\n?", "", text))


def page(title, body, style=STYLE, script=""):
    """Return a whole HTML page."""
    script = f"<script>\n{script}</script>\n" if script else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{body}\n{script}</body>\n</html>\n"
    )


# --- what a notebook shows --------------------------------------------------------------------


def shown(cell):
    """Return a cell's figures, claims and printed lines as HTML, one string each."""
    found = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            found.append(f"<pre class='said'>{html.escape(output.text.strip())}</pre>")
            continue
        text = output.data.get("text/html", "")
        if "image/png" in output.data or any("claim+json" in kind for kind in output.data):
            found.append(f"<div class='shown'>{text}</div>")
        elif "text/plain" in output.data and "explore.Prediction(" in cell.source:
            found.append(_question(cell))
    return found


def _question(cell):
    """Return what a form asks, with its choices, from the call that makes it."""
    (call,) = [
        node
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "explore.Prediction"
    ]
    asked, *choices = (_value(node, cell.source) for node in call.args)
    listed = "".join(f"<li>{html.escape(choice)}</li>" for choice in sum(map(list, choices), []))
    listed = f"<ul>{listed}</ul>" if listed else ""
    return f"<div class='question'>{html.escape(asked)}{listed}</div>"


def _value(node, source):
    """Return what an argument is worth: a literal, or made of the constants of a helper."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        helpers = {name: importlib.import_module(f"helpers.{name}") for name in names}
        return eval(compile(ast.Expression(node), source, "eval"), helpers)


def title_of(wanted):
    """Return a notebook's title, such as "01 · The overfit network"."""
    return lesson.core(wanted)[0].source.splitlines()[0].removeprefix("# ")


def prose(cell):
    """Return a Markdown cell's text without its line of minutes."""
    return re.sub(r"^\*Core · .*\*$", "", cell.source, flags=re.MULTILINE)


# --- handouts ---------------------------------------------------------------------------------


def claims_of(wanted):
    """Return the claims of a core, as claims.json holds them, in its order."""
    cells = {cell["id"] for cell in lesson.core(wanted)}
    claims = json.loads((lesson.ROOT / "claims.json").read_text(encoding="utf-8"))
    stem = lesson.by_number(wanted).stem
    return [claim for claim in claims if claim["notebook"] == stem and claim["cell"] in cells]


def handout(wanted):
    """Return one page on a notebook: its rule and its limits, its picture, its claims."""
    sections = lesson.sections(wanted)
    rule = sections.get("What to take away") or sections["How the course works"]
    text = prose(rule[0]).partition("\n")[2]
    cells = lesson.core(wanted)
    figures = {c["id"]: shown(c)[-1] for c in cells if "<img" in "".join(shown(c)[-1:])}
    picture = figures.get(PICTURES.get(wanted)) or next(iter(figures.values()), "")
    rows = "".join(
        f"<tr><td>{html.escape(c['sentence'])}</td><td>{c['estimate']:g}<br>"
        f"<small>{c['low']:g} to {c['high']:g}</small></td>"
        f"<td>{c['threshold']:g}</td><td>{c['runs']}</td><td><b>{c['verdict']}</b>"
        f"{', ' + c['kind'] if c['kind'] else ''}</td></tr>"
        for c in claims_of(wanted)
    )
    heads = ("claim", "mean, 95 % interval", "threshold", "runs", "verdict")
    head = f"<tr>{''.join(f'<th>{name}</th>' for name in heads)}</tr>"
    body = f"<h1>{html.escape(title_of(wanted))}</h1>\n{to_html(text)}\n{picture}\n"
    return page(title_of(wanted), f"<main class='handout'>{body}<table>{head}{rows}</table></main>")


# --- plans and notes --------------------------------------------------------------------------


@functools.cache
def exercises_of(wanted):
    """Return a notebook's exercises by the name of the answer."""
    cells = lesson.core(wanted) + lesson.further(wanted)
    source = "\n".join(cell.source for cell in cells)
    found = re.search(r"from helpers\.exercises import (\w+)", source)
    if not found:
        return {}
    module = importlib.import_module(f"helpers.exercises.{found[1]}")
    calls = re.findall(r"exercises\.(\w+)\.check\((\w+)\)", source)
    return {answer: getattr(module, name) for name, answer in calls}


def solution(exercise: Exercise):
    """Return the source that `exercise.solution()` prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exercise.solution()
    return printed.getvalue().strip()


def notes(path):
    """Return the notes on a notebook, with the solutions of its exercises put in."""
    text = path.read_text(encoding="utf-8")
    for name, exercise in exercises_of(path.stem).items():
        heading = f"### `{name}`\n"
        answer = f"\n```python\n{solution(exercise)}\n```\n\n"
        answer += "Usual wrong answers, and words of the check:\n"
        text = text.replace(heading, heading + answer)
    return page(text.splitlines()[0][2:], f"<main>{to_html(text)}</main>")


# --- questions --------------------------------------------------------------------------------


def questions():
    """Return the questions, each with its choices in the sheet's order and the right letter."""
    text = (lesson.CLASS / "questions.toml").read_text(encoding="utf-8")
    found = []
    for i, question in enumerate(tomllib.loads(text)["question"]):
        order = question["choices"].copy()
        random.Random(i).shuffle(order)
        right = LETTERS[order.index(question["choices"][0])]
        found.append(question | {"order": order, "right": right})
    return found


def sheet(when):
    """Return the sheet of questions for "before" or "after"."""
    items = "".join(
        f"<li><p>{html.escape(q['text'])}</p><ol type='a'>"
        + "".join(f"<li>{html.escape(choice)}</li>" for choice in q["order"])
        + "</ol></li>"
        for q in questions()
    )
    head = f"<h1>Ten questions, {when}</h1><p>One answer each. No names and no marks: the room's "
    head += "answers before and after are compared.</p>"
    return page(f"Ten questions, {when}", f"<main class='sheet'>{head}<ol>{items}</ol></main>")


def key():
    """Return the key: the right letter, why, and where the notebooks show it."""
    rows = "".join(
        f"<tr><td>{i}</td><td><b>{q['right']}</b></td><td>{html.escape(q['why'])}</td>"
        f"<td>{q['notebook']}, “{html.escape(q['section'])}”"
        f"<br><small>{'<br>'.join(q['claims'])}</small></td></tr>"
        for i, q in enumerate(questions(), 1)
    )
    head = "<tr><th></th><th>right</th><th>why</th><th>where, and by which claims</th></tr>"
    return page("Key", f"<main><h1>Key to the ten questions</h1><table>{head}{rows}</table></main>")


# --- slides -----------------------------------------------------------------------------------


def slides(wanted):
    """Return the slides of a core.

    A section's text stands above the code that follows it, or on a slide of its own. Before a
    figure it is what the speaker says: it stands in the notes, and so does code that draws.
    """
    found, spoken, above, section = [], "", "", ""
    cells = list(_one_heading_each(lesson.core(wanted)))
    for cell, after in itertools.zip_longest(cells, cells[1:]):
        code = cell.cell_type == "code"
        if code and ("parameters" in lesson.tags(cell) or _imports(cell)):
            spoken += _fenced(cell.source)
        elif code:
            visible = shown(cell)
            spoken += _luck(wanted, cell["id"])
            if not _draws(cell):
                visible = [] if "exercise" in lesson.tags(cell) else visible
                if cell.source.count("\n") + len(above) / 80 > _LINES:
                    found.append(_slide(section, above, ""))
                    above = ""
                text = f"{above}<pre>{html.escape(cell.source)}</pre>{''.join(visible)}"
                found.append(_slide(section, text, spoken))
            else:
                spoken += _fenced(cell.source)
                for lines, text in _with_lines(visible):
                    found.append(_slide(section, above + lines + text, spoken))
                    spoken = above = ""
            spoken = above = ""
        else:
            section, text = _heading(prose(cell), section)
            next_is_code = after is not None and after.cell_type == "code" and not _imports(after)
            asked = _LIST.search(text) or section.startswith("Exercise")
            if next_is_code and _draws(after) and not asked:
                spoken += text
            elif next_is_code:
                above = to_html(text)
            else:
                found.append(_slide(section, to_html(text), spoken))
                spoken = ""
    body = "\n".join(found)
    return page(title_of(wanted), f"<div id='slides'>{body}</div>", SLIDES, SCRIPT)


_LINES = 18  # of text and code that can be read on one slide


def _one_heading_each(cells):
    """Split the text cells that hold a second section."""
    for cell in cells:
        if cell.cell_type != "markdown":
            yield cell
            continue
        for text in re.split(r"\n(?=## )", cell.source):
            yield nbformat.v4.new_markdown_cell(text)


# What learners must see: lists, tables, formulas, quotations.
_LIST = re.compile(r"^(?:[-*>|] |\d\.|\$\$)", re.MULTILINE)
_LINKS = re.compile(r"^\[[^\n]*(?:←|→)[^\n]*(?:\n[^\n]+)*\n", re.MULTILINE)


def _imports(cell):
    return cell.source.startswith(("from ", "import "))


def _draws(cell):
    return any("class='shown'" in text or "class='question'" in text for text in shown(cell))


def _luck(wanted, name):
    """Return what is known of a cell that shows one run, for the speaker."""
    said = ""
    for key, found in odds.read().items():
        shown = odds.DEMONSTRATIONS[key]
        if key.split("-")[0] == wanted and shown.cell == name:
            said += f"\n\n**{found['shows']} of {found['runs']} seeds show it:** {shown.says}"
            said += "" if found["stored"] else " *The stored run does not.*"
    return said + "\n\n" if said else ""


def _fenced(code):
    return f"\n\n```python\n{code}\n```\n"


def _with_lines(visible):
    """Pair each figure, claim or question with the printed lines before it."""
    lines = ""
    for text in visible:
        if "class='said'" in text:
            lines += text
        else:
            yield lines, text
            lines = ""


def _heading(text, section):
    """Split off the first heading, or keep the one before."""
    found = re.match(r"\s*#+ (.+)\n?", text)
    return (found[1], _LINKS.sub("", text[found.end() :])) if found else (section, text)


def _slide(heading, body, spoken):
    if not re.sub(r"<p>\s*</p>", "", body).strip():
        return ""
    notes = f"<aside class='notes'>{to_html(spoken)}</aside>" if spoken.strip() else ""
    heading = f"<h2>{html.escape(heading)}</h2>"
    return f"<section class='slide'>{heading}<div class='body'>{body}</div>{notes}</section>"


# --- all --------------------------------------------------------------------------------------


def build(to, only_slides=False):
    """Write the pages into a folder and return their names."""
    pages = {f"slides-{lesson.number(p)}": slides(lesson.number(p)) for p in lesson.NOTEBOOKS}
    if not only_slides:
        for path in plans.PLANS:
            text = path.read_text(encoding="utf-8")
            pages[f"plan-{path.stem}"] = page(
                text.splitlines()[0][2:], f"<main>{to_html(text)}</main>"
            )
        for path in plans.NOTES:
            pages[f"notes-{path.stem}"] = notes(path)
        for wanted in map(lesson.number, lesson.NOTEBOOKS):
            pages[f"handout-{wanted}"] = handout(wanted)
        pages |= {
            "questions-before": sheet("before"),
            "questions-after": sheet("after"),
            "key": key(),
        }
    to.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (to / f"{name}.html").write_text(text, encoding="utf-8")
    titles = {name: re.search("<title>(.*)</title>", text)[1] for name, text in pages.items()}
    listed = "".join(
        f"<li><a href='{name}.html'>{name}</a> {title}</li>" for name, title in titles.items()
    )
    index = page("The class", f"<main><h1>The class</h1><ul>{listed}</ul></main>")
    (to / "index.html").write_text(index, encoding="utf-8")
    return [*pages, "index"]


def add_command(commands, name, said):
    """Add the command "pages" or "slides" to a parser's."""
    parser = commands.add_parser(name, help=said, description=f"{said.capitalize()}.")
    parser.add_argument("--to", type=Path, default=lesson.ROOT / "build" / "class")
    parser.set_defaults(run=_run, only_slides=name == "slides")


def _run(options):
    count = len(build(options.to, options.only_slides))
    print(f"{count} pages. Open {options.to / 'index.html'} in a browser.")
