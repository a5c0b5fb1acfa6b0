"""What `course.py prove` runs: the notebooks' own cells, changed, reseeded and in disorder."""

import json
import random
from pathlib import Path

import nbformat
import pytest

from tools import prove, replay, store_notebooks

ROOT = Path(__file__).parents[1]
SETTINGS = "QUICK = False  # True: fewer\nSEED = 0\nRUNS = 5 if QUICK else 40"
VALUES = "import numpy as np\nfrom helpers import evidence\nrng = np.random.default_rng(SEED)"
CLAIM = """claim = evidence.claim(
    "mean-is-high", values, "It is.", threshold=0.5, program="own",
    origin="planned", why="Half.", quantity="a value",
)
claim"""


@pytest.fixture
def path(tmp_path):
    """A small notebook: settings, values, an unrelated cell, a claim."""
    cells = [SETTINGS, VALUES, "values = rng.normal(1.0, 0.5, RUNS)", "1 / 0", CLAIM]
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# Part"))
    nbformat.write(notebook, tmp_path / "01_small.ipynb")
    return tmp_path / "01_small.ipynb"


def test_a_claim_needs_its_cells_and_no_others(path):
    cells = replay.Replay(path)
    assert cells.places_of_claims() == {"mean-is-high": 4}
    assert cells.needed_for(["mean-is-high"]) == [0, 1, 2, 4]
    claim = list(cells.run(cells.needed_for(["mean-is-high"])))[-1].claim
    assert (claim["verdict"], claim["runs"]) == ("supported", 40)


def test_changes_and_settings_reach_the_code(path):
    def decide(*changes, **settings):
        cells = replay.Replay(path, changes, **settings)
        return list(cells.run(cells.needed_for(["mean-is-high"])))[-1].claim

    assert decide(("normal(1.0", "normal(0.0"))["verdict"] == "refuted"
    assert decide(QUICK=True)["runs"] == 5
    assert decide(SEED=1)["estimate"] != decide(SEED=0)["estimate"] == decide()["estimate"]
    for change in ("nowhere", "SEED"):
        with pytest.raises(ValueError, match=f"'{change}' must stand once in 01_small.ipynb"):
            replay.Replay(path, [(change, "x")])
    with pytest.raises(ValueError, match="'NOISE = ' must stand once"):
        replay.Replay(path, NOISE=0)


def test_a_cell_out_of_order_gives_the_line_or_the_error(path):
    line, fine, error = replay.Replay(path).run([2, 0, 3])
    assert "begins with `QUICK = False" in line.advice and line.error is None
    assert fine == replay.Outcome(0)
    assert error.error == "ZeroDivisionError: division by zero"


@pytest.fixture
def small_course(path, monkeypatch):
    """The commands see the small notebook, stored as supported."""
    monkeypatch.setattr(prove, "stored_verdicts", lambda: {"mean-is-high": "supported"})
    return path


def options(*words):
    return prove.parser().parse_args(words)


def test_drift_counts_what_changes(small_course, monkeypatch):
    lines, count = prove.drift(small_course, options("drift", "--rounds", "3"))
    assert (lines, count["verdicts"], count["opposite"]) == ([], 3, 0)
    monkeypatch.setattr(prove, "stored_verdicts", lambda: {"mean-is-high": "refuted"})
    lines, count = prove.drift(small_course, options("drift", "--rounds", "3"))
    assert len(lines) == count["opposite"] == 3
    assert "round 2, stored refuted: supported" in lines[1]


def test_causes_must_turn_the_verdict(small_course, tmp_path, monkeypatch):
    monkeypatch.setattr(prove, "CAUSES", tmp_path)
    text = 'what = "No shift"\nmoves = ["mean-is-high"]\nchanges = [["normal({0}", "normal({1}"]]'
    for new, moved in (("0.0", 1), ("0.9", 0)):
        (tmp_path / "01_small.toml").write_text("[[change]]\n" + text.format("1.0", new))
        lines, count = prove.causes(small_course, options("causes"))
        assert count == {"moved": moved, "claims": 1}
        assert lines[0].startswith("moved" if moved else "NOT MOVED")


def test_disorder_finds_a_stale_value_and_a_bare_error(small_course):
    lines, count = prove.disorder(small_course, options("disorder", "--orders", "2"))
    assert any("ZeroDivisionError" in line for line in lines)
    assert count["ways"] == 1 + 5 + 2 and count["sent to another cell"] > 0
    # The generator is one cell's and drawn from by another: twice is not once.
    assert any(line.startswith("each cell twice: mean-is-high becomes") for line in lines)


@pytest.mark.parametrize("words", [["drift", "99"], ["flood"], [], ["drift", "--rounds", "x"]])
def test_a_wrong_command_is_refused_in_words(words, capsys):
    with pytest.raises(SystemExit):
        prove.main(words)
    assert "usage: course.py prove" in capsys.readouterr().err


# --- the course itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", replay.NOTEBOOKS, ids=lambda path: path.stem)
def test_every_claim_has_a_cause_that_can_be_taken_away(path):
    """`course.py prove causes` then runs the changes; here: none is missing, each still fits."""
    claims = set(replay.Replay(path).places_of_claims())
    stored = {claim["id"]: claim["verdict"] for claim in store_notebooks.claims_of(path)}
    assert claims == stored.keys()
    moved = set()
    for cause in prove.read_causes(path):
        changed = replay.Replay(path, cause["changes"])
        needed = changed.needed_for(cause["moves"])
        plain = replay.Replay(path)
        touched = [i for i, text in enumerate(changed.sources) if text != plain.sources[i]]
        assert set(touched) <= set(needed), f"{cause['what']}: the claims do not hang on it"
        moved |= set(cause["moves"])
    assert moved <= claims
    without = {name for name in claims - moved if stored[name] != "undecided"}
    assert not without, "rows that decide nothing may have nothing to take away, others have"


@pytest.mark.parametrize("path", replay.NOTEBOOKS, ids=lambda path: path.stem)
def test_no_change_touches_a_threshold_or_a_sentence(path):
    for cause in prove.read_causes(path):
        for pair in cause["changes"]:
            for word in ("threshold", "evidence.claim", "program="):
                assert word not in json.dumps(pair), pair


def test_taking_away_a_cause_moves_the_verdict():
    """One notebook's causes in full; `course.py prove causes` does all."""
    assert prove.main(["causes", "00"]) == 0


def test_disorder_changes_no_verdict():
    """One notebook, few orders; `course.py prove disorder` does many more, of all."""
    assert prove.main(["disorder", "00", "--orders", "3", "--skips", "2"]) == 0


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem > "02" else [])
        for path in replay.NOTEBOOKS[1:]
    ],
)
def test_cells_twice_never_and_shuffled_give_the_verdict_or_a_line(path):
    stored = {claim["id"]: claim["verdict"] for claim in store_notebooks.claims_of(path)}
    cells = replay.Replay(path, QUICK=True)
    start = [i for i, text in enumerate(cells.sources) if "import" in text or "QUICK" in text]
    count = len(cells.sources)
    outcomes = list(cells.run(start + random.Random(path.stem).choices(range(count), k=count)))
    assert {outcome.error for outcome in outcomes} == {None}
    assert any(outcome.advice for outcome in outcomes)
    for claim in filter(None, (outcome.claim for outcome in outcomes)):
        assert claim["verdict"] in (stored[claim["id"]], "undecided")
