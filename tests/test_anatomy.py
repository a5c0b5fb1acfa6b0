"""The form of every notebook: a short core, minutes by rule, alternative texts, short code.

What a notebook says is held by test_notebooks.py; what it shows, by nbval.
"""

import copy
import html
import re
import statistics
from pathlib import Path

import nbformat
import pytest

from tools import dress, prove, store_notebooks

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LESSONS = NOTEBOOKS[1:]
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
EACH_LESSON = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def tagged(cells, tag):
    return [cell for cell in cells if tag in cell.metadata.get("tags", [])]


def headlines(path):
    """Return the claims that stand in the core."""
    core = {cell["id"] for cell in dress.split(read(path).cells)[0]}
    return [c["id"] for c in store_notebooks.claims_of(path) if c["cell"] in core]


@EACH
def test_tags_minutes_and_links_are_those_of_the_rule(path):
    notebook = read(path)
    dressed = copy.deepcopy(notebook)
    dress.dress(dressed, dress.GLOSSARY.read_text(encoding="utf-8"))
    assert dressed == notebook, "run python -m tools.dress"
    assert "**Time:**" in notebook.cells[0].source


@EACH
def test_the_core_takes_half_an_hour(path):
    core, _ = dress.split(read(path).cells)
    assert len(core) <= 35
    assert sum(map(dress.minutes, core)) <= 30.5


@EACH_LESSON
def test_the_core_is_whole(path):
    core, further = dress.split(read(path).cells)
    headings = "\n".join(c.source.split("\n")[0] for c in core if c.cell_type == "markdown")
    for part in ("predict", "luck", "change one line", "take away"):
        assert part in headings.lower(), part
    assert further
    assert 2 <= len(headlines(path)) <= 4


@EACH_LESSON
def test_the_reader_predicts_in_a_form_and_is_answered_soon(path):
    core, _ = dress.split(read(path).cells)
    asked = [i for i, c in enumerate(core) if "explore.Prediction(" in c.source]
    answered = [i for i, c in enumerate(core) if ".compare(" in c.source]
    assert asked
    for place in asked:
        assert any(0 <= i - place <= 10 for i in answered), core[place].source


@EACH_LESSON
def test_exercises_stand_where_their_skill_is_taught(path):
    cells = read(path).cells
    exercises = tagged(cells, "exercise")
    assert len(exercises) >= 3 and len(tagged(exercises, "decision")) >= 2
    assert len(tagged(dress.split(cells)[0], "exercise")) >= 2
    assert [c for c in cells if ".check(" in c.source] == exercises


@EACH_LESSON
def test_each_headline_says_which_line_turns_it(path):
    """A cell tagged `change` names the claim and the code that `tools/causes` changes for it."""
    changes = tagged(read(path).cells, "change")
    causes = [cause for cause in prove.read_causes(path)]
    for claim in headlines(path):
        pieces = [c["changes"] for c in causes if claim in c["moves"]]
        told = [cell.source for cell in changes if claim in cell.source]
        assert told, f"no cell tagged `change` names {claim}"
        assert any(
            all(new.strip() in text for _, new in changes) for changes in pieces for text in told
        ), f"what {path.stem}.toml changes for {claim} is not what the reader is told"


@EACH
def test_every_picture_can_be_heard(path):
    texts = []
    for cell in read(path).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/png" in data:
                found = re.search(r'<img [^>]*alt="([^"]+)"', data.get("text/html", ""))
                assert found, cell["id"]
                texts.append(html.unescape(found[1]))
                assert output.metadata["image/png"]["alt"] == texts[-1]
    assert all(len(text) > 40 and re.search(r"\d", text) for text in texts), texts
    assert len(set(texts)) == len(texts)


@EACH
def test_code_cells_are_short(path):
    code = [c.source for c in read(path).cells if c.cell_type == "code"]
    lines = sorted(sum(1 for line in source.splitlines() if line.strip()) for source in code)
    assert statistics.median(lines) <= 6
    assert lines[int(0.9 * len(lines))] <= 14


def test_the_rule_for_minutes():
    cells = [
        nbformat.v4.new_markdown_cell("# T\n\n**Time:** ?\n\n" + "word " * 397),
        nbformat.v4.new_markdown_cell("## Part\n" + "word " * 199),
        nbformat.v4.new_code_cell("1"),
        nbformat.v4.new_code_cell("2", metadata={"tags": ["exercise"]}),
        nbformat.v4.new_markdown_cell("# Going further"),
        nbformat.v4.new_markdown_cell("## More"),
        nbformat.v4.new_code_cell("1"),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    dress.dress(notebook, "### word\n<!-- also: words -->\nA thing.\n\n### part\n")
    sources = [cell.source for cell in notebook.cells]
    assert "**Time:** 9 minutes for the core, 1 more to go further." in sources[0]
    assert sources[0].count("[word](glossary.md#word) word word") == 1
    assert sources[1].startswith("## Part\n*Core · 7 minutes*\nword")
    assert sources[5] == "## More\n*Going further · 1 minute*"
    assert [cell.metadata["tags"][0] for cell in notebook.cells] == ["core"] * 4 + ["further"] * 3
    again = copy.deepcopy(notebook)
    dress.dress(again, "### word\n<!-- also: words -->\nA thing.\n\n### part\n")
    assert again == notebook
