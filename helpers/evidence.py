"""Turn the runs of an experiment into an interval and a verdict. NumPy and SciPy alone."""

import html
from dataclasses import asdict, dataclass

import numpy as np
from scipy import stats


def curves(table, split, metric):
    """Take one metric of one split out of a tidy table.

    Parameters
    ----------
    table : pandas.DataFrame
        What `training.fit_replicas` returned: columns ``seed, epoch, split, metric, value``.
    split, metric : str
        For example "validation" and "accuracy".

    Returns
    -------
    numpy.ndarray, shape (R, epochs)
        One row per run, in the order of the table's seeds, one column per epoch.
    """
    for name, wanted in (("split", split), ("metric", metric)):
        if wanted not in set(table[name]):
            raise ValueError(f"{name} must be one of {sorted(set(table[name]))}, got {wanted!r}")
    rows = table[(table["split"] == split) & (table["metric"] == metric)]
    return rows["value"].to_numpy().reshape(rows["seed"].nunique(), -1)


def interval(values, confidence=0.95):
    """Mean over the runs and its Student t interval.

    Parameters
    ----------
    values : array-like, shape (R, ...)
        One entry per run along the first axis, R at least 2.
    confidence : float, default 0.95

    Returns
    -------
    mean, low, high : numpy.ndarray, shape (...)

    Notes
    -----
    Student (1908), The probable error of a mean. Equals
    ``scipy.stats.ttest_1samp(values, 0).confidence_interval(confidence)``; where all runs agree
    the interval is that single value.
    """
    values = _runs(values)
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence!r}")
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

    Returns
    -------
    share, low, high : float

    Notes
    -----
    Wilson (1927), Probable inference, the law of succession, and statistical inference.
    """
    if not 0 <= count <= n or n < 1:
        raise ValueError(f"count must lie between 0 and n = {n}, and n be at least 1, got {count}")
    found = stats.binomtest(int(count), int(n)).proportion_ci(confidence, method="wilson")
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
    """
    values = _runs(values)
    if values.ndim != 1:
        raise ValueError(f"values must have shape (R,), one per run, got {values.shape}")
    if not id or id != "-".join(id.lower().split()):
        raise ValueError(f"id must be lower-case words joined by hyphens, got {id!r}")
    if not np.isfinite(threshold):
        raise ValueError(f"threshold must be a finite number, got {threshold!r}")
    mean, low, high = (float(v) for v in interval(values))
    verdict = "supported" if low >= threshold else "refuted" if high < threshold else "undecided"
    return Claim(id, program, sentence, mean, low, high, float(threshold), len(values), verdict)


def _runs(values):
    try:
        values = np.asarray(values, float)
    except (TypeError, ValueError):
        raise TypeError(
            f"values must be an array of numbers, got {type(values).__name__}"
        ) from None
    if values.ndim < 1 or len(values) < 2:
        raise ValueError(f"values must hold at least 2 runs, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("values must be finite numbers, got NaN or an infinity")
    return values
