"""diagnose: what it reads and refuses, what it answers, and that its error rates are its own."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import course
from helpers import diagnosis
from helpers.diagnosis import NOT_ENOUGH, diagnose

ROOT = Path(__file__).parents[1]
EPOCHS = 80
T = np.arange(EPOCHS)
FALLING = np.exp(-T / 20) + 0.02
CURVES = {  # by what is wrong with them; 2,000 validation rows
    "overfit": (FALLING, 0.4 + 0.4 * np.exp(-T / 6) + 0.004 * T),
    "nothing": (0.3 + 0.4 * np.exp(-T / 6), 0.32 + 0.4 * np.exp(-T / 6)),
    "unfinished": (0.7 - 0.004 * T, 0.7 - 0.004 * T),
    "nothing at all": (0.7 + 0.0 * T, 0.7 + 0.0 * T),
    "unstable": (0.2 + 0.006 * T, 0.25 + 0.006 * T),
}


def load_bench():
    spec = importlib.util.spec_from_file_location("bench", ROOT / "benchmarks" / "diagnosis.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench"] = module
    spec.loader.exec_module(module)
    return module


def history(kind="overfit"):
    loss, val_loss = CURVES[kind]
    accuracy = np.round(2_000 * (0.9 - 0.3 * np.exp(-T / 9))) / 2_000
    curves = {"loss": loss, "val_loss": val_loss, "accuracy": accuracy, "val_accuracy": accuracy}
    return {name: values.tolist() for name, values in curves.items()}


# --- the bench ------------------------------------------------------------------------------------


def test_the_table_was_measured_with_these_rules():
    stored = diagnosis.bench()["rules"]
    now = json.loads(json.dumps(diagnosis.fingerprint()))
    assert stored == now, "a rule changed: run python benchmarks/diagnosis.py second"


def test_changing_a_number_or_the_code_changes_the_fingerprint(monkeypatch):
    before = json.dumps(diagnosis.fingerprint())
    monkeypatch.setitem(diagnosis.RULES, "call", 0.6)
    assert json.dumps(diagnosis.fingerprint()) != before
    monkeypatch.undo()
    monkeypatch.setattr(diagnosis, "score", lambda name, found: 0.5)
    assert json.dumps(diagnosis.fingerprint()) != before


def test_the_figures_follow_from_the_counts():
    for tables in (diagnosis.bench()["one history"], diagnosis.bench()["replicates"]):
        for pools in tables.values():
            for table in pools.values():
                for f in table.values():
                    (tp, fp), (tu, fu), (fn, tn) = (
                        f["counts"][a] for a in ("yes", NOT_ENOUGH, "no")
                    )
                    true, false = tp + tu + fn, fp + fu + tn
                    assert f["runs"] == true + false
                    assert f["sensitivity"] == pytest.approx(tp / max(true, 1), abs=0.001)
                    assert f["false alarms"] == pytest.approx(fp / max(false, 1), abs=0.001)
                    assert f["f1"] == pytest.approx(2 * tp / max(true + tp + fp, 1), abs=0.001)


def test_what_was_sought_and_reached_stays_so():
    """F1 with silence counted as missed, and with replicates, is not reached: see the table."""
    sizes = diagnosis.bench()["one history"]
    assert sizes["20"]["sound"]["overfit"]["false alarms"] <= 0.05
    large = sizes["200 or more"]["sound"]["overfit"]
    assert large["false alarms"] <= 0.05
    assert large["abstentions"] <= 0.3
    assert large["f1 of the answered"] >= 0.9


def test_the_rule_of_truth():
    bench = load_bench()
    points = 2 * bench.POINTS
    rising = np.concatenate(
        [np.linspace(0.7, 0.4, 10), np.linspace(0.4, 0.6, 10), np.full(20, 0.6)]
    )
    falling = np.linspace(0.7, 0.2, points)
    flat = np.full(points, 0.69)
    fresh = np.stack([rising, rising, falling, flat])
    training = np.stack([np.linspace(0.7, 0.1, 60), np.linspace(0.1, 0.7, 60)] + [FALLING[:60]] * 2)
    found = bench.truth(
        SimpleNamespace(epochs=60),
        {
            ("fresh", "loss"): fresh,
            ("fresh", "constant"): np.full((4, 1), 0.69),
            ("train", "loss"): training,
        },
    )
    assert found["overfit"].tolist() == [True, False, False, False]
    assert found["unstable"].tolist() == [False, True, False, False]
    assert found["unfinished"].tolist() == [False, False, True, False]
    assert found["no skill"].tolist() == [False, False, False, True]


def test_the_bench_is_as_large_as_it_says():
    bench = load_bench()
    every = bench.FIRST + bench.SECOND
    assert len({s.name for s in every}) == len(every) >= 20
    assert bench.RUNS == 100
    assert {size for s in every for size in s.sizes} == {20, 200, 2_000}
    assert {s.kind for s in bench.SECOND} <= {s.kind for s in bench.FIRST} | {"overfit"}


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", CURVES)
def test_clear_curves_are_named(kind):
    found = diagnose(history(kind), validation_rows=2_000)
    yes = {f.name for f in found.findings if f.answer == "yes"}
    assert yes == {kind} - {"nothing", "nothing at all"}


def test_few_rows_are_not_enough_and_it_says_how_many_are():
    loss, val_loss = 0.2 + 0.5 * np.exp(-T / 20), 0.45 + 0.3 * np.exp(-T / 8) + 0.001 * T
    enough = diagnosis.enough_rows(diagnosis.features(loss, val_loss, 20))
    assert enough > 20
    assert diagnosis.answers(loss, val_loss, enough - 1)["overfit"] == NOT_ENOUGH
    assert diagnosis.answers(loss, val_loss, enough)["overfit"] == "yes"
    found = diagnose({"loss": loss, "val_loss": val_loss}, validation_rows=20)["overfit"]
    assert found.answer == NOT_ENOUGH
    assert found.advice.startswith(f"About {float(f'{enough:.2g}'):,.0f} validation rows")


def test_a_short_history_is_not_judged():
    short = {name: values[:5] for name, values in history().items()}
    (finding,) = diagnose(short).findings
    assert finding.answer == NOT_ENOUGH and "10 epochs" in finding.advice


@pytest.mark.parametrize("rows", [20, 30, 200, 2_000])
def test_the_number_of_rows_is_read_off_the_accuracy(rows):
    counts = np.random.default_rng(0).integers(0, rows + 1, size=50)
    shares = (counts / rows).astype("float32").astype(float)
    assert diagnosis.rows_of_steps(shares) == rows
    assert diagnosis.rows_of_steps(np.full(50, 0.5)) is None


def test_unknown_rows_are_said():
    curves = {name: history()[name] for name in ("loss", "val_loss")}
    assert "unknown number of validation rows" in repr(diagnose(curves))
    assert "2,000 validation rows" in repr(diagnose(history()))


def test_every_finding_says_what_how_sure_and_what_next():
    found = diagnose(history(), validation_rows=200)
    text, page, record = repr(found), found._repr_html_(), found.to_dict()
    assert json.loads(json.dumps(record)) == json.loads(json.dumps(found.to_dict()))
    assert len(record["findings"]) == 4 == text.count("How sure: ")
    for finding in found.findings:
        assert finding.seen and finding.sure and finding.advice and finding.where
        assert finding.seen in text
    assert page.count("<svg role=") == 3 == page.count("<title>")
    for picture in re.findall("<svg.*?</svg>", page):
        lines = ElementTree.fromstring(picture).findall("polyline")
        assert len(lines) == 2
        for line in lines:
            places = np.array([p.split(",") for p in line.get("points").split()], float)
            assert (places >= 0).all() and (places <= [320, 120]).all()


def test_error_rates_are_those_of_the_nearest_smaller_validation_set():
    for rows, size in ((5, 20), (150, 20), (300, 200), (10**6, 2_000)):
        f = diagnosis.bench()["one history"][str(size)]["all"]["overfit"]
        said = diagnosis.measured("overfit", "yes", rows)
        assert f"{f['runs']:,} unseen runs with {size:,} validation rows" in said
        assert f"It was found in {f['counts']['yes'][0]} of " in said


# --- reading --------------------------------------------------------------------------------------


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def as_csv(curves, separator=","):
    lines = [separator.join(["epoch", *curves])]
    for i, row in enumerate(zip(*curves.values(), strict=True)):
        lines.append(separator.join([str(i), *map(str, row)]))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "form",
    [
        lambda h, d: SimpleNamespace(history=h),
        lambda h, d: pd.DataFrame(h),
        lambda h, d: {k: np.array(v, "float32").astype(float) for k, v in h.items()},
        lambda h, d: write(d / "log.csv", as_csv(h)),
        lambda h, d: str(write(d / "log.csv", as_csv(h, ";"))),
        lambda h, d: write(d / "h.json", json.dumps(h)),
        lambda h, d: write(d / "h.json", json.dumps({"history": h})),
        lambda h, d: write(d / "h.json", pd.DataFrame(h).to_json()),
        lambda h, d: write(d / "h.json", pd.DataFrame(h).to_json(orient="records")),
        lambda h, d: {k.replace("accuracy", "acc"): v for k, v in h.items()},
    ],
)
def test_histories_are_read_in_every_form(form, tmp_path):
    found = diagnosis.read_history(form(history(), tmp_path))
    assert found.keys() == history().keys()
    for name, values in history().items():
        assert np.allclose(found[name], values)


GOOD = [0.7, 0.6, 0.5]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"loss": [1.0], "val_loss": [1.0]}, "history must hold 2 to .* epochs, got 1"),
        ({"loss": GOOD, "val_loss": [1, np.nan, 1]}, "val_loss must hold finite .* at epoch 2"),
        ({"loss": GOOD, "val_loss": GOOD[:2]}, "of one length, got loss 3, val_loss 2"),
        ({"loss": GOOD}, "must hold val_loss, got loss: train with validation_data"),
        ({"loss": GOOD, "val_loss": GOOD, "accuracy": [50, 60, 70]}, "accuracy .* percentages"),
        ({"loss": GOOD, "val_loss": [-1, -2, -3]}, "val_loss must hold numbers from 0"),
        ({"loss": GOOD, "train_loss": GOOD, "val_loss": GOOD}, "must hold loss once"),
        ({"loss": [[1], [2, 3]], "val_loss": GOOD}, r"loss must hold finite numbers, got \[1\]"),
        ({}, "history must hold loss, got nothing"),
        (3, "history must be what model.fit returns"),
        ("no such file.csv", "'no such file.csv' cannot be read: No such file"),
        (sys.executable, "got one that is no text"),
    ],
)
def test_wrong_input_is_one_line_that_names_it(wrong, message):
    with pytest.raises((TypeError, ValueError), match=message) as error:
        diagnose(wrong)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must hold a history, got an empty one"),
        ("{", "is no valid JSON"),
        ("[1, 2]", "must hold curves by name"),
        (
            "loss,val_loss\n1,2\n1\n",
            "must have 2 values in each line, as its first, got 1 in line 3",
        ),
        ("loss,val_loss\n1,2\n1,NA\n", "val_loss must hold finite numbers, got 'NA' at epoch 2"),
        ("dear diary\nnothing today\n", "history must hold loss, got dear diary"),
    ],
)
def test_a_file_that_is_none_is_one_line(text, message, tmp_path, capsys):
    path = write(tmp_path / "log.csv", text)
    assert diagnosis.main([str(path)]) == 1
    out, error = capsys.readouterr()
    assert not out and error.startswith("course.py: ") and error.count("\n") == 1
    with pytest.raises(ValueError, match=message):
        diagnose(path)


def test_the_command_line(tmp_path, capsys, monkeypatch):
    path = write(tmp_path / "log.csv", as_csv(history()))
    assert diagnosis.main([str(path), "200"]) == 0
    assert "80 epochs, 200 validation rows" in capsys.readouterr().out
    assert diagnosis.main([str(path), "many"]) == 1
    assert "whole number, got 'many'" in capsys.readouterr().err
    assert course.main(["diagnose"]) == 2
    assert "diagnose wants one file" in capsys.readouterr().err

    called = []
    monkeypatch.setattr(course, "ensure_environment", lambda root: Path("python"))
    monkeypatch.setattr(course, "run_child", lambda command, *_: called.append(command) or 0)
    monkeypatch.chdir(tmp_path)
    assert course.main(["diagnose", "log.csv", "200"]) == 0
    assert called == [["python", "-m", "helpers.diagnosis", str(path), "200"]]


def test_the_first_form_imports_nothing_heavy():
    code = (
        "import sys; from helpers import diagnosis\n"
        "t = list(range(1, 40)); print(diagnosis.diagnose({'loss': t, 'val_loss': t}).title)\n"
        "heavy = {'tensorflow', 'keras', 'sklearn', 'matplotlib', 'pandas'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True)


# --- a model and its rows -------------------------------------------------------------------------


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    return x, (x[:, 0] + rng.standard_normal(n) > 0).astype(float)


def test_copies_are_seen_and_strangers_are_not():
    x, other = rows(200)[0], rows(100, 1)[0]
    assert diagnosis.ask_copies(x, other).answer == "no"
    near = x[:100] + 0.001 * other
    assert diagnosis.ask_copies(x, near).answer == "yes"
    other[:10] = x[:10]
    found = diagnosis.ask_copies(x, other)
    assert found.answer == "yes" and found.seen.startswith("10 of 100 ")


def test_a_shift_is_seen_and_chance_is_not():
    x, other = rows(200)[0], rows(200, 1)[0]
    assert diagnosis.ask_shift(x, other, "test").answer != "yes"
    found = diagnosis.ask_shift(x, other + [0, 1.5, 0], "test")
    assert found.answer == "yes" and found.name == "shift of the test rows"


def test_a_model_that_learns_less_than_the_rows_say():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (3, 300, 2))
    y = (x.prod(axis=-1) > 0).astype(float)
    parts = (x[:, :200], y[:, :200]), (x[:, 200:], y[:, 200:])
    assert diagnosis.ask_underfit(np.full((3, 9), 0.5), *parts).answer == "yes"
    assert diagnosis.ask_underfit(np.full((3, 9), 1.0), *parts).answer == "no"


def build_model():
    import keras

    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"])
    return model


def test_a_model_and_its_rows():
    x, y = rows(120)
    x[:, 1] = 5 * y + 0.1 * x[:, 1]  # gives the label away
    found = diagnose(build_model, (x[:80], y[:80]), (x[80:], y[80:]), seeds=range(3), epochs=12)
    answers = {f.name: f.answer for f in found.findings}
    assert answers["a column that gives the label away"] == "yes"
    assert "Column 1 " in found["a column that gives the label away"].seen
    assert answers["copies"] == answers["rare classes"] == answers["no skill"] == "no"
    assert {"luck", "overfit", "unstable", "unfinished", "underfit"} < answers.keys()
    assert found["learning rate too high or too low"].answer == "yes"  # twelve epochs are few
    assert "ten times" in found["learning rate too high or too low"].advice
    assert json.dumps(found.to_dict()) and "<svg" in found._repr_html_()


def test_what_makes_the_second_form_refuse():
    x, y = rows(40)
    split = (x, y)
    for arguments, message in (
        ((build_model, x, split), "train must be a tuple"),
        ((build_model, split, None), "validation must be a tuple"),
        ((build_model, split, (x, y[:-1])), "validation y must have shape"),
        ((build_model, (x.astype(str), y), split), "train x must be an array of numbers"),
        ((build_model, split, (x[:, :2], y)), "validation x must have shape"),
        ((lambda a: a, split, split), "build_model must be callable with 0"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            diagnose(*arguments)
    with pytest.raises(ValueError, match="seeds must hold 3 numbers or more, got 2"):
        diagnose(build_model, split, split, seeds=[1, 2])
    with pytest.raises(TypeError, match="train goes with a build_model"):
        diagnose(history(), split)


def test_missing_values_end_the_diagnosis():
    x, y = rows(40)
    x[3, 1] = np.nan
    (finding,) = diagnose(build_model, (x, y), rows(40)).findings
    assert finding.name == "missing values" and "1 training rows" in finding.seen


# --- the bench's record ---------------------------------------------------------------------------


def test_the_rules_of_thumb_keep_their_limits():
    def thumbs(val_loss, val_accuracy=None, accuracy=0.9):
        loss = np.full((1, 12), 1.0)
        if val_accuracy is None:
            found = diagnosis.rules_of_thumb(loss, np.array([val_loss]))
        else:
            accuracies = np.full((1, 12), accuracy), np.array([val_accuracy])
            found = diagnosis.rules_of_thumb(loss, np.array([val_loss]), *accuracies)
        return {name for name, called in found.items() if called[0]}

    assert thumbs([2, 1] + [1.1] * 10) == {"rising loss"}
    assert thumbs([2, 1] + [1.1] * 9 + [1]) == set()
    assert thumbs([2, 2, 1] + [1.1] * 9) == set()
    assert thumbs(np.linspace(3, 1.25, 12)) == {"gap"}
    assert thumbs(np.linspace(3, 1.15, 12)) == set()
    assert thumbs(np.linspace(3, 1.25, 12), [0.86] * 12) == set()
    assert thumbs(np.linspace(3, 1.25, 12), [0.84] * 12) == {"gap"}
    assert thumbs(np.linspace(3, 1, 12), [0.9] + [0.87] * 11) == {"accuracy below its best"}
    assert thumbs(np.linspace(3, 1, 12), [0.9] + [0.89] * 11) == set()


def test_the_record_by_situation_adds_up_to_the_pooled_counts():
    for half, record in (
        ("second", diagnosis.bench()),
        ("first", diagnosis.bench()["half that chose the rules"]),
    ):
        for who, name in (("diagnose", "overfit"), ("rising loss", "rising loss")):
            for size in (20, 200, 2_000):
                (heard, cried), *_ = record["one history"][str(size)]["all"][name][
                    "counts"
                ].values()
                counts = {
                    group: diagnosis.by_situation(group, who, half=half, rows=[size])
                    for group in ("overfit", "healthy", "unstable")
                }
                called = {g: sum(k for k, _ in found.values()) for g, found in counts.items()}
                assert called["overfit"] == heard
                assert called["healthy"] + called["unstable"] == cried


def test_situations_are_chosen_by_kind_and_number():
    every = diagnosis.by_situation("overfit", "diagnose", rows=[200, 2_000])
    some = diagnosis.by_situation(
        "overfit", "diagnose", rows=[200, 2_000], kinds=["overfit"], least=50
    )
    assert set(some) < set(every) and len(every) == 10
    assert all(every[name] == some[name] and every[name][1] >= 50 for name in some)
    assert every["noisy moons, 100 rows"][1] == 44  # 22 at each of two sizes
    for wrong, message in (("sick", "group must be"), ("healthy", "who must be")):
        with pytest.raises(ValueError, match=message):
            diagnosis.by_situation(wrong, "somebody" if wrong == "healthy" else "diagnose")


def test_the_table_has_a_line_for_each_finding():
    table = diagnosis.bench()["one history"]["200 or more"]
    lines = diagnosis.shown({"200 or more": table}).splitlines()
    assert len(lines) == 1 + len(table["sound"])
    assert f"{table['sound']['overfit']['f1']:.3f}" in lines[1]


def test_the_record_is_found_from_any_folder(tmp_path, monkeypatch):
    """A learner's copy runs in workbook/, the stored notebook in notebooks/."""
    monkeypatch.chdir(tmp_path)
    diagnosis.bench.cache_clear()
    assert diagnosis.by_situation("healthy", "gap")
