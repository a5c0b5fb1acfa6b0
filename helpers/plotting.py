"""Draw the figures of the course. The only helper that imports matplotlib.

Every function draws on the axes it is given (or makes a figure) and returns the axes. A split has
one colour and one line style through the whole course; the colours are those of Okabe and Ito
(2008), which colour-blind readers can tell apart. Arguments are checked here where a wrong one
would give a wrong picture; what matplotlib refuses itself is left to it.

In a notebook, importing this module makes figures sharp on screens of two pixels a point, gives
each of them an alternative text for readers who do not see it, and every claim the strip of its
runs.
"""

import base64
import html
import io
import sys
import textwrap
import weakref

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator
from PIL import Image

from helpers import checks

_BLACK, _ORANGE, _SKY, _GREEN, _YELLOW, _BLUE, _VERMILION, _PURPLE = mpl.color_sequences[
    "okabe_ito"
]

COLOURS = {"train": _BLUE, "validation": _VERMILION, "test": _GREEN}
LINE_STYLES = {"train": "-", "validation": "--", "test": "-."}
NAMES = {"train": "training", "validation": "validation", "test": "test"}
CONDITIONS = (_BLACK, _ORANGE, _SKY, _PURPLE, _GREEN, _VERMILION)
# By verdict and kind: marker, colour and name.
_VERDICTS = {
    ("supported", None): ("D", _GREEN, "supported"),
    ("refuted", "smaller"): ("v", _VERMILION, "refuted, smaller than claimed"),
    ("refuted", "none"): ("o", _VERMILION, "refuted, no effect"),
    ("refuted", "opposite"): ("X", _VERMILION, "refuted, the opposite"),
    ("refuted", "unclear"): ("P", _VERMILION, "refuted, unclear how"),
    ("undecided", None): ("s", "0.4", "undecided"),
}
_FEW = 5  # runs drawn one by one; the others are the band
_told = weakref.WeakKeyDictionary()  # by axes: what they show, in sentences

mpl.rcParams.update(
    {
        "figure.figsize": (7.5, 4.0),
        "figure.dpi": 110,
        "figure.constrained_layout.use": True,
        "font.size": 11,
        "axes.titlesize": 12,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "0.9",
        "axes.axisbelow": True,
        "legend.frameon": False,
    }
)


def figure(columns=1, rows=1, height=4.0, *, sharex=False, sharey=False):
    """Make a figure with a row or a grid of axes, at a size that can be read at half of it.

    Parameters
    ----------
    columns, rows : int
        Number of axes.
    height : float, default 4
        Height of one row in inches.
    sharex, sharey : bool, default False
        Whether all axes have the same limits.

    Returns
    -------
    matplotlib.axes.Axes, or numpy.ndarray of them
    """
    size = (7.5 if columns == 1 else 10.0, height * rows)
    return plt.subplots(rows, columns, figsize=size, sharex=sharex, sharey=sharey)[1]


def tell(ax, sentence):
    """Add a sentence to the alternative text of a figure: what these axes show, with numbers.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        The functions of this module tell what they draw; lines of your own need it.
    sentence : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    checks.text("sentence", sentence, r".*\S.*", "a sentence")
    _told.setdefault(ax, []).append(sentence)
    return ax


def described(figure):
    """Return in words what a figure shows: its alternative text.

    Parameters
    ----------
    figure : matplotlib.figure.Figure

    Returns
    -------
    str
        For each of its axes the title and what was told of it, or its labels where nothing was.
    """
    parts = []
    for ax in figure.axes:
        if hasattr(ax, "_colorbar"):
            continue
        across, up = (label.replace("\n", " ") for label in (ax.get_xlabel(), ax.get_ylabel()))
        drawn = [f"{up} against {across}." if up else f"{across}."] if across else []
        title = next((t for t in map(ax.get_title, ("left", "center", "right")) if t), "")
        parts += [f"{title.rstrip('.')}."] * bool(title) + _told.get(ax, drawn)
    return " ".join(parts).replace("$", "")


def png(ax):
    """Turn a figure into a picture and let go of it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Any axes of the figure.

    Returns
    -------
    bytes
        The figure as a PNG file of two pixels a point, for `explore.Slider`.
    """
    picture = _drawn(ax.figure)
    plt.close(ax.figure)  # else pyplot would show it once more below the cell
    return with_palette(picture)


def with_palette(picture):
    """Store a picture with 64 colours: a figure looks the same and takes a third of the room.

    Parameters
    ----------
    picture : bytes
        A PNG file.

    Returns
    -------
    bytes
        The smaller one of the given file and the one with a palette. A file that has a palette
        is returned as it is.
    """
    image, buffer = Image.open(io.BytesIO(picture)), io.BytesIO()
    if image.mode == "P":
        return picture
    image = image.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    image.save(buffer, format="png", optimize=True)
    return min(picture, buffer.getvalue(), key=len)


def halved(picture):
    """Make a picture half as wide and high.

    Parameters
    ----------
    picture : bytes
        A PNG file.

    Returns
    -------
    bytes
        A PNG file of 64 colours.
    """
    image, buffer = Image.open(io.BytesIO(picture)).convert("RGB"), io.BytesIO()
    image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS).save(
        buffer, format="png"
    )
    return with_palette(buffer.getvalue())


def learning_curves(curves, ax=None, *, ylabel, title, ylim=None):
    """Draw a quantity against the epochs: the mean over the runs, a few of them, and their range.

    Parameters
    ----------
    curves : dict of str to array-like, shape (epochs,) or (R, epochs)
        Curves by split ("train", "validation", "test"), all over the same epochs. One that was
        measured after every k-th epoch alone holds NaN between, or is k times as short. Another
        name gets a colour of its own. The mean is bold and the first five runs are thin; with more
        runs a band holds the middle 80 % of them at each epoch.
    ax : matplotlib.axes.Axes or None
    ylabel, title : str
    ylim : tuple (low, high) or None
        Limits of the vertical axis; None fits them to the curves.

    Returns
    -------
    matplotlib.axes.Axes
    """
    last = max(np.shape(values)[-1] for values in curves.values())
    drawn = {name: _measured(name, values, last) for name, values in curves.items()}
    ax = figure() if ax is None else ax
    ends = []
    runs = max(len(values) for _, values in drawn.values())
    drawn_of = _count(runs, "run") if runs > 1 else "one curve each"
    told = [f"{ylabel or 'The same'} over {last} epochs, {drawn_of}."]
    for i, (name, (epochs, values)) in enumerate(drawn.items()):
        colour = COLOURS.get(name, CONDITIONS[i % len(CONDITIONS)])
        _draw_runs(ax, epochs, values, colour)
        mean = values.mean(axis=0)
        ax.plot(epochs, mean, LINE_STYLES.get(name, "-"), color=colour, linewidth=2.4)
        ends.append((mean[-1], NAMES.get(name, name), colour))
        told.append(_course(NAMES.get(name, name), epochs, mean, "epoch"))
    tell(ax, " ".join(told))
    ax.set(xlabel="epoch", ylabel=ylabel, title=title, xlim=(0, last))
    if ylim is not None:  # None would end the fitting for all panels that share the axis
        ax.set_ylim(ylim)
    label_ends(ax, last, ends)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    return ax


def _measured(name, values, last):
    """Return the epochs at which a curve was measured, and its values there, shape (R, k)."""
    values = np.atleast_2d(np.asarray(values, float))
    if values.shape[1] == 0 or last % values.shape[1]:
        raise ValueError(
            f"curves[{name!r}] must have {last} epochs, or one for every k-th of them, got "
            f"{values.shape[1]}"
        )
    epochs = np.linspace(0, last, values.shape[1] + 1)[1:]
    there = ~np.isnan(values).all(axis=0)
    return epochs[there], checks.numbers(f"curves[{name!r}]", values[:, there], ("R", "epochs"))


def _said(number):
    """Return a number as it is read aloud: 15,700 and not 1.57e+04."""
    return f"{number:,.0f}" if abs(number) >= 1_000 else f"{number:.3g}"


def _count(number, noun):
    return f"{number} {noun}{'s' * (number != 1)}"


def _course(name, x, y, at):
    """Return in words how a line runs: its ends, and its extremes where these lie between."""
    said = f"{name} from {_said(y[0])} to {_said(y[-1])}"
    for word, place in (("highest", y.argmax()), ("lowest", y.argmin())):
        if _said(y[place]) not in (_said(y[0]), _said(y[-1])):
            said += f", {word} {_said(y[place])} at {at} {_said(x[place])}"
    return f"{said[0].upper()}{said[1:]}."


def _draw_runs(ax, x, values, colour):
    """Draw a few runs as thin lines, over a band from the 10 % to the 90 % quantile of all."""
    if len(values) > _FEW:
        low, high = np.quantile(values, (0.1, 0.9), axis=0)
        ax.fill_between(x, low, high, color=colour, alpha=0.18, linewidth=0)
    if len(values) > 1:
        ax.plot(x, values[:_FEW].T, color=colour, alpha=0.45, linewidth=0.8)


def label_ends(ax, x, ends):
    """Write names beside the ends of lines, moved apart where they would overlap.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its limits and scales set.
    x : float
        Where the lines end.
    ends : list of tuple (y, name, colour)
    """
    bottom, top = ax.get_ylim()

    def place(y):
        low, high, at = (ax.transData.transform((x, v))[1] for v in (bottom, top, y))
        return (at - low) / (high - low)

    ends = sorted(
        ((min(max(y, bottom), top), name, colour) for y, name, colour in ends),
        key=lambda end: end[:2],  # colours may be text or tuples, which have no order
    )
    points = 72 * ax.get_position().height * ax.figure.get_figheight()
    gap = 14 / points  # one line of text, as a share of the axes
    spots = [place(y) for y, _, _ in ends]
    for i in range(1, len(spots)):
        spots[i] = max(spots[i], spots[i - 1] + gap)
    over = max([0.0, *(spot - 1.0 for spot in spots)])
    for spot, (y, name, colour) in zip(spots, ends, strict=True):
        # Tied to the data, so that a label stays with its line if the limits change later.
        _label_end(ax, (x, y), name, colour, 6, (spot - over - place(y)) * points)


def _label_end(ax, end, name, colour, right, up):
    ax.annotate(
        name, end, xytext=(right, up), textcoords="offset points", color=colour, va="center",
        fontweight="bold", annotation_clip=False,
    )  # fmt: skip


def strip(claim, ax=None):
    """Draw what a claim rests on: every run, their mean with its interval, and the threshold.

    Parameters
    ----------
    claim : evidence.Claim
    ax : matplotlib.axes.Axes or None

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figure(height=1.9) if ax is None else ax
    marker, colour, _ = _VERDICTS[claim.verdict, claim.kind]
    # Runs are spread upwards in a fixed pattern, so that equal values stay visible.
    lift = 0.25 + 0.7 * ((np.arange(claim.runs) * 0.618034) % 1)
    ax.plot(claim.values, lift, "o", color="0.45", alpha=0.45, markersize=4, markeredgewidth=0)
    ax.plot([claim.low, claim.high], [0, 0], color=colour, linewidth=7, solid_capstyle="butt")
    ax.plot(claim.estimate, 0, marker, color="white", markeredgecolor=colour, markersize=8)
    _mark(ax, claim.threshold, claim.no_effect)
    ax.set_yticks([0, 0.6], ["mean", "runs"])
    tell(ax, claim.described())
    ax.set(xlabel=textwrap.fill(claim.quantity, 80), ylim=(-0.25, 1.1))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    return ax


def _mark(ax, threshold, no_effect):
    """Draw the threshold and no effect as lines, named above the axes."""
    lines = {threshold: ("threshold", ":", _BLACK)}
    if no_effect == threshold:
        lines[threshold] = ("threshold = no effect", ":", _BLACK)
    elif no_effect is not None:
        lines[no_effect] = ("no effect", "-", "0.5")
    for place, (name, style, colour) in lines.items():
        ax.axvline(place, color=colour, linestyle=style, linewidth=1.4, zorder=1)
        left = place < max(lines) or (len(lines) == 1 and place > np.mean(ax.get_xlim()))
        ax.annotate(
            name, (place, 1), xycoords=("data", "axes fraction"), textcoords="offset points",
            xytext=(-3 if left else 3, 2), ha="right" if left else "left", color=colour,
            fontsize=10,
        )  # fmt: skip


def forest(claims, ax=None, *, title="Every claim of this notebook"):
    """Draw many claims against their thresholds, one row each.

    Parameters
    ----------
    claims : sequence of evidence.Claim
    ax : matplotlib.axes.Axes or None
    title : str

    Returns
    -------
    matplotlib.axes.Axes
        The estimates with their intervals, in units of the distance from no effect to the
        threshold: 0 is no effect and 1 the threshold. Right of 1 a claim is supported. Where no
        effect lies above the threshold (a margin that must not be missed) it is marked at 2. Where
        there is no such distance, the unit is the standard deviation of the runs. What lies
        further out than -2 and 4 is drawn at the edge.
    """
    ax = figure(height=2.2 + 0.34 * len(claims)) if ax is None else ax
    ax.figure.set_figwidth(10)
    left, right = -2.0, 4.0
    rows = np.arange(len(claims))[::-1]
    seen = {}
    for row, claim in zip(rows, claims, strict=True):
        key = claim.verdict, claim.kind
        marker, colour, name = _VERDICTS[key]
        distance = None if claim.no_effect is None else abs(claim.threshold - claim.no_effect)
        unit = distance or claim.values.std(ddof=1) or 1.0
        low, mean, high = (
            1 + (value - claim.threshold) / unit
            for value in (claim.low, claim.estimate, claim.high)
        )
        if distance and claim.no_effect > claim.threshold:
            ax.plot(2, row, "|", color="0.5", markersize=16, markeredgewidth=1.5)
        ends = np.clip((low, high), left, right)
        ax.plot(ends, [row, row], color=colour, linewidth=4, solid_capstyle="butt")
        at = float(np.clip(mean, left, right))
        (seen[key],) = ax.plot(
            at, row, marker, color="white", markeredgecolor=colour, markeredgewidth=2,
            markersize=9, linestyle="", label=name, clip_on=False, zorder=3,
        )  # fmt: skip
        ax.annotate(
            "{}  ({} to {})".format(*claim.numbers()), (1, row), xycoords=("axes fraction", "data"),
            xytext=(12, 0), textcoords="offset points", va="center", fontsize=10,
        )  # fmt: skip
        verdict = f"{claim.id} {name}, {'{} ({} to {})'.format(*claim.numbers())}, threshold"
        tell(ax, f"{verdict} {claim.threshold:g}.")
    _mark(ax, 1, 0)
    own = [claim.no_effect in (None, claim.threshold) for claim in claims]
    ax.set_yticks(rows, [f"{c.id}{' †' * mark}" for c, mark in zip(claims, own, strict=True)])
    ax.set(xlim=(left, right), ylim=(-0.7, len(claims) - 0.3))
    unit = "effect, in units of the threshold's distance from no effect"
    note = "\n† where there is no such distance: in standard deviations of the runs, threshold at 1"
    ax.set_xlabel(unit + note * any(own))
    ax.set_title(title, pad=22)
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0, pad=10)
    handles = [seen[key] for key in _VERDICTS if key in seen]
    ax.figure.legend(handles=handles, ncols=3, loc="outside lower center")
    return ax


def points(x, y, ax=None, *, title):
    """Draw labelled points of the plane.

    Parameters
    ----------
    x : array-like, shape (n, 2)
    y : array-like of 0 and 1, shape (n,)
    ax : matplotlib.axes.Axes or None
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    x = checks.numbers("x", x, ("n", 2))
    y = checks.numbers("y", y, (len(x),))
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"y must hold labels 0 and 1 alone, got {checks.short(np.unique(y))}")
    ax = figure(height=4.6) if ax is None else ax
    for label, marker, colour in ((0, "o", _SKY), (1, "^", _ORANGE)):
        ax.scatter(
            *x[y == label].T, marker=marker, color=colour, edgecolor=_BLACK, linewidth=0.5,
            s=38, label=f"class {label}", zorder=3,
        )  # fmt: skip
    tell(ax, f"{(y == 0).sum()} points of class 0 and {(y == 1).sum()} of class 1.")
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title)
    ax.set_aspect("equal")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def grid(steps=80):
    """Return a grid over the unit square, as rows to predict.

    Parameters
    ----------
    steps : int, default 80
        Points per side.

    Returns
    -------
    numpy.ndarray, shape (steps * steps, 2)
    """
    side = np.linspace(0, 1, steps)
    return np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)


def boundaries(probabilities, ax=None, *, title):
    """Draw where each replicate's decision changes, over the share of networks that say 1.

    Parameters
    ----------
    probabilities : array-like, shape (R, steps * steps)
        Predictions on the rows of `grid`, from 0 to 1.
    ax : matplotlib.axes.Axes or None
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    probabilities = checks.numbers("probabilities", probabilities, ("R", "n"), low=0, high=1)
    steps = int(round(probabilities.shape[1] ** 0.5))
    ax = figure(height=4.6) if ax is None else ax
    side = np.linspace(0, 1, steps)
    fields = probabilities.reshape(-1, steps, steps)
    share = (fields > 0.5).mean(axis=0)
    colours = mpl.colors.LinearSegmentedColormap.from_list("share", [_SKY, "white", _ORANGE])
    image = ax.pcolormesh(side, side, share, cmap=colours, vmin=0, vmax=1, shading="nearest")
    image.set_rasterized(True)
    for field in fields:
        if field.min() < 0.5 < field.max():
            ax.contour(side, side, field, levels=[0.5], colors=[_BLACK], alpha=0.35, linewidths=0.7)
    area = (fields > 0.5).mean(axis=(1, 2))
    spread = f", from {area.min():.0%} to {area.max():.0%}" if len(fields) > 1 else ""
    who = _count(len(fields), "network")
    tell(ax, f"{who}: class 1 is predicted on {area.mean():.0%} of the square{spread}.")
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title, xlim=(0, 1), ylim=(0, 1))
    ax.set_aspect("equal")
    ax.grid(visible=False)
    if len(fields) > 1:
        label = "share of networks that predict class 1"
        ax.figure.colorbar(image, ax=ax, label=label, shrink=0.85)
    return ax


def fits(x, predictions, ax=None, *, rows=None, truth=None, title, ylim=None):
    """Draw fitted functions of one variable: the mean over the replicates, a few, their range.

    Parameters
    ----------
    x : array-like, shape (n,) or (n, 1)
    predictions : array-like, shape (n,) or (R, n)
    ax : matplotlib.axes.Axes or None
    rows : tuple (x, y) or None
        Training rows to draw as points, of shapes (m,) or (m, 1).
    truth : array-like, shape (n,) or (n, 1), or None
        The function behind the data, at `x`.
    title : str
    ylim : tuple (low, high) or None

    Returns
    -------
    matplotlib.axes.Axes
    """
    x = np.ravel(x)
    predictions = np.atleast_2d(
        checks.numbers("predictions", predictions, (len(x),), ("R", len(x)))
    )
    ax = figure() if ax is None else ax
    _draw_runs(ax, x, predictions, _VERMILION)
    mean = predictions.mean(axis=0)
    ax.plot(x, mean, color=_VERMILION, linewidth=2.2)
    ends = [(mean[-1], "network" if len(predictions) == 1 else "mean network", _VERMILION)]
    spread = predictions.std(axis=0).mean()
    tell(
        ax,
        f"{_count(len(predictions), 'network')}. "
        + _course("the mean" if len(predictions) > 1 else "it", x, mean, "x =")
        + f" The runs spread by {spread:.3g} on average." * (len(predictions) > 1),
    )
    if truth is not None:
        truth = np.ravel(truth)
        tell(ax, f"The truth differs from it by at most {np.abs(truth - mean).max():.3g}.")
        ax.plot(x, truth, ":", color=_BLACK, linewidth=2)
        ends.append((truth[-1], "truth", _BLACK))
    if rows is not None:
        ax.plot(*map(np.ravel, rows), "o", color=_BLUE, markersize=5)
    ax.set(xlabel="$x$", ylabel="$y$", title=title, xlim=(x.min(), x.max()))
    if ylim is not None:
        ax.set_ylim(ylim)
    label_ends(ax, x.max(), ends)
    return ax


def with_interval(x, low, mean, high, ax=None, *, name=None, index=0, lift=0, **labels):
    """Draw a mean against a setting, with a band for its interval.

    Parameters
    ----------
    x, low, mean, high : array-like, shape (k,)
        Settings, and at each one the interval, low <= mean <= high. Settings that are
        texts stand at equal distances.
    ax : matplotlib.axes.Axes or None
    name : str or None
        Written beside the end of the line; a split's name gives the line that split's colour.
    index : int, default 0
        Which colour and marker to use for a name that is not a split's.
    lift : float, default 0
        Points by which the name is moved up, where two lines end close together.
    **labels
        For `Axes.set`: ``xlabel, ylabel, title, xscale, yscale, xticks, xticklabels``.

    Returns
    -------
    matplotlib.axes.Axes
    """
    x = np.asarray(x)
    low, mean, high = _bands(low, mean, high, len(x))
    ax = figure() if ax is None else ax
    colour, style = _look(index)
    colour, style = COLOURS.get(name, colour), LINE_STYLES.get(name, style)
    marker = "os^Dv*"[index % 6]
    ax.plot(x, mean, style, marker=marker, color=colour, linewidth=2, markersize=5)
    ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    ax.set(**labels)
    said = ", ".join(
        f"{at}: {_said(value)} ({_said(a)} to {_said(b)})"
        for at, value, a, b in zip(x, mean, low, high, strict=True)
    )
    tell(ax, f"{NAMES.get(name, name) or 'Mean and interval'} at {ax.get_xlabel()} {said}.")
    if name is not None:
        _label_end(ax, (x[-1], mean[-1]), NAMES.get(name, name), colour, 8, lift)
    return ax


def intervals(names, low, mean, high, ax=None, *, xlabel, title, reference=None):
    """Draw one mean with its interval per condition, one below the other.

    Parameters
    ----------
    names : sequence of str, length k
    low, mean, high : array-like, shape (k,)
        For each condition the interval, low <= mean <= high.
    ax : matplotlib.axes.Axes or None
    xlabel, title : str
    reference : float or None
        A value to compare with, drawn as a dotted line.

    Returns
    -------
    matplotlib.axes.Axes
    """
    low, mean, high = _bands(low, mean, high, len(names))
    ax = figure(height=0.9 + 0.42 * len(names)) if ax is None else ax
    places = np.arange(len(names))[::-1]
    ax.hlines(places, low, high, color=_BLUE, linewidth=5)
    for row in zip(names, mean, low, high, strict=True):
        tell(ax, "{}: {} ({} to {}).".format(row[0], *map(_said, row[1:])))
    # Small enough that a narrow interval is not hidden behind it.
    ax.plot(mean, places, "|", color=_BLACK, markersize=13, markeredgewidth=2)
    if reference is not None:
        ax.axvline(reference, color=_BLACK, linestyle=":", linewidth=1.4)
    ax.set_yticks(places, names)
    ax.set(xlabel=xlabel, title=title, ylim=(-0.6, len(names) - 0.4))
    ax.grid(axis="y", visible=False)
    return ax


def _look(index):
    """Return the colour and the line style of the condition at a place in a figure."""
    return CONDITIONS[index % len(CONDITIONS)], ("-", "--", "-.", ":")[index % 4]


def _bands(low, mean, high, length):
    """Return lower ends, means and upper ends as arrays, in this order."""
    named = {"low": low, "mean": mean, "high": high}
    low, mean, high = (checks.numbers(n, values, (length,)) for n, values in named.items())
    if not ((low <= mean) & (mean <= high)).all():
        raise ValueError("low, mean, high must be in this order: low <= mean <= high everywhere")
    return low, mean, high


def true_circle(ax):
    """Draw the edge of the circle of programs 1.1 to 1.3 as a dotted line.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        As `boundaries` draws them.

    Returns
    -------
    matplotlib.axes.Axes
    """
    angle = np.linspace(0, 2 * np.pi, 100)
    radius = 0.1**0.5
    ax.plot(0.5 + radius * np.cos(angle), 0.5 + radius * np.sin(angle), ":", color=_BLACK)
    ax.lines[-1].set_linewidth(2)
    return tell(ax, f"The true circle covers {np.pi * radius**2:.0%} of the square.")


def law(ax, a, b, sizes):
    """Draw a power law ``a * n ** -b`` as a dotted line; its last size is the forecast.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        As `with_interval` draws them, with logarithmic axes.
    a, b : float
    sizes : sequence of int

    Returns
    -------
    matplotlib.axes.Axes
    """
    values = a * np.asarray(sizes, float) ** -b
    ax.plot(sizes, values, ":", color=_ORANGE, linewidth=2, marker="x", markevery=[-1])
    _label_end(ax, (sizes[-1], values[-1]), "forecast", _ORANGE, 8, -10)
    return tell(ax, f"The law {a:.3g} n^-{b:.3g} forecasts {values[-1]:.3g} at {sizes[-1]}.")


def boxes(groups, ax=None, *, xlabel, title):
    """Draw the values of several groups as boxes: middle half, median, and the rest as whiskers.

    Parameters
    ----------
    groups : dict of str to array-like, shape (R,)
        The first group stands at the top.
    ax : matplotlib.axes.Axes or None
    xlabel, title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figure(height=1.4 + 0.6 * len(groups)) if ax is None else ax
    names = list(groups)[::-1]
    ax.boxplot(
        [groups[name] for name in names], orientation="horizontal", widths=0.5, tick_labels=names,
        medianprops={"color": _BLACK},
    )  # fmt: skip
    ax.axvline(0, color=_BLACK, linestyle=":")
    for name, values in groups.items():
        low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
        tell(ax, f"{name}: median {middle:.3g}, middle half {low:.3g} to {high:.3g}.")
    ax.set(xlabel=xlabel, title=title)
    ax.grid(axis="y", visible=False)
    return ax


def bold_runs(curves, ax=None, *, truth=None, ylabel, title, ylim=None):
    """Draw a few runs boldly, one by one: how much a single curve moves, which a mean would hide.

    Parameters
    ----------
    curves : array-like, shape (R, epochs)
        The first five are drawn.
    ax : matplotlib.axes.Axes or None
    truth : array-like, shape (epochs,), or None
        A curve to compare all of them with, drawn thick.
    ylabel, title : str
    ylim : tuple (low, high) or None

    Returns
    -------
    matplotlib.axes.Axes
    """
    curves = checks.numbers("curves", curves, ("R", "epochs"))
    ax = figure() if ax is None else ax
    epochs = np.arange(1, curves.shape[1] + 1)
    if truth is not None:
        ax.plot(epochs, truth, color="0.72", linewidth=7, zorder=1)
    for curve, colour in zip(curves, CONDITIONS[:_FEW], strict=False):
        ax.plot(epochs, curve, color=colour, linewidth=1.8)
    ax.set(xlabel="epoch", ylabel=ylabel, title=title, xlim=(0, len(epochs)))
    if ylim is not None:
        ax.set_ylim(ylim)
    if truth is not None:
        label_ends(ax, len(epochs), [(truth[-1], "truth", "0.35")])
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))
    last = curves[:_FEW, -1]
    return tell(
        ax,
        f"{_count(len(last), 'curve')} over {len(epochs)} epochs. Mean change between epochs "
        f"{np.abs(np.diff(curves[:_FEW])).mean():.2g}; they end between {last.min():.3g} and "
        f"{last.max():.3g}.",
    )


def against_law(x, low, mean, high, law, ax=None, *, name="law", ticks=None, **labels):
    """Draw measured means over a logarithmic axis, and the law that they should follow.

    Parameters
    ----------
    x, low, mean, high : array-like, shape (k,)
        Settings, and at each one the interval, low <= mean <= high.
    law : callable
        Takes settings, an array, and returns what the law says there.
    ax : matplotlib.axes.Axes or None
    name : str, default "law"
        Written beside the end of the law's line.
    ticks : sequence of float or None
        Ticks of the vertical axis, for one that is logarithmic.
    **labels
        For `Axes.set`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = with_interval(x, low, mean, high, ax, index=5, xscale="log", **labels)
    ax.lines[-1].set(linestyle="none", marker="o", markersize=7)  # the line is the law
    dense = np.geomspace(x[0], x[-1], 200)
    ax.plot(dense, law(dense), color=_BLACK, linewidth=1.6)
    plain_ticks(ax, x if len(x) < 6 else x[::2])
    if ticks is not None:
        plain_ticks(ax, ticks, "y")
    label_ends(ax, x[-1], [(law(dense[-1:])[0], name, _BLACK)])
    apart = np.abs(np.asarray(mean) - law(np.asarray(x, float))).max()
    return tell(ax, f"The line ({name}) differs from the means by at most {apart:.2g}.")


def named_lines(x, lines, ax=None, *, xticks=None, yticks=None, **labels):
    """Draw computed lines, each with its name at its end.

    Parameters
    ----------
    x : array-like, shape (k,)
    lines : dict of str to array-like, shape (k,)
        By name.
    ax : matplotlib.axes.Axes or None
    xticks, yticks : sequence of float or None
        Ticks of logarithmic axes, written as plain numbers.
    **labels
        For `Axes.set`.

    Returns
    -------
    matplotlib.axes.Axes
    """
    x = np.asarray(x)
    ax = figure() if ax is None else ax
    ends = []
    for i, (name, values) in enumerate(lines.items()):
        values = np.asarray(values)
        colour, style = _look(i)
        ax.plot(x, values, style, color=colour, linewidth=2)
        ends.append((values[-1], name, colour))
        tell(ax, _course(name, x, values, "x ="))
    ax.set(**{"xlim": (x[0], x[-1])} | labels)
    for axis, ticks in (("x", xticks), ("y", yticks)):
        if ticks is not None:
            plain_ticks(ax, ticks, axis)
    label_ends(ax, ax.get_xlim()[1], ends)
    return ax


def plain_ticks(ax, ticks, axis="x"):
    """Write ticks of a logarithmic axis as plain numbers.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    ticks : sequence of float
    axis : {"x", "y"}, default "x"
    """
    getattr(ax, f"set_{axis}ticks")(ticks, [f"{tick:,g}" for tick in ticks])
    ax.minorticks_off()


def panels(curves, *, ylabel, ylim=None):
    """Draw several sets of learning curves side by side, two in a row.

    Parameters
    ----------
    curves : dict of str to dict
        By the title of the panel, what `learning_curves` draws.
    ylabel : str
    ylim : tuple (low, high) or None

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
    """
    axes = figure(2, -(-len(curves) // 2), height=3.2, sharey=True)
    for ax in axes.flat[len(curves) :]:
        ax.set_axis_off()
    for ax, (title, drawn) in zip(axes.flat, curves.items(), strict=False):
        learning_curves(drawn, ax, ylabel=ylabel, title=title, ylim=ylim)
    return axes


def error_parts(parts, ax=None, *, noise, title):
    """Draw what mean squared errors are made of: squared bias and variance, stacked.

    Parameters
    ----------
    parts : dict of str to tuple (squared bias, variance)
    ax : matplotlib.axes.Axes or None
    noise : float
        Variance of the noise, in the same unit: what noisy rows would add to each bar.
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figure(height=1.4 + 0.6 * len(parts)) if ax is None else ax
    places = np.arange(len(parts))[::-1]
    bias, variance = np.transpose(list(parts.values()))
    ax.barh(places, bias, color=_PURPLE, height=0.6, label="squared bias")
    ax.barh(places, variance, left=bias, color=_SKY, height=0.6, label="variance", hatch="//",
            edgecolor="white")  # fmt: skip
    for place, (name, (b, v)) in zip(places, parts.items(), strict=True):
        ax.annotate(f"{b:.2f} + {v:.2f} = {b + v:.2f}", (b + v, place), xytext=(6, 0),
                    textcoords="offset points", va="center")  # fmt: skip
        tell(ax, f"{name}: squared bias {b:.2f} and variance {v:.2f} make {b + v:.2f}.")
    ax.set_yticks(places, list(parts))
    label = f"squared error on the true line (noisy rows: {noise:g} more for each)"
    ax.set(xlabel=label, title=title, xlim=(0, 1.4 * (bias + variance).max()))
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper right", framealpha=1)
    return ax


def two_borders(first, second, ax=None, *, truth, title):
    """Draw the classes that one network predicts on a grid, and the border of another network.

    Parameters
    ----------
    first, second : array-like, shape (steps * steps,)
        Predictions on the rows of `grid`, from 0 to 1.
    ax : matplotlib.axes.Axes or None
    truth : array-like, shape (steps * steps,)
        0.5 on the true border, which is dotted.
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    first, second, truth = (np.asarray(values, float) for values in (first, second, truth))
    ax = boundaries(first[None], ax, title=title)
    steps = int(round(len(first) ** 0.5))
    side = np.linspace(0, 1, steps)
    for field, style in ((second, "solid"), (truth, "dotted")):
        ax.contour(side, side, field.reshape(steps, steps), levels=[0.5], colors=[_BLACK],
                   linestyles=style)  # fmt: skip
    changed = ((first > 0.5) != (second > 0.5)).mean()
    return tell(ax, f"The other network, whose border is a line, differs on {changed:.1%} of it.")


def histograms(values, ax=None, *, xlabel, title, reference=None):
    """Draw how the values of a few conditions are distributed, one outline each.

    Parameters
    ----------
    values : dict of str to array-like, shape (n,)
        Values by condition, all over the same bins.
    ax : matplotlib.axes.Axes or None
    xlabel, title : str
    reference : float or None
        A value to compare with, drawn as a dotted line.

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figure() if ax is None else ax
    bins = np.histogram_bin_edges(np.concatenate(list(values.values())), 50)
    for i, (name, drawn) in enumerate(values.items()):
        colour, style = _look(i)
        ax.hist(
            drawn, bins, density=True, histtype="step", color=colour, linestyle=style,
            linewidth=2, label=name,
        )  # fmt: skip
        low, middle, high = np.quantile(drawn, (0.1, 0.5, 0.9))
        tell(ax, f"{name}: median {middle:.3g}, the middle 80 % from {low:.3g} to {high:.3g}.")
    if reference is not None:
        ax.axvline(reference, color=_BLACK, linestyle=":", linewidth=1.4)
    ax.set(xlabel=xlabel, ylabel="density", title=title)
    ax.legend()
    return ax


def budget(x, y, weights, ax=None, *, power, title):
    """Draw a penalty as a budget for two weights: the shape that it leaves, and the squared error.

    Parameters
    ----------
    x : array-like, shape (n, 2)
    y : array-like, shape (n,)
    weights : array-like, shape (2,)
        The solution with the penalty, without an intercept. The shape goes through it.
    ax : matplotlib.axes.Axes or None
    power : {1, 2}
        Of the sum of powers of absolute weights that the penalty limits: 1 for a diamond, 2 for a
        circle.
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    checks.one_of("power", power, (1, 2))
    x, y, weights = np.asarray(x), np.asarray(y), np.asarray(weights)
    ax = figure(height=4.6) if ax is None else ax
    least = np.linalg.lstsq(x, y)[0]
    middle, reach = least / 2, 0.5 + np.abs(least).max()
    sides = middle[:, None] + np.linspace(-reach, reach, 100)
    plane = np.stack(np.meshgrid(*sides), axis=-1)

    def error(at):
        return ((at @ x.T - y) ** 2).mean(axis=-1)

    # The oval that touches the shape, and others at even distances from the middle of them.
    low, at = error(least), error(weights)
    levels = low + max(at - low, 1e-3) * np.array([0.25, 1, 2.25, 4])
    ax.contour(*sides, error(plane), levels=levels, colors=["0.6", _BLUE, "0.6", "0.6"])
    angles = np.linspace(0, 2 * np.pi, 241)
    ring = np.stack([np.cos(angles), np.sin(angles)])
    size = (np.abs(weights) ** power).sum() / (np.abs(ring) ** power).sum(axis=0)
    ax.fill(*(ring * size ** (1 / power)), color=_ORANGE, alpha=0.5, linewidth=0, zorder=2)
    for place, name, marker, colour, up in (
        (least, "least squares", "D", _BLUE, 8),
        (weights, "with penalty", "o", _VERMILION, -18),
    ):
        ax.plot(*place, marker, color=colour, markersize=8, zorder=4)
        ax.annotate(
            name, place, xytext=(6, up), textcoords="offset points", color=colour,
            fontweight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        )  # fmt: skip
    for line in (ax.axhline, ax.axvline):
        line(0, color=_BLACK, linewidth=1, zorder=1)
    pairs = ("{:.2f} and {:.2f}".format(*pair) for pair in (least, weights + 0.0))
    tell(ax, "Weights: least squares {}, with the penalty {}.".format(*pairs))
    ax.set(xlabel="weight 1", ylabel="weight 2", title=title)
    ax.set_aspect("equal")
    return ax


def paths(strengths, weights, matter, ax=None, *, title):
    """Draw weights against the strength of a penalty, those of the first columns in front.

    Parameters
    ----------
    strengths : array-like, shape (k,)
    weights : array-like, shape (k, columns)
    matter : int
        How many columns matter: the first ones.
    ax : matplotlib.axes.Axes or None
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    weights = np.asarray(weights)
    ax = figure() if ax is None else ax
    ax.plot(strengths, weights[:, matter:], color="0.6", linewidth=0.8)
    ax.plot(strengths, weights[:, :matter], color=_BLUE, linewidth=2.4)
    ax.axhline(0, color=_BLACK, linewidth=1)
    for part, name, colour in (
        (weights[:, :matter], "matters", _BLUE),
        (weights[:, matter:], "useless", "0.4"),
    ):
        ax.plot([], [], color=colour, label=name)
        zeros = (part == 0).mean(axis=1)
        tell(
            ax,
            f"{name.capitalize()}: mean size {np.abs(part[0]).mean():.3g} at the weakest and "
            f"{np.abs(part[-1]).mean():.3g} at the strongest penalty, exactly zero {zeros[0]:.0%} "
            f"and {zeros[-1]:.0%}.",
        )
    ax.set(xlabel="strength", ylabel="weight", title=title, xscale="log")
    ax.legend()
    return ax


def decision_lines(x, y, at, predicted, ax=None, *, title):
    """Draw predictions of a class from one column, and where each of them crosses one half.

    Parameters
    ----------
    x : array-like, shape (n, 1)
    y : array-like of 0 and 1, shape (n,)
    at : array-like, shape (k, 1)
        Rising places at which `predicted` stands.
    predicted : dict of str to array-like, shape (k,)
        Predictions by model.
    ax : matplotlib.axes.Axes or None
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    at = np.ravel(at)
    ax = figure() if ax is None else ax
    ax.plot(np.ravel(x), y, "o", color="0.4", alpha=0.5)
    ax.axhline(0.5, color=_BLACK, linestyle=":", linewidth=1.2)
    for i, (name, values) in enumerate(predicted.items()):
        crossing = at[np.argmax(np.asarray(values) >= 0.5)]
        colour, style = _look(i)
        ax.plot(at, values, style, color=colour, linewidth=2.2, label=name)
        tell(ax, f"{name} crosses 0.5 at x = {crossing:.2g}.")
    ax.set(xlabel="$x$", ylabel="class, prediction", title=title)
    ax.legend()
    return ax


def stacked(groups, edges, ax=None, *, mark, xlabel, ylabel, title):
    """Draw how values between 0 and 1 are spread: a histogram, its groups on top of each other.

    Parameters
    ----------
    groups : dict of str to array-like
        Values by the group's name; a name "" gets no legend.
    edges : array-like
        Edges of the bins.
    ax : matplotlib.axes.Axes or None
    mark : float
        Where a dotted line stands: a decision threshold, or a claim's.
    xlabel, ylabel, title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figure(height=3.4) if ax is None else ax
    colours = (_SKY, _ORANGE)[: len(groups)]
    bars = ax.hist(list(groups.values()), edges, stacked=True, color=colours)[2]
    if len(groups) > 1:
        for bar in bars[-1]:
            bar.set_hatch("//")  # not told apart by colour alone
        ax.legend(bars, groups, loc="upper right")
    for name, values in groups.items():
        values = np.asarray(values)
        above = f"{(values > mark).sum()} above {mark:g}, {(values <= mark).sum()} at or below"
        span = f"from {values.min():.2f} to {values.max():.2f}, median {np.median(values):.2f}"
        tell(ax, f"{name or ylabel}: {above}; {span}.")
    ax.axvline(mark, color=_BLACK, linestyle=":", linewidth=1.6)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title, xlim=(0, 1))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    return ax


def against_shares(counts, law, ax=None, *, xlabel, title):
    """Draw how often each count was found, and the share that a law expects.

    Parameters
    ----------
    counts : array-like of int, shape (n,)
        One count per draw.
    law : array-like, shape (k,)
        Expected shares of the counts 0 to k - 1.
    ax : matplotlib.axes.Axes or None
    xlabel, title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figure(height=3.4) if ax is None else ax
    places = np.arange(len(law))
    shares = np.mean(np.asarray(counts)[:, None] == places, axis=0)
    ax.bar(places, shares, 0.7, color=_SKY, label="found")
    ax.plot(places, law, "D", color=_BLACK, label="law")
    ax.legend()
    both = zip(places, shares, law, strict=True)
    tell(ax, "; ".join(f"{k}: {a:.1%}, law {b:.1%}" for k, a, b in both) + ".")
    ax.set(xlabel=xlabel, ylabel="share", title=title)
    ax.grid(axis="x", visible=False)
    return ax


def reliability(curves, ax=None, *, title):
    """Draw observed shares against predicted probabilities.

    Parameters
    ----------
    curves : dict of str to tuple (observed, predicted)
        As ``sklearn.calibration.calibration_curve`` returns them, by name.
    ax : matplotlib.axes.Axes or None
    title : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figure(height=4.2) if ax is None else ax
    ax.plot([0, 1], [0, 1], ":", color=_BLACK)
    for i, (name, (observed, predicted)) in enumerate(curves.items()):
        style = {"linestyle": ("--", "-")[i % 2], "marker": "so^D"[i % 4]}
        ax.plot(predicted, observed, color=CONDITIONS[i], label=name, **style)
        off = observed - predicted
        sides = f"{(off < 0).sum()} of {len(off)} points below it"
        tell(ax, f"{name}: {np.abs(off).mean():.2f} from the diagonal on average, {sides}.")
    ax.legend(loc="upper left")
    ax.set(xlabel="predicted probability", ylabel="observed share of positives", title=title)
    ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    return ax


def mark_epoch(ax, epoch, name):
    """Mark an epoch by a dotted line, named at its foot.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With epochs on the horizontal axis.
    epoch : float
    name : str

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax.axvline(epoch, color=_BLACK, linestyle=":", linewidth=1.4)
    ax.annotate(
        name, (epoch, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
        xytext=(4, 6),
    )  # fmt: skip
    return tell(ax, f"Marked: {name}, {epoch:.3g}.")


def _drawn(figure, **options):
    """Return a figure as a PNG file of two pixels a point, and keep none of its pixels.

    IPython keeps what a cell returns. The figure would keep its canvas, and each text what drew
    it: 9 MB a figure.
    """
    buffer, canvas = io.BytesIO(), figure.canvas
    type(canvas)(figure)  # is the figure's canvas from now on
    figure.savefig(buffer, format="png", dpi=2 * figure.dpi, **options)
    figure.set_canvas(canvas)
    for text in figure.findobj(mpl.text.Text):
        text._renderer = None
    return buffer.getvalue()


def chart(history, *, title):
    """Draw loss and accuracy of one training side by side.

    Parameters
    ----------
    history : dict of str to array-like, shape (epochs,)
        ``loss``, ``accuracy``, ``val_loss`` and ``val_accuracy``, as ``model.fit`` names them.
    title : str

    Returns
    -------
    numpy.ndarray of matplotlib.axes.Axes
    """
    axes = figure(2, height=3.2)
    limits = {"loss": (0, None), "accuracy": (0, 1.02)}
    for ax, (metric, ylim) in zip(axes, limits.items(), strict=True):
        curves = {"train": history[metric], "validation": history[f"val_{metric}"]}
        name = title if metric == "loss" else ""
        learning_curves(curves, ax, ylabel=metric, title=name, ylim=ylim)
    return axes


def _image(picture, alt, width):
    """Return a picture as HTML: the one form in which JupyterLab reads an alternative text."""
    code = base64.b64encode(picture).decode()
    return (
        f'<img style="max-width: 100%" width="{width}" alt="{html.escape(alt)}" '
        f'src="data:image/png;base64,{code}">'
    )


def _claim_page(claim):
    """Return a claim as HTML with its strip, which JupyterLab shows in untrusted notebooks too."""
    return claim.page(_image(png(strip(claim)), claim.described(), 760))


def _figure_bundle(figure):
    """Return a figure as PNG of two pixels a point, and as HTML that holds it with its text."""
    if not figure.axes:
        return {}
    picture, alt = _drawn(figure, bbox_inches="tight"), described(figure)
    width = Image.open(io.BytesIO(picture)).width // 2
    bundle = {
        "image/png": base64.b64encode(picture).decode(),
        "text/html": _image(picture, alt, width),
    }
    return bundle, {"image/png": {"width": width, "alt": alt}}


def _set_up(shell):
    from matplotlib_inline.config import InlineBackend

    # pyplot would draw each figure at the end of its cell, beside the picture of it that is shown.
    plt.uninstall_repl_displayhook()
    # The backend registers nothing for figures then, so that what follows stays.
    InlineBackend.instance(parent=shell).figure_formats = set()
    shell.display_formatter.mimebundle_formatter.for_type(mpl.figure.Figure, _figure_bundle)
    # A cell may end with a drawing: its figure is shown, and no line about the axes. A semicolon
    # hides that line only where IPython can keep a history.
    shell.display_formatter.ipython_display_formatter.for_type(mpl.axes.Axes, lambda ax: None)
    # By its name: no helper imports a sibling, and `evidence` shows text where nobody draws.
    shell.display_formatter.formatters["text/html"].for_type_by_name(
        "helpers.evidence", "Claim", _claim_page
    )


if "IPython" in sys.modules:
    from IPython import get_ipython

    if get_ipython() is not None:
        _set_up(get_ipython())
