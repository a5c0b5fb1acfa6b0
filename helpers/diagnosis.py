"""Say what is wrong with a training, and how often such an answer is wrong.

`diagnose` has two forms. From one history it judges curves, by rules whose numbers stand in
`RULES`: ``benchmarks/diagnosis.py`` fitted them on one half of its situations and measured their
errors on the other; ``benchmarks/diagnosis.json`` holds the result. From the reader's own model and
rows it looks at the rows first, trains replicates on other splits, and judges what it measured on
rows left out.

NumPy and SciPy; scikit-learn and the sibling `training` in the second form, imported there: the
first must not wait for TensorFlow. The sibling `evidence` has the intervals.
"""

import csv
import hashlib
import html
import inspect
import json
import math
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from os import PathLike
from pathlib import Path

import numpy as np
from scipy import stats

from helpers import checks, evidence

BENCH = Path(__file__).resolve().parents[1] / "benchmarks" / "diagnosis.json"
# The numbers of the rules. Each is a logistic model of features that `features` names; a finding is
# "yes" above `call`, "no" below `clear`, and "not enough evidence" between.
RULES = {
    "window": 0.15,
    "noise": 1.2,
    "jitter": 0.02,
    "call": 0.65,
    "clear": 0.2,
    "least_epochs": 10,
    "unknown_rows": 20,
    "least_seeds": 3,
    "near": 0.1,
    "copied_share": 0.05,
    "giveaway": 0.995,
    "rare": 10,
    "shift": 0.6,
    "shift_rows": 30,
    "models": {
        "overfit": {"constant": 0.827, "rise_in_errors": 0.532, "log_fall": 1.321},
        "unstable": {"constant": 8.166, "log_back": 3.539},
        "unfinished": {"constant": 3.199, "log_late_share": 1.298, "log_fall": -0.399},
    },
}
NOT_ENOUGH = "not enough evidence"
_TINY = 1e-7
_DIVERGED = 1e6
_FORESTS = 5  # runs in which a forest is trained beside the model


def diagnose(
    history,
    train=None,
    validation=None,
    *,
    test=None,
    seeds=range(10),
    epochs=100,
    batch_size=32,
    validation_rows=None,
):
    """Say what is wrong with a training: from one history, or from a model and its rows.

    ``diagnose(history)`` judges the curves of one run. ``diagnose(build_model, train, validation)``
    trains one replicate per seed, each on another split of the rows, and sees much more.

    Parameters
    ----------
    history : keras.callbacks.History, dict, pandas.DataFrame, str or path; or callable
        One training, as `read_history` takes it: ``loss`` and ``val_loss``, with or without
        accuracies. Or a `build_model` as `training.fit_replicas` takes it.
    train, validation, test : tuple (x, y)
        Rows of the second form: ``x`` of shape (n, d), ``y`` of shape (n,). `test` is optional:
        rows from where the model will be used.
    seeds : sequence of int, default range(10)
        Second form: one per replicate, 3 or more.
    epochs, batch_size : int, default 100 and 32
        Second form: as in ``model.fit``.
    validation_rows : int, optional
        First form: number of validation rows. Without it, it is read off the steps of the
        accuracy, which gives the number or a divisor; without accuracy 20 are assumed, the least
        of the bench.

    Returns
    -------
    Diagnosis

    Raises
    ------
    TypeError, ValueError
        An argument is none of these. The message names it.
    """
    if callable(history) and not hasattr(history, "history"):
        if validation_rows is not None:
            raise TypeError("validation_rows goes with a history, not with a build_model")
        return _many_runs(history, train, validation, test, seeds, epochs, batch_size)
    for name, rows in (("train", train), ("validation", validation), ("test", test)):
        if rows is not None:
            raise TypeError(f"{name} goes with a build_model, got it with a history")
    if validation_rows is not None:
        validation_rows = checks.whole("validation_rows", validation_rows)
    return _one_run(read_history(history), validation_rows)


@dataclass(frozen=True)
class Finding:
    """One answer of a diagnosis.

    Attributes
    ----------
    name : str
        What was asked, as "overfitting".
    answer : {"yes", "no", "not enough evidence"}
    seen : str
        What was seen, with numbers.
    sure : str
        How sure the answer is: an interval, or error rates that the bench measured.
    advice : str
        What to do next.
    where : str
        The notebooks that show it.
    curves : dict of str to list of float
        What the small figure draws.
    marks : tuple of float
        Epochs that the figure marks.
    """

    name: str
    answer: str
    seen: str
    sure: str
    advice: str
    where: str = ""
    curves: dict = field(default_factory=dict, repr=False)
    marks: tuple = ()


class Diagnosis:
    """The findings of one training or one model. Made by `diagnose`.

    Attributes
    ----------
    title : str
        What was looked at.
    findings : tuple of Finding
        In the order in which they were asked.
    """

    def __init__(self, title, findings):
        self.title, self.findings = title, tuple(findings)

    def __getitem__(self, name):
        """Return the finding of a name."""
        found = {finding.name: finding for finding in self.findings}
        return found[checks.one_of("name", name, tuple(found))]

    def to_dict(self):
        """Return the diagnosis as a record that `json.dump` writes."""
        return {"title": self.title, "findings": [asdict(finding) for finding in self.findings]}

    def __repr__(self):
        """Return the findings as text."""
        lines = [self.title]
        for f in self.findings:
            lines += ["", f"{f.name}: {f.answer}"]
            lines += [f"  {label}{text}" for label, text in _said(f)]
        return "\n".join(lines)

    def _repr_html_(self):
        parts = [f"<p>{html.escape(self.title)}</p>"]
        for f in self.findings:
            said = "".join(f"<p>{label}{html.escape(text)}</p>" for label, text in _said(f))
            parts.append(
                f"<section><h4>{html.escape(f.name)}: {html.escape(f.answer)}</h4>"
                f"{_picture(f)}{said}</section>"
            )
        return "".join(parts)


def _said(finding):
    labels = {"Seen: ": "seen", "How sure: ": "sure", "Next: ": "advice", "Shown in: ": "where"}
    texts = {label: getattr(finding, name) for label, name in labels.items()}
    return [(label, text) for label, text in texts.items() if text]


_COLOURS = {
    "training": ("#0072b2", ""),
    "validation": ("#d55e00", "6 4"),
    "test": ("#009e73", "2 3"),
}


def _picture(finding, width=320, height=120):
    """Return the curves of a finding as a small picture, SVG, whose title says what was seen."""
    if not finding.curves:
        return ""
    every = np.concatenate([np.asarray(v, float) for v in finding.curves.values()])
    low, high = every.min(), every.max()
    most = max(map(len, finding.curves.values()))

    def across(epoch):
        return 4 + (width - 90) * (epoch - 1) / max(most - 1, 1)

    def up(value):
        return 6 + (height - 30) * (high - value) / (high - low or 1.0)

    # Names stand where their curves end, a line's height apart.
    heights, free = {}, 12.0
    for name, values in sorted(finding.curves.items(), key=lambda item: -item[1][-1]):
        heights[name] = max(up(values[-1]) + 4, free)
        free = heights[name] + 12
    drawn = []
    for name, values in finding.curves.items():
        colour, dashes = _COLOURS[name]
        kept = np.unique(np.linspace(0, len(values) - 1, 120).round().astype(int))
        points = " ".join(f"{across(i + 1):.1f},{up(values[i]):.1f}" for i in kept)
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.8" '
            f'stroke-dasharray="{dashes}"/><text x="{across(len(values)) + 4:.1f}" '
            f'y="{heights[name]:.1f}" font-size="11" fill="{colour}">{name}</text>'
        )
    for epoch in finding.marks:
        drawn.append(
            f'<line x1="{across(epoch):.1f}" x2="{across(epoch):.1f}" y1="2" y2="{height - 2}" '
            'stroke="#555555" stroke-dasharray="1 3"/>'
        )
    return (
        f'<svg role="img" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'style="background:#ffffff"><title>{html.escape(finding.seen)}</title>{"".join(drawn)}</svg>'
    )


# --- reading a history ----------------------------------------------------------------------------

_NAMES = {
    "loss": ("loss", "train_loss", "training_loss"),
    "accuracy": (
        "accuracy", "acc", "binary_accuracy", "categorical_accuracy",
        "sparse_categorical_accuracy", "train_accuracy", "train_acc",
    ),
    "val_loss": ("val_loss", "valid_loss", "validation_loss"),
    "val_accuracy": (
        "val_accuracy", "val_acc", "val_binary_accuracy", "val_categorical_accuracy",
        "val_sparse_categorical_accuracy", "valid_accuracy", "validation_accuracy",
    ),
}  # fmt: skip
_MOST_EPOCHS = 1_000_000
_MOST_BYTES = 100_000_000


def read_history(history):
    """Return the curves of a training, whatever holds them.

    Parameters
    ----------
    history : keras.callbacks.History, dict, pandas.DataFrame, str or path
        What ``model.fit`` returns, its ``history``, a table with one row per epoch, or a file: CSV
        as `keras.callbacks.CSVLogger` and ``DataFrame.to_csv`` write it, JSON as ``json.dump`` and
        ``DataFrame.to_json`` do.

    Returns
    -------
    dict of str to numpy.ndarray, shape (epochs,)
        ``loss`` and ``val_loss``; ``accuracy`` and ``val_accuracy`` where they are known. Accuracy
        is a share from 0 to 1.

    Raises
    ------
    TypeError, ValueError
        It holds no such curves. The message names what is wrong.
    """
    table = _table(history)
    curves = {}
    for name, known in _NAMES.items():
        found = [column for column in table if str(column).strip().lower() in known]
        if len(found) > 1:
            raise ValueError(f"history must hold {name} once, got {' and '.join(map(str, found))}")
        if found:
            curves[name] = _curve(str(found[0]), table[found[0]])
    _check_curves(curves, list(table))
    return curves


def _table(history):
    """Return columns by name."""
    if isinstance(history, (str, PathLike)):
        return _file(Path(history))
    kept = getattr(history, "history", history)  # of a keras.callbacks.History
    if hasattr(kept, "columns") and hasattr(kept, "to_dict"):
        kept = kept.to_dict("list")
    if not isinstance(kept, Mapping):
        raise TypeError(
            "history must be what model.fit returns, its dict, a table with a row per epoch, or "
            f"the path of a CSV or JSON file, got {checks.short(history)}"
        )
    return kept


def _file(path):
    name = f"the file {checks.short(path.name)}"
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it has more than 100 MB")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{name} must be CSV or JSON, got one that is no text") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(f"{name} cannot be read: {reason}") from None
    if not text.strip():
        raise ValueError(f"{name} must hold a history, got an empty one")
    return (_json if text.lstrip()[0] in "{[" else _csv)(name, text)


def _json(name, text):
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is no valid JSON: {error}") from None
    if isinstance(found, dict) and isinstance(found.get("history"), dict):
        found = found["history"]
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        found = {key: [row.get(key) for row in found] for key in found[0]}
    if not isinstance(found, dict):
        raise ValueError(f"{name} must hold curves by name, got {checks.short(found)}")
    # DataFrame.to_json writes {"loss": {"0": 0.6, "1": 0.5}}.
    return {k: list(v.values()) if isinstance(v, dict) else v for k, v in found.items()}


def _csv(name, text):
    lines = [line for line in text.splitlines() if line.strip()]
    separator = max(",;\t", key=lines[0].count)
    try:
        head, *rows = csv.reader(lines, delimiter=separator)
    except csv.Error as error:
        raise ValueError(f"{name} is no valid CSV: {error}") from None
    for number, row in enumerate(rows, start=2):
        if len(row) != len(head):
            raise ValueError(
                f"{name} must have {len(head)} values in each line, as its first, got {len(row)} "
                f"in line {number}"
            )
    return {column: [row[i] for row in rows] for i, column in enumerate(head)}


def _curve(name, values):
    """Return one curve as an array, or say what is wrong with it."""
    if isinstance(values, (str, bytes, Mapping)) or not 0 < checks.length(values) <= _MOST_EPOCHS:
        raise ValueError(
            f"{name} must hold one number per epoch, 1 to {_MOST_EPOCHS:,}, got "
            f"{checks.short(values)}"
        )
    found = np.empty(len(values))
    for i, value in enumerate(values):
        try:
            found[i] = float(value)
        except (TypeError, ValueError, OverflowError):
            found[i] = np.nan
        if not abs(found[i]) < checks.LARGEST:
            raise ValueError(
                f"{name} must hold finite numbers, got {checks.short(value)} at epoch {i + 1}"
            )
        if "loss" in name.lower() and found[i] < 0:
            raise ValueError(
                f"{name} must hold numbers from 0, got {found[i]:g} at epoch {i + 1}: the rules "
                "compare losses by their ratio"
            )
    return found


def _check_curves(curves, names):
    held = ", ".join(map(str, names[:8])) or "nothing"
    for name in ("loss", "val_loss"):
        if name not in curves:
            remedy = ": train with validation_data" if name == "val_loss" else ""
            raise ValueError(f"history must hold {name}, got {held}{remedy}")
    lengths = {name: len(values) for name, values in curves.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise ValueError(f"history must hold curves of one length, got {told}")
    if not 2 <= lengths["loss"] <= _MOST_EPOCHS:
        raise ValueError(f"history must hold 2 to {_MOST_EPOCHS:,} epochs, got {lengths['loss']}")
    for name in ("accuracy", "val_accuracy"):
        if name in curves and not 0 <= curves[name].min() <= curves[name].max() <= 1:
            wrong = max(curves[name], key=abs)
            raise ValueError(
                f"{name} must hold shares from 0 to 1, got {wrong:g}: divide percentages by 100"
            )


# --- the rules on the curves of one run -----------------------------------------------------------


def features(loss, val_loss, rows):
    """Measure what the rules ask of one run.

    Parameters
    ----------
    loss, val_loss : numpy.ndarray, shape (epochs,)
        Positive.
    rows : int
        Validation rows.

    Returns
    -------
    dict of str to float
        Of the logarithms of curves smoothed by a running mean over a share `window` of the epochs:
        ``rise`` of the validation loss from its lowest value to the end; ``fall`` of the training
        loss over the same epochs; ``back``, how far the training loss ends above its own lowest;
        ``late``, how far the validation loss fell over the last third, and ``late_training``.
        ``best``: the epoch of the lowest value, the middle of its window. ``error``: the standard
        error of ``rise``. The others are these on the scale that the models of `RULES` take.

    Notes
    -----
    A validation curve is measured on the same rows at each epoch, so the noise of a *difference*
    between two epochs is that of the rows on which the model changed. On the bench's first half its
    standard deviation is near ``noise * fall / sqrt(rows)``: none where training changed nothing.
    """
    epochs = len(loss)
    window = max(3, round(RULES["window"] * epochs))
    training, validation = (_log_smooth(values, window) for values in (loss, val_loss))
    place = int(validation.argmin())
    third = 2 * len(validation) // 3
    rise = validation[-1] - validation[place]
    fall = max(training[place] - training[-1], 0.0)
    back = training[-1] - training.min()
    late, late_training = (v[third] - v[-1] for v in (validation, training))
    late_share = (math.exp(validation[third]) - math.exp(validation[-1])) / max(val_loss[0], _TINY)
    error = math.hypot(RULES["noise"] * fall / math.sqrt(rows), RULES["jitter"])
    return {
        "best": place + (window + 1) / 2,
        "rise": rise,
        "fall": fall,
        "error": error,
        "rise_in_errors": min(rise / error, 4.0),
        "log_fall": math.log(fall + 0.05),
        "back": back,
        "log_back": math.log(back + 0.02),
        "late": late,
        "log_late_share": math.log(max(late_share, 0.0) + 0.003),
        "late_training": late_training,
    }


def _log_smooth(values, window):
    total = np.cumsum(np.concatenate([[0.0], values]))
    return np.log(np.maximum((total[window:] - total[:-window]) / window, _TINY))


def score(name, found):
    """Return the probability that a logistic model of `RULES` gives, from 0 to 1."""
    model = RULES["models"][name]
    return 1 / (1 + math.exp(-sum(w * found.get(f, 1.0) for f, w in model.items())))


def answers(loss, val_loss, rows):
    """Answer every question about one run.

    Parameters
    ----------
    loss, val_loss : numpy.ndarray, shape (epochs,)
    rows : int
        Validation rows.

    Returns
    -------
    dict of str to str
        "yes", "no" or "not enough evidence", by the name of the finding.
    """
    found = features(loss, val_loss, rows)
    return {name: _answer(score(name, found)) for name in RULES["models"]}


def fingerprint():
    """Return what the answers hang on: the numbers of the rules, and a digest of their code."""
    judging = (features, _log_smooth, score, answers, _answer, ask_copies, ask_shift)
    code = "".join(map(inspect.getsource, judging))
    return {"numbers": RULES, "code": hashlib.sha256(code.encode()).hexdigest()}


def _answer(probability):
    if probability > RULES["call"]:
        return "yes"
    return "no" if probability < RULES["clear"] else NOT_ENOUGH


def enough_rows(found):
    """Return how many validation rows would decide, if rise and fall stay as they are, or None."""
    model = RULES["models"]["overfit"]
    wanted = math.log(RULES["call"] / (1 - RULES["call"]))
    wanted = (wanted - model["constant"] - model["log_fall"] * found["log_fall"]) / model[
        "rise_in_errors"
    ]
    if not 0 < wanted <= 4 or found["rise"] <= 0:
        return None
    variance = (found["rise"] / wanted) ** 2 - RULES["jitter"] ** 2
    if variance <= 0:
        return None
    return math.ceil((RULES["noise"] * found["fall"]) ** 2 / variance)


def rows_of_steps(accuracy, most=5_000):
    """Read the number of validation rows off an accuracy: the least number it is a share of.

    Parameters
    ----------
    accuracy : numpy.ndarray, shape (epochs,)
    most : int, default 5,000

    Returns
    -------
    int or None
        At most the true number, of which it is a divisor. None if no number up to `most` fits, as
        for accuracies that were rounded, or if all values are equal.
    """
    values = np.unique(accuracy)
    if len(values) < 3:
        return None
    for rows in range(2, most + 1):
        counts = values * rows
        if np.abs(counts - counts.round()).max() < 2e-7 * rows + 1e-9:
            return rows
    return None


# --- one history ----------------------------------------------------------------------------------

_ADVICE = {
    "overfit": (
        "Keep the weights of the best epoch (EarlyStopping with restore_best_weights), then try a "
        "penalty, dropout or more rows.",
        "No sign of it: leave regularization as it is, and see whether the training is finished.",
    ),
    "unstable": (
        "Divide the learning rate by 10, or let it fall over the epochs.",
        "The rate is not so high that the training loses what it had.",
    ),
    "unfinished": (
        "Train for twice the epochs, or raise the learning rate.",
        "More epochs alone will not lower the loss much.",
    ),
    "no skill": (
        "Compare with a constant prediction (DummyClassifier), check that rows and labels belong "
        "together, then the learning rate.",
        "The model learned something that holds on the validation rows.",
    ),
}  # fmt: skip
_WHERE = {
    "overfit": "notebooks 01 (what it looks like), 02 (penalties, dropout), 04 (early stopping)",
    "unstable": "notebook 08 (capacity and learning rate)",
    "unfinished": "notebooks 04 (how long to wait), 08 (capacity and learning rate)",
    "no skill": "notebooks 07 (no skill behind a high score), 02 (labels without a cause)",
}
_NOT_IN_CURVES = (
    "skill, underfit, leak or shift",
    NOT_ENOUGH,
    "Curves do not hold the shares of the classes, so they do not say whether the score beats a "
    "constant answer. They look the same for a model too simple and for rows that say no more. And "
    "they look the same where validation rows are copies of training rows, or "
    "come from another place than the rows that the model will meet.",
    "No rule on one history can tell.",
    "Pass the model and the rows: diagnose(build_model, train, validation).",
    "notebooks 07 (no skill behind a high score), 08 (capacity), 09 (leakage and shift)",
)


def _one_run(curves, rows):
    """Return the diagnosis of one history."""
    epochs = len(curves["loss"])
    told = f"One history of {epochs:,} epochs"
    if rows is None and "val_accuracy" in curves:
        rows = rows_of_steps(curves["val_accuracy"])
        told += f", {rows:,} validation rows by the steps of its accuracy" if rows else ""
    elif rows is not None:
        told += f", {rows:,} validation rows"
    if rows is None:
        rows = RULES["unknown_rows"]
        told += f", an unknown number of validation rows: judged as if they were {rows}"
    if epochs < RULES["least_epochs"]:
        least = RULES["least_epochs"]
        few = Finding(
            "length", NOT_ENOUGH, f"{epochs} epochs are too few to judge a curve.",
            f"The rules were measured on curves of 40 epochs and more, and start at {least}.",
            f"Train for {least} epochs or more.", _WHERE["unfinished"],
        )  # fmt: skip
        return Diagnosis(told, [few])
    found = features(curves["loss"], curves["val_loss"], rows)
    seen = _seen(found, curves, rows)
    answered = answers(curves["loss"], curves["val_loss"], rows)
    sure = {name: measured(name, answer, rows) for name, answer in answered.items()}
    more = {name: _more(name, found, rows) for name in answered}
    findings = _curve_findings(curves, found, seen, answered, sure, more)
    return Diagnosis(told, [*findings, Finding(*_NOT_IN_CURVES)])


def _curve_findings(curves, found, seen, answered, sure, more):
    """Return a finding for each question that curves answer, in the order of `seen`."""
    drawn = {"training": curves["loss"].tolist(), "validation": curves["val_loss"].tolist()}
    advice = {name: dict(zip(("yes", "no"), _ADVICE[name], strict=True)) for name in seen}
    return [
        Finding(
            name, answered[name], sentence, sure[name],
            advice[name].get(answered[name], more[name]), _WHERE[name], drawn, (found["best"],),
        )
        for name, sentence in seen.items()
    ]  # fmt: skip


def _seen(found, curves, rows):
    """Return what the rules saw, in a sentence a finding."""
    overfit = (
        f"The validation loss is lowest near epoch {found['best']:.0f} and ends "
        f"{_percent(math.expm1(found['rise']))} above that, "
        f"while the training loss fell by {_percent(-math.expm1(-found['fall']))}."
    )
    if "val_accuracy" in curves:
        overfit += " " + _accuracy_drop(curves["val_accuracy"], rows)
    return {
        "overfit": overfit,
        "unstable": f"The training loss ends {_percent(math.expm1(found['back']))} above its own "
        "lowest value.",
        "unfinished": "Over the last third of the epochs the validation loss "
        f"{_moved(found['late'])}, and the training loss {_moved(found['late_training'])}.",
    }  # fmt: skip


def _percent(share):
    return f"{100 * share:.0f} %"


def _moved(fall):
    """Say by how much a loss fell or rose, from the fall of its logarithm."""
    return f"{'fell' if fall >= 0 else 'rose'} by {_percent(abs(math.expm1(-fall)))}"


def _accuracy_drop(accuracy, rows):
    window = max(3, round(RULES["window"] * len(accuracy)))
    smoothed = np.convolve(accuracy, np.ones(window) / window, "valid")
    best, end = smoothed.max(), smoothed[-1]
    # Two epochs share their rows: this standard error, of two separate sets, is an upper bound.
    half = 1.96 * math.sqrt((best * (1 - best) + end * (1 - end)) / rows)
    low, high = ((best - end + sign * half) * 100 for sign in (-1, 1))
    return (
        f"Its accuracy ends {100 * (best - end):.1f} points below its best (95 % interval no "
        f"wider than {low:.1f} to {high:.1f})."
    )


def _more(name, found, rows):
    """Say what would be enough to decide."""
    if name == "overfit":
        enough = enough_rows(found)
        if enough and enough > rows:
            return (
                f"About {float(f'{enough:.2g}'):,.0f} validation rows would be enough, if the rise "
                "stays as it is; or ten runs: diagnose(build_model, train, validation)."
            )
    return (
        "More rows alone may not decide this. Ten runs with other seeds and splits would: "
        "diagnose(build_model, train, validation)."
    )


def measured_rows(name):
    """Say how often a question about the rows was answered rightly on the bench."""
    f = bench()["rows"][name]
    return (
        f"On the bench it was found in {f['heard']} of {f['true']} draws that had it, with "
        f"{f['false alarms']} false alarms in {f['runs'] - f['true']}."
    )


@cache
def bench():
    """Return what the bench measured, as ``benchmarks/diagnosis.json`` holds it."""
    return json.loads(BENCH.read_text(encoding="utf-8"))


def measured(name, answer, rows):
    """Say how often an answer was right on the half of the bench that chose no rule."""
    tables = bench()["one history"]
    sizes = [int(size) for size in tables if size.isdecimal()]
    size = max((n for n in sizes if n <= rows), default=min(sizes))
    return _rates(tables[str(size)], name, answer, f"runs with {size:,} validation rows")


def measured_replicates(name, answer):
    """Say the same of the second form."""
    table = bench()["replicates"]["200"]
    if name not in table["all"]:
        return "By the rule for one history, on the mean curve: not measured on the bench."
    return _rates(table, name, answer, "data sets of known truth")


def _rates(table, name, answer, what):
    counts = table["all"][name]["counts"]
    runs, held = (sum(sum(pair[:k]) for pair in counts.values()) for k in (2, 1))
    where = f"On the bench, {runs:,} unseen {what}: "
    true, false = counts[answer]
    if not true + false:
        return where + f'"{answer}" was never said.'
    if answer == NOT_ENOUGH:
        share = _percent((true + false) / runs)
        return where + f"no answer for {share}, and in {true} of these {true + false} it was so."
    right, found = true if answer == "yes" else false, counts["yes"]
    share, low, high = evidence.proportion(right, true + false)
    return (
        f'{where}"{answer}" was right in {_percent(share)} (95 % interval '
        f"{_percent(low)} to {_percent(high)}). It was found in {found[0]:,} of {held:,} "
        f"that had it, with {found[1]} false alarms in {runs - held:,}."
    )


# --- a model and its rows -------------------------------------------------------------------------


def _many_runs(build_model, train, validation, test, seeds, epochs, batch_size):
    """Return the diagnosis of a model and its rows."""
    splits = {"train": train, "validation": validation, "test": test}
    splits = {k: _rows(k, v) for k, v in splits.items() if v is not None or k != "test"}
    width = splits["train"][0].shape[1]
    for name, (x, _) in splits.items():
        checks.shaped(f"{name} x", x, ("n", width))
    checks.function("build_model", build_model, 0)
    seeds = checks.seeds(seeds, distinct=True)
    if len(seeds) < RULES["least_seeds"]:
        raise ValueError(
            f"seeds must hold {RULES['least_seeds']} numbers or more, got {len(seeds)}"
        )
    epochs = checks.whole("epochs", epochs, RULES["least_epochs"], 100_000)
    told = f"{len(seeds)} runs of {epochs:,} epochs, " + ", ".join(
        f"{len(y):,} {_NAMED[name]} rows" for name, (_, y) in splits.items()
    )
    lost = {name: int((~np.isfinite(x)).any(axis=1).sum()) for name, (x, _) in splits.items()}
    if any(lost.values()):
        where = ", ".join(f"{count} {_NAMED[name]} rows" for name, count in lost.items() if count)
        finding = Finding(
            "missing values", "yes", f"Numbers are missing or infinite in {where}.", "Counted.",
            "Fill them or drop these rows, by what the training rows say alone; then ask again.",
            _SOUND,
        )  # fmt: skip
        return Diagnosis(told, [finding])
    (x, y), (xv, yv) = splits["train"], splits["validation"]
    findings = [f for f in (ask_copies(x, xv), _giveaway(x, y), _rare(y, yv)) if f]
    findings += _trained(build_model, splits, seeds, epochs, batch_size)
    findings += [
        ask_shift(x, other, name)
        for name, (other, _) in splits.items()
        if name != "train" and min(len(x), len(other)) >= RULES["shift_rows"]
    ]
    return Diagnosis(told, findings)


_NAMED = {"train": "training", "validation": "validation", "test": "test"}
_SOUND = "notebook 09 (leakage and shift)"


def _rows(name, pair):
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise TypeError(f"{name} must be a tuple (x, y), got {checks.short(pair)}")
    x, y = (np.asarray(part) for part in pair)
    for part, values in (("x", x), ("y", y)):
        if values.dtype.kind not in "biuf":
            raise TypeError(
                f"{name} {part} must be an array of numbers, got {checks.short(values)}"
            )
    checks.shaped(f"{name} x", x, ("n", "d"))
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    return x.astype(float), checks.numbers(f"{name} y", y, x.shape[:1])


def ask_copies(x, other):
    """Ask whether validation rows are copies, or near copies, of training rows.

    A row that was copied lies far nearer to its copy than to its tenth neighbour. Of rows spread
    evenly in d dimensions, one in ``10 * share**d`` has a neighbour within that share of the
    distance by chance.
    """
    from sklearn.neighbors import NearestNeighbors

    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    neighbours = min(10, len(x))
    found = NearestNeighbors(n_neighbors=neighbours).fit(x / scale).kneighbors(other / scale)[0]
    same = int((found[:, 0] <= 1e-9).sum())
    near = int((found[:, 0] < RULES["near"] * found[:, -1]).sum())
    chance = min(1.0, neighbours * RULES["near"] ** x.shape[1])
    most = chance + 2 * math.sqrt(chance / len(other)) + RULES["copied_share"]
    copied = same > RULES["copied_share"] * len(other) or near > most * len(other)
    return Finding(
        "copies", "yes" if copied else "no",
        f"{same} of {len(other)} validation rows equal a training row, and {near} lie ten times "
        f"nearer to one than to their tenth neighbour; about {chance * len(other):.0f} would by "
        "chance.",
        measured_rows("copies"),
        "Keep all copies of a row, all rows of a person, on one side (GroupKFold)." if copied
        else "No row was seen twice.",
        _SOUND,
    )  # fmt: skip


def _giveaway(x, y):
    """Ask whether one column alone orders the labels."""
    classes = np.unique(y)
    few = len(classes) <= 20 and np.all(classes == classes.round())
    best, column = 0.0, 0
    for i in range(x.shape[1]):
        if np.ptp(x[:, i]) == 0:
            continue
        if few:
            ranks = stats.rankdata(x[:, i])
            for c in classes[1:] if len(classes) == 2 else classes:
                inside = y == c
                m, n = inside.sum(), (~inside).sum()
                if min(m, n) < 5:
                    continue
                auc = (ranks[inside].sum() - m * (m + 1) / 2) / (m * n)
                if max(auc, 1 - auc) > best:
                    best, column = max(auc, 1 - auc), i
        else:
            r = abs(stats.spearmanr(x[:, i], y).statistic)
            if r > best:
                best, column = r, i
    given = best > RULES["giveaway"]
    measure = "ROC AUC of a class" if few else "rank correlation"
    return Finding(
        "a column that gives the label away", "yes" if given else "no",
        f"Column {column} alone reaches {best:.3f} ({measure}) on the training rows.",
        f'"Yes" above {RULES["giveaway"]}: counted, not measured on the bench.',
        "Ask when this column is known: if only with or after the label, drop it." if given
        else "No single column decides.",
        _SOUND,
    )  # fmt: skip


def _rare(y, yv):
    """Ask whether validation holds enough rows of each class."""
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) > 20 or np.any(classes != classes.round()):
        return None  # numbers, not classes
    held = {c: int((yv == c).sum()) for c in classes}
    rarest = min(held, key=held.get)
    few = held[rarest] < RULES["rare"]
    wanted = math.ceil(RULES["rare"] * len(y) / max(counts[classes == rarest][0], 1))
    return Finding(
        "rare classes", "yes" if few else "no",
        f"Class {rarest:g} has {held[rarest]} of {len(yv)} validation rows.",
        f"A share measured on fewer than {RULES['rare']} rows is uncertain by more than 30 points "
        "(Wilson interval at a half)." if few else "Counted.",
        f"Take about {wanted:,} validation rows, split by class (stratify), and look at recall and "
        "precision of this class." if few else "Each class can be judged.",
        "notebooks 05 (rare classes), 07 (validation without balance)",
    )  # fmt: skip


def ask_shift(x, other, name):
    """Ask whether a classifier tells two sets of rows apart."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    rng = np.random.default_rng(0)
    x, other = (rows[rng.permutation(len(rows))[:2_000]] for rows in (x, other))
    both = np.concatenate([x, other])
    side = np.repeat([0, 1], [len(x), len(other)])
    forest = RandomForestClassifier(
        100, min_samples_leaf=5, class_weight="balanced", random_state=0
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    chance = cross_val_predict(forest, both, side, cv=folds, method="predict_proba")[:, 1]
    ranks = stats.rankdata(chance)
    m, n = len(other), len(x)
    auc = (ranks[side == 1].sum() - m * (m + 1) / 2) / (m * n)
    error = math.sqrt((m + n + 1) / (12 * m * n))  # of an AUC of 0.5: Mann and Whitney (1947)
    low, high = auc - 1.96 * error, auc + 1.96 * error
    if low > 0.5 and auc > RULES["shift"]:
        answer = "yes"
    elif high < RULES["shift"] + 0.05:
        answer = "no"
    else:
        answer = NOT_ENOUGH
    enough = math.ceil((1.96 / 0.05) ** 2 / 6)
    return Finding(
        f"shift of the {name} rows", answer,
        f"A classifier tells training rows from {name} rows with a ROC AUC of {auc:.2f} "
        f"(95 % interval {low:.2f} to {high:.2f}); 0.5 is chance.",
        measured_rows("shift"),
        {
            "yes": "Find out where these rows come from. Validate on rows like those that the "
            "model will meet, or weight the training rows.",
            "no": "Features do not tell the two apart; whether labels mean the same, this cannot "
            "say.",
            NOT_ENOUGH: f"About {enough} rows of each kind would be enough to see an AUC of "
            f"{RULES['shift'] + 0.05:.2f}.",
        }[answer],
        _SOUND,
    )  # fmt: skip


def _trained(build_model, splits, seeds, epochs, batch_size):
    """Return the findings that need training."""
    # Not at the top: it brings TensorFlow, and the first form must answer within two seconds.
    from helpers import training

    def at(factor):
        def build():
            model = build_model()
            if factor != 1:
                model.optimizer.learning_rate = float(model.optimizer.learning_rate) * factor
            return model

        return training.fit_replicas(
            build, *resplit, epochs=epochs, seeds=seeds, batch_size=batch_size
        )

    x, y = (np.concatenate([splits[k][i] for k in ("train", "validation")]) for i in (0, 1))
    rows = len(splits["train"][1])
    orders = np.stack([np.random.default_rng(seed).permutation(len(y)) for seed in seeds])
    resplit = [(x[part], y[part]) for part in (orders[:, :rows], orders[:, rows:])]
    runs = at(1)
    curves = {
        key: runs[split, name]
        for split, prefix in (("train", ""), ("validation", "val_"))
        for name in runs.metrics
        for key in [prefix + ("accuracy" if "accuracy" in name else name)]
    }
    finite = np.all([np.isfinite(values).all(axis=1) for values in curves.values()], axis=0)
    if not finite.all():
        return [
            Finding(
                "unstable",
                "yes",
                f"{int((~finite).sum())} of {len(finite)} runs diverged: their loss is no number.",
                "Counted.",
                _ADVICE["unstable"][0],
                _WHERE["unstable"],
            )  # fmt: skip
        ]
    findings = [_skill(curves, resplit[1][1]), _luck(curves, resplit[1][1])]
    if "accuracy" in curves:
        findings.append(ask_underfit(curves["accuracy"], *resplit))
    findings += _judged(curves, len(y))
    others = {"a tenth of": 0.1, "ten times": 10}
    try:
        others = {words: at(factor)["validation", "loss"] for words, factor in others.items()}
    except TypeError:  # Keras: the rate of an optimizer with a schedule cannot be set
        return findings
    return [*findings, _rate(curves["val_loss"], others)]


def _judged(curves, rows):
    """Return what the replicates' curves say."""
    mean = {name: values.mean(axis=0) for name, values in curves.items()}
    found = features(mean["loss"], mean["val_loss"], rows)
    each = [features(a, b, rows) for a, b in zip(curves["loss"], curves["val_loss"], strict=True)]
    place = round(found["best"]) - 1
    window = max(3, round(RULES["window"] * len(mean["loss"])))
    ends = [
        curves["val_loss"][:, s].mean(axis=1) for s in _windows(place, window, len(mean["loss"]))
    ]
    rise = ends[1] - ends[0]
    _, low, high = evidence.interval(rise)
    seen = _seen(found, mean, rows)
    seen["overfit"] += (
        f" From that epoch to the end it moved by {rise.mean():+.3g} (95 % interval over the runs "
        f"{low:+.3g} to {high:+.3g}); {sum(f['rise'] > math.log(1.05) for f in each)} of "
        f"{len(each)} runs end more than 5 % above their own best."
    )
    answered = answers(mean["loss"], mean["val_loss"], rows)
    sure = {name: measured_replicates(name, answer) for name, answer in answered.items()}
    more = f"Twice the seeds, and {2 * rows:,} rows or more, would be enough if nothing changes."
    return _curve_findings(mean, found, seen, answered, sure, dict.fromkeys(answered, more))


def ask_underfit(accuracy, train, validation):
    """Ask whether a forest does better on validation rows than the model on its own training rows.

    Parameters
    ----------
    accuracy : numpy.ndarray, shape (R, epochs)
        On the training rows.
    train, validation : tuple (x, y), shapes (R, n, d) and (R, n)

    Returns
    -------
    Finding
    """
    from sklearn.ensemble import RandomForestClassifier

    last = accuracy[:_FORESTS, -1]
    forest = RandomForestClassifier(100, random_state=0)
    rows = zip(*(part[:_FORESTS] for part in (*train, *validation)), strict=True)
    scores = [forest.fit(x, y).score(xv, yv) for x, y, xv, yv in rows]
    better = 100 * (np.array(scores) - last)
    _, low, high = evidence.interval(better)
    answer = "yes" if low > 0 else ("no" if high < 2 else NOT_ENOUGH)
    return Finding(
        "underfit", answer,
        f"A random forest is right in {_percent(np.mean(scores))} of the validation rows, the "
        f"model at the end in {_percent(last.mean())} of its own training rows: "
        f"{better.mean():+.1f} points (95 % interval {low:+.1f} to {high:+.1f}).",
        "Student's interval over the runs, which share rows: somewhat too narrow. Not measured on "
        "the bench.",
        {
            "yes": "The rows say more than the model has learned: a larger network, less "
            "regularization, a higher rate or more epochs.",
            "no": "The model fits its training rows as well as a forest fits new ones.",
            NOT_ENOUGH: "Four times the seeds halve this interval.",
        }[answer],
        _WHERE["unfinished"],
    )  # fmt: skip


def _windows(place, window, epochs):
    """Return the epochs around the best one and the last ones, as slices."""
    first = min(max(place - window // 2, 0), epochs - window)
    return slice(first, first + window), slice(epochs - window, epochs)


def _skill(curves, labels):
    """Ask whether the score beats the larger class, or, without accuracy, the mean."""
    if "val_accuracy" not in curves:
        spread = labels.var(axis=1)
        better = 1 - curves["val_loss"][:, -1] / spread
        what, wide = "share of the variance explained, if the loss is the squared error,", 1
    else:
        shares = [np.unique(row, return_counts=True)[1].max() / len(row) for row in labels]
        better = 100 * (curves["val_accuracy"][:, -1] - np.array(shares))
        what, wide = "accuracy above the share of the larger class, in points,", 100
    _, low, high = evidence.interval(better)
    answer = "no" if low > 0 else ("yes" if high < 0.02 * wide else NOT_ENOUGH)
    return Finding(
        "no skill", answer,
        f"At the end, the {what} is {better.mean():.3g} (95 % interval {low:.3g} to {high:.3g}).",
        "Student's interval over the runs, which share rows: somewhat too narrow.",
        _ADVICE["no skill"][answer == "no"] if answer != NOT_ENOUGH
        else "Four times the rows halve this interval.",
        _WHERE["no skill"],
    )  # fmt: skip


def _luck(curves, labels):
    """Ask how far one run's score may lie from the mean over seeds and splits."""
    name = "val_accuracy" if "val_accuracy" in curves else "val_loss"
    last, rows = curves[name][:, -1], labels.shape[1]
    spread, matters = last.std(ddof=1), 0.05 * last.mean()
    seen = (
        f"One run's {name} at the end spreads by {spread:.3g} (standard deviation over the runs)."
    )
    if name == "val_accuracy":
        matters = 0.01
        binomial = math.sqrt(last.mean() * (1 - last.mean()) / rows)
        seen += f" {rows} validation rows alone would give {binomial:.3g} (binomial)."
    lucky = spread > matters
    wanted = math.ceil(rows * (spread / matters) ** 2) if lucky else rows
    return Finding(
        "luck", "yes" if lucky else "no", seen,
        f"A standard deviation of {len(last)} runs is itself uncertain by about "
        f"{_percent(1 / math.sqrt(2 * (len(last) - 1)))}.",
        f"Report the mean of several seeds and splits. About {wanted:,} validation rows would be "
        "enough for one run, if sampling is all of it." if lucky
        else "One run says nearly as much as many.",
        "notebook 06 (size of the validation set)",
    )  # fmt: skip


def _rate(usual, others):
    """Ask whether a tenth or ten times the learning rate reaches a lower loss."""
    best = usual.min(axis=1)
    seen, answer, advice = [], "no", "A tenth or ten times the rate reaches no lower loss."
    for words, loss in others.items():
        lowest = np.where(np.isfinite(loss), loss, _DIVERGED).min(axis=1)
        gain = np.log(np.maximum(best, _TINY) / np.maximum(lowest, _TINY))
        _, low, high = evidence.interval(gain)
        seen.append(
            f"With {words} the rate the lowest validation loss is {math.exp(-gain.mean()):.2f} "
            f"times as high (95 % interval {math.exp(-high):.2f} to {math.exp(-low):.2f})."
        )
        if low > math.log(1.05):
            answer, advice = "yes", f"Try {words} the learning rate."
        elif high > math.log(1.05) and answer == "no":
            answer, advice = NOT_ENOUGH, "Four times the seeds halve these intervals."
    return Finding(
        "learning rate too high or too low", answer, " ".join(seen),
        "Student's interval over the runs, which share rows: somewhat too narrow. Not measured on "
        "the bench.",
        advice, _WHERE["unstable"],
    )  # fmt: skip


# --- the bench's record, as notebook 10 shows it --------------------------------------------------


def rules_of_thumb(loss, val_loss, accuracy=None, val_accuracy=None):
    """Say what three rules of thumb call overfit.

    Parameters
    ----------
    loss, val_loss : numpy.ndarray, shape (R, epochs)
    accuracy, val_accuracy : numpy.ndarray, shape (R, epochs), or None

    Returns
    -------
    dict of str to numpy.ndarray of bool, shape (R,)
        *gap*: the training accuracy ends 5 points above the validation accuracy (without accuracy:
        the validation loss a fifth above the training loss). *rising loss*: the validation loss was
        above its best in each of the last ten epochs. *accuracy below its best*: the validation
        accuracy ends 2 points below its best epoch.
    """
    gap = val_loss[:, -1] > 1.2 * loss[:, -1]
    below = np.zeros(len(gap), dtype=bool)
    if accuracy is not None:
        gap = accuracy[:, -1] - val_accuracy[:, -1] > 0.05
        below = val_accuracy.max(axis=1) - val_accuracy[:, -1] > 0.02
    rising = (val_loss[:, -10:] > val_loss.min(axis=1, keepdims=True)).all(axis=1)
    return {"gap": gap, "rising loss": rising, "accuracy below its best": below}


def shown(result, pool="sound"):
    """Lay the bench's pooled figures out as text.

    Parameters
    ----------
    result : dict
        By validation rows and pool, as `bench` holds it under "one history" and "replicates".
    pool : {"sound", "all"}
        Without or with the situations whose rows leak or are shifted.

    Returns
    -------
    str
        One line per size and finding.
    """
    head = f"{'rows':>11} {'finding':26}{'true':>6}{'heard':>7}{'alarms':>8}{'silent':>8}{'F1':>7}"
    lines = [f"{head}  {'95 % interval':15}{'F1 of the answered':>18}"]
    for rows, pools in result.items():
        for name, f in pools[pool].items():
            lines.append(
                f"{rows:>11} {name:26}{f['share']:6.2f}{f['sensitivity']:7.2f}"
                f"{f['false alarms']:8.3f}"
                f"{f['abstentions']:8.2f}{f['f1']:7.3f}  {f['f1 low']:.3f} to {f['f1 high']:.3f}"
                f"{f['f1 of the answered']:18.3f}"
            )
    return "\n".join(lines)


def by_situation(group, who, *, half="second", rows=(20, 200, 2_000), kinds=None, least=1):
    """Count on the bench, situation by situation, which runs were called overfit.

    Parameters
    ----------
    group : {"healthy", "overfit", "unstable"}
        Which runs: healthy ones are neither overfit nor unstable.
    who : str
        "diagnose", or one of the `rules_of_thumb`.
    half : {"second", "first"}
        The first half chose the rules.
    rows : sequence of int
        Validation rows, each one of 20, 200 and 2,000; their runs are counted together.
    kinds : sequence of str, optional
        Only situations made to show this, as "overfit" or "healthy".
    least : int, default 1
        Only situations in which so many of the 100 runs, or more, belong to the group.

    Returns
    -------
    dict of str to tuple (called, runs)
    """
    groups, callers = ("healthy", "overfit", "unstable"), tuple(bench()["situations"][0]["called"])
    checks.one_of("group", group, groups)
    checks.one_of("who", who, callers)
    checks.one_of("half", half, ("second", "first"))
    record = bench() if half == "second" else bench()["half that chose the rules"]
    found = {}
    for s in record["situations"]:
        if s["rows"] in rows and s[group] >= least and (kinds is None or s["kind"] in kinds):
            called, runs = found.get(s["situation"], (0, 0))
            found[s["situation"]] = called + s["called"][who][group], runs + s[group]
    return found


def main(arguments):
    """Diagnose a file, as ``python3 course.py diagnose FILE [ROWS]`` does; return the exit code."""
    file, rows = [*arguments, None][:2]
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if rows is not None and not rows.isdecimal():
            raise ValueError(f"the number of validation rows must be a whole number, got {rows!r}")
        print(diagnose(file, validation_rows=None if rows is None else int(rows)))
    except (TypeError, ValueError) as error:
        print(f"course.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
