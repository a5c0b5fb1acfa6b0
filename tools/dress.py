"""What is written into the notebooks by rule: tags, minutes, links to the glossary.

`tools.store_notebooks` calls it before it runs a notebook. For a change of the text alone, which
needs no run:

    python -m tools.dress                    all notebooks
    python -m tools.dress notebooks/01*      these alone
"""

import argparse
import re
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"
GLOSSARY = NOTEBOOKS / "glossary.md"
WORDS_A_MINUTE, CODE_CELL, EXERCISE = 200, 1, 5  # the rule for the minutes
FURTHER = re.compile(r"# Going further\s*$", re.MULTILINE)
_SECTION = re.compile(r"##? .+")
_MINUTES = re.compile(r"\n\*(?:Core|Going further) · .*\*(?=\n|$)")
_TOTAL = re.compile(r"\*\*Time:\*\* .*")
_LINK = re.compile(r"\[([^\]]+)\]\(glossary\.md#[^)]*\)")
# Where no link is put: links, code, formulas, bold text of a list, headings, quotations, tables.
_CLOSED = re.compile(
    r"```[\s\S]*?```|`[^`]*`|\$[^$]*\$|!?\[[^\]]*\]\([^)]*\)|^#+ .*$|^>.*$|^\|.*$|^\*.*\*$|<[^>]+>",
    re.MULTILINE,
)


def minutes(cell):
    """Return the minutes that a reader needs for a cell, by the rule of this module.

    Parameters
    ----------
    cell : nbformat.NotebookNode

    Returns
    -------
    float
        Words at 200 a minute; a minute for each code cell, five if it is tagged `exercise`.
    """
    if cell.cell_type == "markdown":
        return len(re.findall(r"\w+", _LINK.sub(r"\1", cell.source))) / WORDS_A_MINUTE
    return EXERCISE if "exercise" in cell.metadata.get("tags", []) else CODE_CELL


def split(cells):
    """Return the cells of the core, and those after it, which begin with "# Going further"."""
    for i, cell in enumerate(cells):
        if cell.cell_type == "markdown" and FURTHER.match(cell.source):
            return cells[:i], cells[i:]
    return cells, []


def terms(text):
    """Return the words of the glossary.

    Parameters
    ----------
    text : str
        The glossary: each heading of the third level is a term, and a comment in the line below,
        ``<!-- also: runs, trained again -->``, holds its other forms.

    Returns
    -------
    dict of str to list of str
        By anchor, all forms of a term, the longest first.
    """
    found = {}
    for name, also in re.findall(r"^### (.+)\n(?:<!-- also: (.+) -->)?", text, re.MULTILINE):
        forms = [name, *filter(None, re.split(r",\s*", also))]
        found[name.replace(" ", "-")] = sorted(forms, key=len, reverse=True)
    return found


def dress(notebook, glossary):
    """Write tags, minutes and links into a notebook, in place.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
    glossary : str
        The text of the glossary.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(r"\1", _MINUTES.sub("", cell.source))
    parts = dict(zip(("core", "further"), split(notebook.cells), strict=True))
    for part, cells in parts.items():
        for cell in cells:
            tags = [tag for tag in cell.metadata.get("tags", []) if tag not in parts]
            cell.metadata["tags"] = [part, *tags]
    _link(notebook.cells, terms(glossary))
    core, further = (sum(map(minutes, cells)) for cells in parts.values())
    total = f"**Time:** {round(core)} minutes for the core"
    total += f", {round(further)} more to go further." if further else "."
    first = notebook.cells[0]
    first.source = _TOTAL.sub(total, first.source)
    for part, name in (("core", "Core"), ("further", "Going further")):
        _time_sections(parts[part], name)


def _time_sections(cells, name):
    starts = [
        i
        for i, cell in enumerate(cells)
        if cell.cell_type == "markdown" and _SECTION.match(cell.source)
    ]
    for start, end in zip(starts, [*starts, len(cells)][1:], strict=True):
        spent = max(1, round(sum(map(minutes, cells[start:end]))))
        heading, _, rest = cells[start].source.partition("\n")
        if heading.startswith("## "):
            line = f"*{name} · {spent} minute{'s' * (spent > 1)}*"
            cells[start].source = "\n".join([heading, line, *([rest] if rest else [])])


def _link(cells, glossary):
    """Link each term of the glossary where the notebook's text uses it first."""
    for anchor, forms in glossary.items():
        word = re.compile(rf"\b(?:{'|'.join(map(re.escape, forms))})\b", re.IGNORECASE)
        for cell in cells:
            if cell.cell_type != "markdown":
                continue
            closed = [match.span() for match in _CLOSED.finditer(cell.source)]
            free = (
                match
                for match in word.finditer(cell.source)
                if not any(a < match.end() and match.start() < b for a, b in closed)
            )
            match = next(free, None)
            if match:
                a, b = match.span()
                link = f"[{match[0]}](glossary.md#{anchor})"
                cell.source = cell.source[:a] + link + cell.source[b:]
                break


def write(path):
    """Dress one notebook in its place."""
    notebook = nbformat.read(path, as_version=4)
    dress(notebook, GLOSSARY.read_text(encoding="utf-8"))
    nbformat.write(notebook, path)


def main():
    """Dress the notebooks named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    for path in parser.parse_args().notebooks or sorted(NOTEBOOKS.glob("*.ipynb")):
        write(path)


if __name__ == "__main__":
    main()
