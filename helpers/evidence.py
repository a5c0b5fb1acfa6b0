"""Turn the runs of an experiment into an interval and a verdict. NumPy and SciPy alone."""

import html
import math
import tomllib
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path

import numpy as np
from scipy import stats

from helpers import checks

MEDIA_TYPE = "application/vnd.overfitting-course.claim+json"
ORIGINS = {
    "given": "given by the course's register",
    "planned": "planned before the runs",
    "asked after a first look": "asked after a first look",
}
METHODS = {
    "student": "95 % interval",
    "wilson": "95 % interval (Wilson)",
    "nadeau-bengio": "95 % interval (corrected for shared rows)",
}
KINDS = {
    None: "",
    "smaller": "smaller than claimed",
    "none": "no effect that would matter",
    "opposite": "the opposite effect",
    "unclear": "too few runs to say how",
}
REGISTER = Path(__file__).with_name("register.toml")
# What a claim is that does not say otherwise.
_UNSAID = {
    "quantity": "measured value of a run",
    "why": "not said",
    "origin": "planned",
    "program": "own",
    "no_effect": 0.0,
    "method": "student",
}
_COLOURS = {"supported": "#00664b", "refuted": "#a33b00", "undecided": "#555555"}


def interval(values, confidence=0.95, *, split_rows=None):
    """Mean over the runs and its Student t interval.

    Parameters
    ----------
    values : array-like, shape (R, ...)
        One entry per run along the first axis, R at least 2.
    confidence : float, default 0.95
        Between 0 and 1, both excluded.
    split_rows : tuple of int (training rows, test rows) or None
        Given where the runs are random splits of one data set: they share rows, so their spread
        says too little, and the variance of the mean is corrected for it.

    Returns
    -------
    mean, low, high : numpy.ndarray, shape (...)
        Where all runs agree the interval is that single value.

    Notes
    -----
    Student (1908), The probable error of a mean. Equals
    ``scipy.stats.ttest_1samp(values, 0).confidence_interval(confidence)``. With `split_rows`, the
    variance s² / R of the mean becomes (1 / R + test rows / training rows) s², with R - 1 degrees
    of freedom: Nadeau and Bengio (2003), Inference for the generalization error, Machine Learning
    52, section 4.
    """
    values = _runs(values, ("R", ...))
    confidence = checks.number("confidence", confidence, 0, 1, ends=False)
    shared = 0.0
    if split_rows is not None:
        if not isinstance(split_rows, tuple) or len(split_rows) != 2:
            raise TypeError(
                "split_rows must be a tuple (training rows, test rows), got "
                + checks.short(split_rows)
            )
        training, test = (checks.whole(f"split_rows[{i}]", n) for i, n in enumerate(split_rows))
        shared = test / training
    variance = (1 / len(values) + shared) * values.var(axis=0, ddof=1)
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * np.sqrt(variance)
    mean = values.mean(axis=0)
    return mean, mean - half, mean + half


def proportion(count, n, confidence=0.95):
    """Share of successes and its Wilson score interval.

    Parameters
    ----------
    count : int
        Successes, from 0 to `n`.
    n : int
        Trials, at least 1.
    confidence : float, default 0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    share, low, high : float

    Notes
    -----
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    n = checks.whole("n", n)
    count = checks.whole("count", count, 0, n)
    confidence = checks.number("confidence", confidence, 0, 1, ends=False)
    found = stats.binomtest(count, n).proportion_ci(confidence, method="wilson")
    return count / n, found.low, found.high


def claim(
    id,
    values,
    sentence=None,
    *,
    threshold=None,
    quantity=None,
    why=None,
    origin=None,
    program=None,
    no_effect=None,
    method=None,
    split_rows=None,
):
    """Decide whether a sentence holds, from one measured value per run.

    A claim of the course stands in ``helpers/register.toml``, where its sentence and threshold were
    fixed, and takes only its id and the measured values. A claim of your own takes a sentence and a
    threshold as well.

    Parameters
    ----------
    id : str
        Short name, lower-case words joined by hyphens.
    values : array-like, shape (R,)
        The measured quantity of each run, R at least 2. For a comparison, the difference of the
        two conditions within a run.
    sentence : str
        What is claimed. It must be false if the mean of `values` is below `threshold`.
    threshold : float
        The smallest mean that would matter, fixed before the runs were looked at.
    quantity : str, default "measured value of a run"
        What `values` are, with their unit.
    why : str, default "not said"
        Why the threshold is what it is, in one sentence.
    origin : {"given", "planned", "asked after a first look"}, default "planned"
        Where the claim comes from: the fifteen programs, a plan, or a question that the first runs
        raised.
    program : str, default "own"
        The program of the course that the claim is about, as "1.1", or "own".
    no_effect : float or "none", default 0.0
        The mean that would mean no effect, as 0.5 for the accuracy of a guess between two equal
        classes; "none" where there is no such value.
    method : {"student", "wilson", "nadeau-bengio"}, default "student"
        How the interval is made: "student" for the mean of independent runs, "wilson" for a share
        (all values 0 or 1), "nadeau-bengio" where the runs split one data set again and again.
    split_rows : tuple of int (training rows, test rows), optional
        With "nadeau-bengio" alone, and then required.

    Returns
    -------
    Claim
        ``supported`` if the whole 95 % interval of the mean lies at or above the threshold,
        ``refuted`` if all of it lies below, else ``undecided``. As the last line of a notebook
        cell it shows itself, and is stored so that ``python3 course.py claims`` finds it.

    Notes
    -----
    With t for `threshold` and e for `no_effect`, a refuted claim is of one of four kinds:

    - *opposite*: the whole interval lies below e;
    - *smaller*: the whole interval lies above e (and below t), or e is None;
    - *none*: the interval holds e, and each of its values is nearer to e than t is;
    - *unclear*: it holds e and reaches as far below e as t lies above it. More runs are needed.

    Where t is at or below e ("not worse by more than the margin e - t", or "above e" with t = e),
    a refuted claim has its whole interval below t, so below e: it is always *opposite*.
    """
    checks.text("id", id, r"[a-z0-9]+(-[a-z0-9]+)*", "lower-case words joined by hyphens")
    given = {
        "sentence": sentence, "threshold": threshold, "quantity": quantity, "why": why,
        "origin": origin, "program": program, "no_effect": no_effect, "method": method,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    registered = _register().get(id, {})
    if registered and given:
        raise ValueError(
            f"the claim {id!r} stands in the register, where its {next(iter(given))} is fixed: "
            "give its id and values alone, or choose another id"
        )
    for name in ("sentence", "threshold"):
        if name not in registered | given:
            raise ValueError(f"{name} must be given: {id!r} does not stand in the register")
    said = _UNSAID | registered | given
    for name in ("sentence", "why", "quantity"):
        checks.text(name, said[name], r".*\S.*", "a text that is not empty")
    values = np.array(_runs(values, ("R",)))
    values.flags.writeable = False
    threshold = checks.number("threshold", said["threshold"])
    checks.text("program", said["program"], r"\d\.\d|own", "a program's number, as '1.1', or 'own'")
    checks.one_of("origin", said["origin"], list(ORIGINS))
    no_effect = said["no_effect"]
    if isinstance(no_effect, str) and no_effect == "none":
        no_effect = None
    else:
        no_effect = checks.number("no_effect", no_effect)
    method = checks.one_of("method", said["method"], list(METHODS))
    if (split_rows is not None) != (method == "nadeau-bengio"):
        raise ValueError(
            "split_rows must be given with the method 'nadeau-bengio', and with no other; got "
            f"{checks.short(split_rows)} with {method!r}"
        )
    if method == "wilson":
        if not np.isin(values, (0, 1)).all():
            raise ValueError(
                f"values must be 0 or 1 with 'wilson', got {checks.short(np.unique(values))}"
            )
        estimate, low, high = proportion(int(values.sum()), len(values))
    else:
        estimate, low, high = map(float, interval(values, split_rows=split_rows))
    verdict = "supported" if low >= threshold else "refuted" if high < threshold else "undecided"
    kind = _kind(low, high, threshold, no_effect) if verdict == "refuted" else None
    return Claim(
        id=id,
        program=said["program"],
        sentence=said["sentence"],
        quantity=said["quantity"],
        estimate=estimate,
        low=low,
        high=high,
        threshold=threshold,
        no_effect=no_effect,
        runs=len(values),
        method=method,
        verdict=verdict,
        kind=kind,
        origin=said["origin"],
        why=said["why"],
        values=values,
    )


@cache
def _register():
    return tomllib.loads(REGISTER.read_text(encoding="utf-8"))


def _kind(low, high, threshold, no_effect):
    if no_effect is None or low > no_effect:
        return "smaller"
    if high < no_effect:
        return "opposite"
    return "none" if no_effect - low < threshold - no_effect else "unclear"


def _runs(values, shape):
    values = checks.numbers("values", values, shape).astype(float, copy=False)
    if len(values) < 2:
        raise ValueError(f"values must hold at least 2 runs, got {checks.short(values)}")
    return values


@dataclass(frozen=True)
class Claim:
    """A sentence, what was measured, and what follows. Made by `claim`, which says what is what.

    Attributes
    ----------
    estimate, low, high : float
        The mean of the values and its 95 % interval.
    verdict : {"supported", "refuted", "undecided"}
    kind : {"smaller", "none", "opposite", "unclear"} or None
        How a refuted claim fails; None for the others.
    values : numpy.ndarray, shape (R,)
        What was measured, one entry per run. Read-only.
    """

    id: str
    program: str
    sentence: str
    quantity: str
    estimate: float
    low: float
    high: float
    threshold: float
    no_effect: float | None
    runs: int
    method: str
    verdict: str
    kind: str | None
    origin: str
    why: str
    values: np.ndarray = field(repr=False, compare=False)

    def record(self):
        """Return what is stored: all but the values, rounded to what is known.

        Returns
        -------
        dict
            Estimate and interval with the decimals at which half the interval's width has two
            significant digits.
        """
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.compare}
        rounded = zip(("estimate", "low", "high"), map(float, self.numbers()), strict=True)
        return {**found, **dict(rounded)}

    def page(self, picture=""):
        """Return the claim as HTML, with the HTML of a picture below the sentence."""
        colour = _COLOURS[self.verdict]
        lines = [
            f'<b style="background-color: {colour}; color: white; padding: 0.1em 0.5em;">'
            f"{self.verdict.upper()}</b> <b>{KINDS[self.kind]}</b> <code>{self.id}</code>",
            html.escape(self.sentence),
            *filter(None, [picture]),
            *(f"<small>{html.escape(line)}</small>" for line in self._small_print()),
        ]
        style = f"border-left: 6px solid {colour}; padding: 0.3em 0.8em;"
        return f'<div style="{style}">' + "<br>".join(lines) + "</div>"

    def numbers(self):
        """Return estimate and both ends of the interval as text, rounded to what is known."""
        return tuple(map(self._write, (self.estimate, self.low, self.high)))

    def described(self):
        """Return in words what a picture of the runs shows."""
        lowest, highest = map(self._write, (self.values.min(), self.values.max()))
        _, low, high = self.numbers()
        where = {"supported": "at or above", "refuted": "below", "undecided": "on both sides of"}
        mark = "" if self.no_effect is None else f" No effect would be {self.no_effect:g}."
        return (
            f"{self.runs} runs from {lowest} to {highest}. The interval of their mean, "
            f"{low} to {high}, lies {where[self.verdict]} the threshold {self.threshold:g}.{mark}"
        )

    def __str__(self):
        """Return the verdict, the sentence, the numbers and where the threshold comes from."""
        kind = f" ({KINDS[self.kind]})" if self.kind else ""
        head = f"{self.verdict.upper()}{kind}: {self.id}"
        return "\n".join([head, self.sentence, *self._small_print()])

    def _small_print(self):
        estimate, low, high = self.numbers()
        name = "share" if self.method == "wilson" else "mean"
        return [
            f"{self.quantity}: {name} {estimate}, {METHODS[self.method]} {low} to {high}, "
            f"threshold {self.threshold:g}, {self.runs} runs",
            f"Origin: {ORIGINS[self.origin]}. Why this threshold: {self.why}",
        ]

    def _write(self, value):
        half = (self.high - self.low) / 2
        if half <= 1e-6 * max(abs(self.low), abs(self.high)):
            return f"{value:.6g}"  # all runs agree: what a number of 32 bits knows
        decimals = 1 - math.floor(math.log10(half))
        # + 0.0 makes -0.0 a plain zero.
        return f"{round(float(value), decimals) + 0.0:.{max(decimals, 0)}f}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": str(self), "text/html": self.page(), MEDIA_TYPE: self.record()}
