"""Compare what a notebook's cell shows now with what is stored: claims, words and numbers.

nbval runs the cells; the conftest.py at the top puts `Cell` in the place of nbval's own.
"""

import math
import re
from decimal import Decimal

from nbval.plugin import IPyNbCell

from helpers.evidence import MEDIA_TYPE

_MEASURED = ("estimate", "low", "high")
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")


def moved(stored, fresh):
    """Say how a fresh claim differs from the stored one.

    Parameters
    ----------
    stored, fresh : dict
        Records of `evidence.Claim`.

    Returns
    -------
    str or None
        What differs, with the id and both sets of numbers; None if nothing does.

    Notes
    -----
    Everything but the numbers measured must be equal. The fresh estimate must lie within the
    stored 95 % interval: README and pages print that interval as where the mean lies, and an
    estimate outside makes them untrue. The seeds are the same, so only rounding differs between
    two computers. Training can magnify it to another course of a run, as another seed would, but
    data and initial weights stay, so the mean moves less than from one set of seeds to another:
    compiled for AVX2 instead of AVX-512, the ten estimates of notebook 01 moved by at most a tenth
    of half their interval. An estimate that leaves it is no noise of that kind. The ends are
    widened by one unit of the last digit stored: half for the rounding of the end, half for that
    of the estimate.
    """
    names = sorted(stored.keys() | fresh.keys())
    changed = [n for n in names if n not in _MEASURED and stored.get(n) != fresh.get(n)]
    low, high = stored["low"], stored["high"]
    half = (high - low) / 2
    unit = 10.0 ** (math.floor(math.log10(half)) - 1) if half > 0 else 1e-5 * abs(low)
    if not low - unit <= fresh["estimate"] <= high + unit:
        changed.insert(0, "estimate")
    if not changed:
        return None
    lines = [
        f"The claim {stored['id']} is no longer the stored one. Different: {', '.join(changed)}."
    ]
    for name, record in (("stored", stored), ("fresh", fresh)):
        numbers = "estimate {estimate:g}, 95 % interval {low:g} to {high:g}".format(**record)
        others = "".join(f", {n} {record.get(n)!r}" for n in changed if n != "estimate")
        lines.append(f"  {name}: {numbers}{others}")
    return "\n".join(lines)


def same_text(stored, fresh):
    """Tell whether two texts have the same words, and numbers that are near each other.

    Parameters
    ----------
    stored, fresh : str

    Returns
    -------
    bool
        Words are equal, but for the width of the white space. Two numbers at the same place differ
        by at most a tenth of the larger one, 0.02, or two units of the last place that is printed,
        whichever is most: single runs drift between computers as the means of claims do not.
    """
    if [part.split() for part in _NUMBER.sub("\0", stored).split("\0")] != [
        part.split() for part in _NUMBER.sub("\0", fresh).split("\0")
    ]:
        return False
    return all(map(_near, _numbers(stored), _numbers(fresh)))


def _numbers(text):
    return [Decimal(number.replace(",", "")) for number in _NUMBER.findall(text)]


def _near(a, b):
    place = max(Decimal(10) ** number.as_tuple().exponent for number in (a, b))
    return abs(a - b) <= max(max(abs(a), abs(b)) / 10, Decimal("0.02"), 2 * place)


class _Text(str):
    """A text that equals another where `same_text` says so."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        return same_text(self, other)

    def __ne__(self, other):
        return not self == other


class Cell(IPyNbCell):
    """A cell for nbval, with the comparisons of this module."""

    def sanitize(self, output):
        """Return an output in the form in which nbval compares it."""
        return _Text(output) if isinstance(output, str) else output

    def compare_outputs(self, test, ref, skip_compare=None):
        """Compare claims by their records, and all else as nbval does."""
        (fresh, test), (stored, ref) = map(_claims_apart, (test, ref))
        if [claim["id"] for claim in fresh] != [claim["id"] for claim in stored]:
            found = [f"Claims stored: {stored}", f"Claims now: {fresh}"]
        else:
            found = list(filter(None, map(moved, stored, fresh)))
        if found:
            self.comparison_traceback = found
            return False
        return super().compare_outputs(test, ref, skip_compare)


def _claims_apart(outputs):
    """Return the records of claims, and the outputs that show no claim, without their pictures."""
    for output in outputs:
        if "image/png" in output.get("data", {}):
            output["data"].pop("text/html", None)  # the same picture, with its alternative text
    claims = [output for output in outputs if MEDIA_TYPE in output.get("data", {})]
    others = [output for output in outputs if MEDIA_TYPE not in output.get("data", {})]
    return [output["data"][MEDIA_TYPE] for output in claims], others
