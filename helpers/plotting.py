"""Draw the figures of the course. The only helper that imports matplotlib.

Every function draws on the axes it is given (or makes a figure) and returns the axes. A split has
one colour and one line style through the whole course; the colours are those of Okabe and Ito
(2008), which colour-blind readers can tell apart.
"""

import io

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from helpers import checks

_BLACK, _ORANGE, _SKY, _GREEN, _YELLOW, _BLUE, _VERMILION, _PURPLE = mpl.color_sequences[
    "okabe_ito"
]

COLOURS = {"train": _BLUE, "validation": _VERMILION, "test": _GREEN}
LINE_STYLES = {"train": "-", "validation": "--", "test": "-."}
NAMES = {"train": "training", "validation": "validation", "test": "test"}
CONDITIONS = (_BLACK, _ORANGE, _SKY, _PURPLE, _GREEN, _VERMILION)
_VERDICT_COLOURS = {"supported": _GREEN, "refuted": _VERMILION, "undecided": "0.4"}
_MOST_AXES = 12  # columns, and rows
_MOST_NAMES = 80
_SCALES = ("linear", "log")

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


def figure(columns=1, rows=1, height=None, *, sharex=False, sharey=False):
    """Make a figure with a row or a grid of axes, at a size that can be read at half of it.

    Parameters
    ----------
    columns, rows : int
        Number of axes, at most 12 each.
    height : float or None
        Height of one row in inches, from 0.5 to 40; None is 4.
    sharex, sharey : bool, default False
        Whether all axes have the same limits.

    Returns
    -------
    matplotlib.axes.Axes, or numpy.ndarray of them

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    columns = checks.whole("columns", columns, most=_MOST_AXES)
    rows = checks.whole("rows", rows, most=_MOST_AXES)
    height = 4.0 if height is None else checks.number("height", height, 0.5, 40)
    shared = {"sharex": checks.flag("sharex", sharex), "sharey": checks.flag("sharey", sharey)}
    width = 7.5 if columns == 1 else 10.0
    return plt.subplots(rows, columns, figsize=(width, height * rows), **shared)[1]


def _axes(ax, **size):
    """Return the axes given, or new ones. Called when all else is checked: it may draw a figure."""
    return figure(**size) if ax is None else _checked_axes(ax)


def _checked_axes(ax):
    return checks.instance("ax", ax, mpl.axes.Axes, "one matplotlib.axes.Axes")


def _check_words(ax, **words):
    """Check texts, and the axes to write them on, before any of it is drawn."""
    if ax is not None:
        _checked_axes(ax)
    for name, value in words.items():
        checks.text(name, value)


def _limits(name, limits):
    low, high = checks.numbers(name, limits, (2,))
    if not low < high:
        raise ValueError(f"{name} must be (low, high) with low < high, got {checks.short(limits)}")
    return low, high


def _bands(low, mean, high, length):
    """Return lower ends, means and upper ends as arrays, in this order."""
    named = {"low": low, "mean": mean, "high": high}
    low, mean, high = (checks.numbers(n, values, (length,)) for n, values in named.items())
    if not ((low <= mean) & (mean <= high)).all():
        raise ValueError("low, mean, high must be in this order: low <= mean <= high everywhere")
    return low, mean, high


def png(ax):
    """Turn a figure into a picture and let go of it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Any axes of the figure.

    Returns
    -------
    bytes
        The figure as a PNG file, for `explore.Slider`.

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    _checked_axes(ax)
    buffer = io.BytesIO()
    ax.figure.savefig(buffer, format="png")
    plt.close(ax.figure)  # else pyplot would show it once more below the cell
    return buffer.getvalue()


def learning_curves(curves, ax=None, *, ylabel, title, ylim=None):
    """Draw a quantity against the epochs: every run thin, the mean over the runs bold.

    Parameters
    ----------
    curves : dict of str to array-like, shape (epochs,) or (R, epochs)
        Curves by split ("train", "validation", "test"), all of as many epochs. With R = 1 only the
        one run is drawn. Another name gets a colour of its own.
    ax : matplotlib.axes.Axes or None
    ylabel, title : str
    ylim : tuple (low, high) or None
        Limits of the vertical axis; None fits them to the curves.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    curves = _checked_curves(curves)
    _check_words(ax, ylabel=ylabel, title=title)
    ylim = None if ylim is None else _limits("ylim", ylim)
    ax = _axes(ax)
    ends = []
    for i, (name, values) in enumerate(curves.items()):
        colour = COLOURS.get(name, CONDITIONS[i % len(CONDITIONS)])
        epochs = np.arange(1, values.shape[1] + 1)
        if len(values) > 1:
            alpha = float(np.clip(4 / len(values), 0.05, 0.4))
            ax.plot(epochs, values.T, color=colour, alpha=alpha, linewidth=0.7)
        mean = values.mean(axis=0)
        ax.plot(epochs, mean, LINE_STYLES.get(name, "-"), color=colour, linewidth=2.4)
        ends.append((mean[-1], NAMES.get(name, name), colour))
    if ylim is not None:
        ax.set_ylim(*ylim)
    ax.set(xlabel="epoch", ylabel=ylabel, title=title)
    ax.set_xlim(0, len(mean))
    label_ends(ax, len(mean), ends)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    return ax


def _checked_curves(curves):
    checks.instance("curves", curves, dict, "a dict of curves by name")
    checks.sequence("curves", list(curves), "curves", most=_MOST_NAMES)
    checked = {}
    for name, values in curves.items():
        checks.text("the names of curves", name)
        values = checks.numbers(f"curves[{name!r}]", values, ("epochs",), ("R", "epochs"))
        checked[name] = np.atleast_2d(values)
    epochs = {name: values.shape[1] for name, values in checked.items()}
    if len(set(epochs.values())) > 1:
        raise ValueError(f"curves must all have as many epochs, got {checks.short(epochs)}")
    return checked


def label_ends(ax, x, ends):
    """Write names beside the ends of lines, moved apart where they would overlap.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        With its limits and scales set.
    x : float
        Where the lines end.
    ends : list of tuple (y, name, colour)

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    _checked_axes(ax)
    x = checks.number("x", x)
    ends = [
        _checked_end(f"ends[{i}]", end)
        for i, end in enumerate(
            checks.sequence("ends", ends, "tuples (y, name, colour)", most=_MOST_NAMES)
        )
    ]
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
        ax.annotate(
            name,
            (x, y),
            xytext=(6, (spot - over - place(y)) * points),
            textcoords="offset points",
            color=colour,
            va="center",
            fontweight="bold",
            annotation_clip=False,
        )


def _checked_end(name, end):
    if not isinstance(end, tuple) or len(end) != 3:
        raise TypeError(f"{name} must be a tuple (y, name, colour), got {checks.short(end)}")
    y, label, colour = end
    if not mpl.colors.is_color_like(colour):
        raise ValueError(f"{name} must have a colour of matplotlib, got {checks.short(colour)}")
    return checks.number(f"{name} y", y), checks.text(f"{name} name", label), colour


def verdict(claim, values, ax=None, *, xlabel):
    """Draw what a claim rests on: every run, their mean with its 95 % interval, the threshold.

    Parameters
    ----------
    claim : evidence.Claim
        Anything with ``id, estimate, low, high, threshold, verdict``.
    values : array-like, shape (R,)
        The values the claim was made from: their mean is the claim's estimate.
    ax : matplotlib.axes.Axes or None
    xlabel : str
        What was measured, with its unit.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    _check_claim(claim)
    values = checks.numbers("values", values, ("R",))
    if not np.isclose(values.mean(), claim.estimate, rtol=1e-5):
        raise ValueError(
            f"values must be those of the claim, with the mean {claim.estimate:g}, got "
            f"{checks.short(values)} with the mean {values.mean():g}"
        )
    _check_words(ax, xlabel=xlabel)
    ax = _axes(ax, height=2.2)
    colour = _VERDICT_COLOURS[claim.verdict]
    # Runs are spread upwards in a fixed pattern, so that equal values stay visible.
    lift = 0.25 + 0.5 * ((np.arange(len(values)) * 0.618034) % 1)
    ax.plot(values, lift, "o", color="0.45", alpha=0.45, markersize=4, markeredgewidth=0)
    ax.plot([claim.low, claim.high], [0, 0], color=colour, linewidth=7, solid_capstyle="butt")
    ax.plot(claim.estimate, 0, "D", color="white", markeredgecolor=colour, markersize=7)
    ax.axvline(claim.threshold, color=_BLACK, linewidth=1.4, linestyle=":")
    ax.set_ylim(-0.3, 1.25)
    right = claim.threshold > np.mean(ax.get_xlim())
    ax.annotate(
        "threshold",
        (claim.threshold, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if right else 4, -2),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        fontsize=10,
    )
    ax.set_yticks([0, 0.5], ["mean", "runs"])
    ax.set(xlabel=xlabel, title=f"{claim.id}: {claim.verdict}")
    ax.grid(axis="y", visible=False)
    return ax


def _check_claim(claim):
    expected = ("id", "estimate", "low", "high", "threshold", "verdict")
    if not all(hasattr(claim, name) for name in expected):
        raise TypeError(f"claim must have {', '.join(expected)}, got {checks.short(claim)}")
    checks.text("id of the claim", claim.id)
    checks.one_of("verdict of the claim", claim.verdict, list(_VERDICT_COLOURS))
    for name in expected[1:-1]:
        checks.number(f"{name} of the claim", getattr(claim, name))


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

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    x = checks.numbers("x", x, ("n", 2))
    y = checks.numbers("y", y, (len(x),))
    if not np.isin(y, (0, 1)).all():
        raise ValueError(f"y must hold labels 0 and 1 alone, got {checks.short(np.unique(y))}")
    _check_words(ax, title=title)
    ax = _axes(ax, height=4.6)
    for label, marker, colour in ((0, "o", _SKY), (1, "^", _ORANGE)):
        ax.scatter(
            *x[y == label].T, marker=marker, color=colour, edgecolor=_BLACK, linewidth=0.5,
            s=38, label=f"class {label}", zorder=3,
        )  # fmt: skip
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title)
    ax.set_aspect("equal")
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def grid(steps=80):
    """Return a grid over the unit square, as rows to predict.

    Parameters
    ----------
    steps : int, default 80
        Points per side, from 2 to 2,000.

    Returns
    -------
    numpy.ndarray, shape (steps * steps, 2)

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    checks.whole("steps", steps, 2, 2_000)
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

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    probabilities = checks.numbers("probabilities", probabilities, ("R", "n"), low=0, high=1)
    steps = int(round(probabilities.shape[1] ** 0.5))
    if steps < 2 or steps**2 != probabilities.shape[1]:
        raise ValueError(
            "probabilities must have shape (R, steps * steps), steps at least 2, got "
            + checks.short(probabilities)
        )
    _check_words(ax, title=title)
    ax = _axes(ax, height=4.6)
    side = np.linspace(0, 1, steps)
    fields = probabilities.reshape(-1, steps, steps)
    share = (fields > 0.5).mean(axis=0)
    colours = mpl.colors.LinearSegmentedColormap.from_list("share", [_SKY, "white", _ORANGE])
    image = ax.pcolormesh(side, side, share, cmap=colours, vmin=0, vmax=1, shading="nearest")
    image.set_rasterized(True)
    for field in fields:
        if field.min() < 0.5 < field.max():
            ax.contour(side, side, field, levels=[0.5], colors=[_BLACK], alpha=0.35, linewidths=0.7)
    ax.set(xlabel="$x_1$", ylabel="$x_2$", title=title, xlim=(0, 1), ylim=(0, 1))
    ax.set_aspect("equal")
    ax.grid(visible=False)
    if len(fields) > 1:
        label = "share of replicates that predict class 1"
        ax.figure.colorbar(image, ax=ax, label=label, shrink=0.85)
    return ax


def fits(x, predictions, ax=None, *, rows=None, truth=None, title, ylim=None):
    """Draw fitted functions of one variable: every replicate thin, the mean bold.

    Parameters
    ----------
    x : array-like, shape (n,) or (n, 1)
        At least two values that are not all equal.
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

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    x = np.ravel(checks.numbers("x", x, ("n",), ("n", 1)))
    if x.min() == x.max():
        raise ValueError(f"x must hold at least two different values, got {checks.short(x)}")
    n = len(x)
    predictions = np.atleast_2d(checks.numbers("predictions", predictions, (n,), ("R", n)))
    if truth is not None:
        truth = np.ravel(checks.numbers("truth", truth, (n,), (n, 1)))
    if rows is not None:
        if not isinstance(rows, (tuple, list)) or len(rows) != 2:
            raise TypeError(f"rows must be a tuple (x, y) or None, got {checks.short(rows)}")
        at = np.ravel(checks.numbers("rows x", rows[0], ("m",), ("m", 1)))
        rows = at, np.ravel(checks.numbers("rows y", rows[1], (len(at),), (len(at), 1)))
    _check_words(ax, title=title)
    ylim = None if ylim is None else _limits("ylim", ylim)
    ax = _axes(ax)
    ends = []
    if len(predictions) > 1:
        alpha = float(np.clip(4 / len(predictions), 0.05, 0.4))
        ax.plot(x, predictions.T, color=_VERMILION, alpha=alpha, linewidth=0.8)
    mean = predictions.mean(axis=0)
    label = "network" if len(predictions) == 1 else "mean network"
    ax.plot(x, mean, color=_VERMILION, linewidth=2.2)
    ends.append((mean[-1], label, _VERMILION))
    if truth is not None:
        ax.plot(x, truth, ":", color=_BLACK, linewidth=2)
        ends.append((truth[-1], "truth", _BLACK))
    if rows is not None:
        ax.plot(*rows, "o", color=_BLUE, markersize=5)
    if ylim is not None:
        ax.set_ylim(*ylim)
    ax.set(xlabel="$x$", ylabel="$y$", title=title)
    ax.set_xlim(x.min(), x.max())
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
        For `Axes.set`: ``xlabel, ylabel, title``, ``xscale, yscale`` ("linear" or "log") and
        ``xticks, xticklabels``.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    x = checks.numbers("x", x, ("k",))
    low, mean, high = _bands(low, mean, high, len(x))
    if name is not None:
        checks.text("name", name)
    checks.whole("index", index, 0)
    checks.number("lift", lift, -1_000, 1_000)
    _check_words(ax)
    _check_labels(labels)
    ax = _axes(ax)
    colour = COLOURS.get(name, CONDITIONS[index % len(CONDITIONS)])
    style = LINE_STYLES.get(name, ("-", "--", "-.", ":")[index % 4])
    marker = "os^Dv*"[index % 6]
    ax.plot(x, mean, style, marker=marker, color=colour, linewidth=2, markersize=5)
    ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    ax.set(**labels)
    if name is not None:
        ax.annotate(
            NAMES.get(name, name), (x[-1], mean[-1]), xytext=(8, lift), textcoords="offset points",
            color=colour, va="center", fontweight="bold", annotation_clip=False,
        )  # fmt: skip
    return ax


def _check_labels(labels):
    for name, value in labels.items():
        if name in ("xlabel", "ylabel", "title"):
            checks.text(name, value)
        elif name in ("xscale", "yscale"):
            checks.one_of(name, value, _SCALES)
        elif name == "xticks":
            checks.numbers(name, value, ("k",))
        elif name == "xticklabels":
            checks.labels(name, value, most=_MOST_NAMES)
            if np.shape(labels.get("xticks")) != (len(value),):
                raise ValueError(f"{name} must be as many as xticks, got {checks.short(value)}")
        else:
            raise TypeError(
                f"with_interval takes no {name}=; allowed are xlabel, ylabel, title, xscale, "
                "yscale, xticks, xticklabels"
            )


def intervals(names, low, mean, high, ax=None, *, xlabel, title, reference=None):
    """Draw one mean with its interval per condition, one below the other.

    Parameters
    ----------
    names : sequence of str, length k
        At most 80.
    low, mean, high : array-like, shape (k,)
        For each condition the interval, low <= mean <= high.
    ax : matplotlib.axes.Axes or None
    xlabel, title : str
    reference : float or None
        A value to compare with, drawn as a dotted line.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    names = checks.texts("names", names, most=_MOST_NAMES)
    low, mean, high = _bands(low, mean, high, len(names))
    if reference is not None:
        checks.number("reference", reference)
    _check_words(ax, xlabel=xlabel, title=title)
    ax = _axes(ax, height=0.9 + 0.42 * len(names))
    places = np.arange(len(names))[::-1]
    ax.hlines(places, low, high, color=_BLUE, linewidth=5)
    ax.plot(mean, places, "D", color="white", markeredgecolor=_BLUE, markersize=7)
    if reference is not None:
        ax.axvline(reference, color=_BLACK, linestyle=":", linewidth=1.4)
    ax.set_yticks(places, names)
    ax.set_ylim(-0.6, len(names) - 0.4)
    ax.set(xlabel=xlabel, title=title)
    ax.grid(axis="y", visible=False)
    return ax
