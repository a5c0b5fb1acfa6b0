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
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png", dpi=2 * ax.figure.dpi)
    plt.close(ax.figure)  # else pyplot would show it once more below the cell
    return with_palette(buffer.getvalue())


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
    told = [f"{ylabel or 'The same'} over {last} epochs, {_count(runs, 'run')}."]
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


def _count(number, noun):
    return f"{number} {noun}{'s' * (number != 1)}"


def _course(name, x, y, at):
    """Return in words how a line runs: its ends, and its extremes where these lie between."""
    said = f"{name} from {y[0]:.3g} to {y[-1]:.3g}"
    for word, place in (("highest", y.argmax()), ("lowest", y.argmin())):
        if f"{y[place]:.3g}" not in (f"{y[0]:.3g}", f"{y[-1]:.3g}"):
            said += f", {word} {y[place]:.3g} at {at} {x[place]:g}"
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
        if at != mean:
            ax.annotate(
                f"{mean:.0f}", (at, row), xytext=(-8 if at > 0 else 8, 0), va="center",
                textcoords="offset points", ha="right" if at > 0 else "left", color=colour,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
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
    """Draw where each replicate's decision changes, over the share of replicates that say 1.

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
        label = "share of replicates that predict class 1"
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
        Settings, and at each one the interval, low <= mean <= high.
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
    colour = COLOURS.get(name, CONDITIONS[index % len(CONDITIONS)])
    style = LINE_STYLES.get(name, ("-", "--", "-.", ":")[index % 4])
    marker = "os^Dv*"[index % 6]
    ax.plot(x, mean, style, marker=marker, color=colour, linewidth=2, markersize=5)
    ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    ax.set(**labels)
    said = ", ".join(
        f"{at}: {value:.3g} ({a:.3g} to {b:.3g})"
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
        tell(ax, "{}: {:.3g} ({:.3g} to {:.3g}).".format(*row))
    # Small enough that a narrow interval is not hidden behind it.
    ax.plot(mean, places, "|", color=_BLACK, markersize=13, markeredgewidth=2)
    if reference is not None:
        ax.axvline(reference, color=_BLACK, linestyle=":", linewidth=1.4)
    ax.set_yticks(places, names)
    ax.set(xlabel=xlabel, title=title, ylim=(-0.6, len(names) - 0.4))
    ax.grid(axis="y", visible=False)
    return ax


def _bands(low, mean, high, length):
    """Return lower ends, means and upper ends as arrays, in this order."""
    named = {"low": low, "mean": mean, "high": high}
    low, mean, high = (checks.numbers(n, values, (length,)) for n, values in named.items())
    if not ((low <= mean) & (mean <= high)).all():
        raise ValueError("low, mean, high must be in this order: low <= mean <= high everywhere")
    return low, mean, high


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
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=2 * figure.dpi, bbox_inches="tight")
    picture, alt = buffer.getvalue(), described(figure)
    width = Image.open(buffer).width // 2
    bundle = {
        "image/png": base64.b64encode(picture).decode(),
        "text/html": _image(picture, alt, width),
    }
    return bundle, {"image/png": {"width": width, "alt": alt}}


def _set_up(shell):
    from matplotlib_inline.config import InlineBackend

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
