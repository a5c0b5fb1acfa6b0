"""Make the data of the course: the programs' own distributions, one independent draw per run.

NumPy alone. Every function that draws takes a `numpy.random.Generator`, so that a seed fixes it.
"""

import numpy as np

from helpers import checks

_MOST_DRAWN = 100_000_000  # 0.8 GB
_CIRCLE_CENTRE = 0.5
_CIRCLE_SQUARED_RADIUS = 0.1
_SLOPE = 3.0


def circle(rows, rng, flip=0.0):
    """Draw points of the unit square and label those inside a circle (programs 1.1 to 1.3).

    Parameters
    ----------
    rows : int
        Number of points.
    rng : numpy.random.Generator
        Source of randomness.
    flip : float, default 0.0
        Share of the labels, from 0 to 0.5, that are turned round: each one independently.

    Returns
    -------
    x : numpy.ndarray, shape (rows, 2)
    y : numpy.ndarray of 0.0 and 1.0, shape (rows,)
        1 inside the circle of squared radius 0.1 around (0.5, 0.5), which holds 31 % of the square.
    """
    checks.whole("rows", rows)
    _check_rng(rng)
    checks.number("flip", flip, 0, 0.5)
    x = rng.random((rows, 2))
    inside = ((x - _CIRCLE_CENTRE) ** 2).sum(axis=1) < _CIRCLE_SQUARED_RADIUS
    return x, (inside ^ (rng.random(rows) < flip)).astype(float)


def line(rows, rng, noise=5.0):
    """Draw a noisy line over evenly spaced x (programs 3.1 to 3.3): ``y = 3 x + noise``.

    Parameters
    ----------
    rows : int
        Number of points; x runs evenly from 0 to 10.
    rng : numpy.random.Generator
        Source of randomness.
    noise : float, default 5.0
        Standard deviation of the normal noise, in units of y. With 0 the line itself comes back.

    Returns
    -------
    x : numpy.ndarray, shape (rows, 1)
    y : numpy.ndarray, shape (rows,)
    """
    checks.whole("rows", rows)
    _check_rng(rng)
    checks.number("noise", noise, 0)
    x = np.linspace(0, 10, rows)
    return x[:, None], _SLOPE * x + noise * rng.standard_normal(rows)


def unrelated(rows, features, rng, positives=None):
    """Draw labels that have nothing to do with the features (programs 2.1, 4.1, 5.1, 5.2).

    Parameters
    ----------
    rows, features : int
        Shape of the uniform features.
    rng : numpy.random.Generator
        Source of randomness.
    positives : int or None, default None
        Exact number of labels 1, in random places. None tosses a fair coin for each row.

    Returns
    -------
    x : numpy.ndarray, shape (rows, features)
    y : numpy.ndarray of 0.0 and 1.0, shape (rows,)
    """
    checks.whole("rows", rows)
    checks.whole("features", features)
    checks.whole("rows times features", int(rows) * int(features), most=_MOST_DRAWN)
    _check_rng(rng)
    if positives is not None:
        checks.whole("positives", positives, 0, rows)
    x = rng.random((rows, features))
    if positives is None:
        return x, rng.integers(0, 2, rows).astype(float)
    return x, rng.permutation(np.arange(rows) < positives).astype(float)


def per_seed(draw, seeds):
    """Draw once per seed and stack the draws: the data of as many independent runs.

    Parameters
    ----------
    draw : callable
        Takes a `numpy.random.Generator` and returns a tuple of arrays, of the same shapes whatever
        the seed.
    seeds : sequence of int
        One per run, R in all, each below 2**32.

    Returns
    -------
    tuple of numpy.ndarray
        The arrays of `draw`, each with a leading axis of length R.
    """
    checks.function("draw", draw, 1)
    draws = [draw(np.random.default_rng(seed)) for seed in checks.seeds(seeds)]
    for drawn in draws:
        checks.instance("draw", drawn, tuple, "a function that returns a tuple of arrays")
    shapes = {tuple(map(np.shape, drawn)) for drawn in draws}
    if len(shapes) > 1 or shapes == {()}:
        raise ValueError(
            "draw must return at least one array, of the same shape for every seed, got shapes "
            + checks.short(sorted(shapes))
        )
    return tuple(np.stack(arrays) for arrays in zip(*draws, strict=True))


def cut(x, y, *rows):
    """Cut drawn rows into consecutive parts. For rows that come in random order already.

    Parameters
    ----------
    x, y : array-like, shape (n, d) and (n,), or (R, n, d) and (R, n)
    *rows : int
        Size of each part, at least one; together at most n. What is left over becomes a last part.

    Returns
    -------
    list of tuple (x, y)
    """
    x = checks.numbers("x", x, ("n", "d"), ("R", "n", "d"))
    y = checks.numbers("y", y, x.shape[:-1])
    axis = x.ndim - 2
    ends = np.cumsum(_sizes(rows, x.shape[axis]))
    if ends[-1] == x.shape[axis]:
        ends = ends[:-1]
    return list(zip(np.split(x, ends, axis), np.split(y, ends, axis), strict=True))


def resplit(x, y, rows, seeds):
    """Split one data set at random, once per seed: the runs of an experiment on real data.

    Each part of each run is standardized with the mean and the standard deviation of that run's
    first part, as one would do with training data.

    Parameters
    ----------
    x : array-like, shape (n, d)
    y : array-like, shape (n,)
    rows : sequence of int
        Size of each part, together at most n.
    seeds : sequence of int
        One per run, R in all, each below 2**32.

    Returns
    -------
    list of tuple (x, y)
        One per part, shapes (R, rows, d) and (R, rows).
    """
    x = checks.numbers("x", x, ("n", "d")).astype(float, copy=False)
    y = checks.numbers("y", y, x.shape[:1])
    rows = _sizes(checks.sequence("rows", rows, "whole numbers"), len(x))
    seeds = checks.seeds(seeds)
    checks.whole("seeds times the numbers in x", len(seeds) * x.size, most=_MOST_DRAWN)
    order = np.stack([np.random.default_rng(seed).permutation(len(x)) for seed in seeds])
    parts = cut(x[order], y[order], *rows)[: len(rows)]
    mean = parts[0][0].mean(axis=1, keepdims=True)
    scale = parts[0][0].std(axis=1, keepdims=True)
    # A feature that is constant in the training part stays at 0. Its scale may be a rounding error.
    scale[np.ptp(parts[0][0], axis=1, keepdims=True) == 0] = 1.0
    return [((part - mean) / scale, labels) for part, labels in parts]


def _check_rng(rng):
    checks.instance("rng", rng, np.random.Generator, "a numpy.random.Generator")


def _sizes(rows, most):
    if not rows:
        raise ValueError("rows must give the size of at least one part, got none")
    sizes = [checks.whole(f"rows[{i}]", part, 1, most) for i, part in enumerate(rows)]
    checks.whole("rows, added up,", sum(sizes), 1, most)
    return sizes
