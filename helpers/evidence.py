"""Turn the runs of an experiment into an interval and a verdict. SciPy alone."""

import html
from dataclasses import asdict, dataclass

from scipy import stats

from helpers import checks

_COLUMNS = ("seed", "epoch", "split", "metric", "value")


def curves(table, split, metric):
    """Take one metric of one split out of a tidy table.

    Parameters
    ----------
    table : pandas.DataFrame
        What `training.fit_replicas` returned: columns ``seed, epoch, split, metric, value``, the
        rows of a seed together and in the order of the epochs.
    split, metric : str
        For example "validation" and "accuracy".

    Returns
    -------
    numpy.ndarray, shape (R, epochs)
        One row per run, in the order of the table's seeds, one column per epoch.

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    columns = list(getattr(table, "columns", ()))
    if not set(_COLUMNS) <= set(columns):
        raise TypeError(
            f"table must be a pandas.DataFrame with the columns {', '.join(_COLUMNS)}, got "
            f"{f'columns {checks.short(columns)}' if columns else checks.short(table)}"
        )
    checks.one_of("split", split, sorted(set(table["split"])))
    checks.one_of("metric", metric, sorted(set(table["metric"])))
    rows = table[(table["split"] == split) & (table["metric"] == metric)]
    runs = rows["seed"].nunique()
    if runs and len(rows) % runs == 0:
        seeds, epochs = (rows[name].to_numpy().reshape(runs, -1) for name in ("seed", "epoch"))
        if (seeds == seeds[:, :1]).all() and (epochs == epochs[0]).all():
            return rows["value"].to_numpy().reshape(runs, -1)
    raise ValueError(
        f"table must hold the {metric} of {split} for every seed at the same epochs, the rows of "
        f"a seed together and in the order of the epochs; got {len(rows)} rows of {runs} seeds"
    )


def interval(values, confidence=0.95):
    """Mean over the runs and its Student t interval.

    Parameters
    ----------
    values : array-like, shape (R, ...)
        One entry per run along the first axis, R at least 2.
    confidence : float, default 0.95
        Between 0 and 1, both excluded.

    Returns
    -------
    mean, low, high : numpy.ndarray, shape (...)

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.

    Notes
    -----
    Student (1908), The probable error of a mean. Equals
    ``scipy.stats.ttest_1samp(values, 0).confidence_interval(confidence)``; where all runs agree
    the interval is that single value.
    """
    values = _runs(values, ("R", ...))
    confidence = checks.number("confidence", confidence, 0, 1, ends=False)
    half = stats.t.ppf((1 + confidence) / 2, len(values) - 1) * stats.sem(values, axis=0)
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

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.

    Notes
    -----
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    n = checks.whole("n", n)
    count = checks.whole("count", count, 0, n)
    confidence = checks.number("confidence", confidence, 0, 1, ends=False)
    found = stats.binomtest(count, n).proportion_ci(confidence, method="wilson")
    return count / n, found.low, found.high


@dataclass(frozen=True)
class Claim:
    """A sentence, what was measured, and what follows. Made by `claim`."""

    id: str
    program: str
    sentence: str
    estimate: float
    low: float
    high: float
    threshold: float
    runs: int
    verdict: str

    def __str__(self):
        """Return three lines: the verdict, the sentence, the numbers."""
        return f"{self.verdict.upper()}: {self.id}\n{self.sentence}\n{self._numbers()}"

    def _numbers(self):
        return (
            f"mean {self.estimate:.3f}, 95 % interval {self.low:.3f} to {self.high:.3f}, "
            f"threshold {self.threshold:g}, {self.runs} runs"
        )

    def _repr_mimebundle_(self, include=None, exclude=None):
        colour = {"supported": "#00664b", "refuted": "#a33b00"}.get(self.verdict, "#555555")
        page = (
            f'<div style="border-left: 6px solid {colour}; padding: 0.3em 0.8em;">'
            f'<b style="color: {colour};">{self.verdict.upper()}</b> '
            f"<code>{html.escape(self.id)}</code><br>{html.escape(self.sentence)}<br>"
            f"<small>{self._numbers()}</small></div>"
        )
        return {"text/plain": str(self), "text/html": page}, {"claim": asdict(self)}


def claim(id, sentence, values, *, threshold, program):
    """Decide whether a sentence holds, from one measured value per run.

    Parameters
    ----------
    id : str
        Short name, lower-case words joined by hyphens.
    sentence : str
        What is claimed. It must be false if the mean of `values` is below `threshold`.
    values : array-like, shape (R,)
        The measured quantity of each run, R at least 2. For a comparison, the difference of the
        two conditions within a run.
    threshold : float
        The smallest mean that would matter, fixed before the runs were looked at.
    program : str
        The program of the course that the claim is about, "1.1", or "own".

    Returns
    -------
    Claim
        ``supported`` if the whole 95 % interval of the mean lies at or above the threshold,
        ``refuted`` if all of it lies below, else ``undecided``. As the last line of a notebook
        cell it is shown, and stored so that ``python3 course.py claims`` finds it.

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    checks.text("id", id, r"[a-z0-9]+(-[a-z0-9]+)*", "lower-case words joined by hyphens")
    checks.text("sentence", sentence, r".*\S.*", "a sentence")
    values = _runs(values, ("R",))
    threshold = checks.number("threshold", threshold)
    checks.text("program", program, r"\d\.\d|own", "a program's number, as '1.1', or 'own'")
    mean, low, high = (float(v) for v in interval(values))
    verdict = "supported" if low >= threshold else "refuted" if high < threshold else "undecided"
    return Claim(id, program, sentence, mean, low, high, threshold, len(values), verdict)


def _runs(values, shape):
    values = checks.numbers("values", values, shape).astype(float, copy=False)
    if len(values) < 2:
        raise ValueError(f"values must hold at least 2 runs, got {checks.short(values)}")
    return values
