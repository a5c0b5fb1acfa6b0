"""Make the data of the course: the programs' own distributions, one independent draw per run.

NumPy alone. Every function that draws takes a `numpy.random.Generator`, so that a seed fixes it.
"""

import numpy as np

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
    _check_count("rows", rows)
    _check_share("flip", flip, 0.5)
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
    _check_count("rows", rows)
    if not noise >= 0:
        raise ValueError(f"noise must be a standard deviation of at least 0, got {noise!r}")
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
    _check_count("rows", rows)
    _check_count("features", features)
    x = rng.random((rows, features))
    if positives is None:
        return x, rng.integers(0, 2, rows).astype(float)
    _check_count("positives", positives, 0, rows)
    return x, rng.permutation(np.arange(rows) < positives).astype(float)


def per_seed(draw, seeds):
    """Draw once per seed and stack the draws: the data of as many independent runs.

    Parameters
    ----------
    draw : callable
        Takes a `numpy.random.Generator` and returns a tuple of arrays.
    seeds : sequence of int
        One per run, R in all.

    Returns
    -------
    tuple of numpy.ndarray
        The arrays of `draw`, each with a leading axis of length R.
    """
    draws = [draw(np.random.default_rng(seed)) for seed in seeds]
    if not draws:
        raise ValueError("seeds must hold at least one seed, got none")
    return tuple(np.stack(arrays) for arrays in zip(*draws, strict=True))


def cut(x, y, *rows):
    """Cut drawn rows into consecutive parts. For rows that come in random order already.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n, d) and (n,), or (R, n, d) and (R, n)
    *rows : int
        Size of each part; together at most n. What is left over becomes a last part.

    Returns
    -------
    list of tuple (x, y)
    """
    axis = x.ndim - 2
    if x.shape[:-1] != y.shape:
        raise ValueError(f"x and y must have the same rows, got {x.shape} and {y.shape}")
    for part in rows:
        _check_count("rows", part, 1, x.shape[axis])
    if sum(rows) > x.shape[axis]:
        raise ValueError(f"rows must add up to at most {x.shape[axis]}, got {rows}")
    ends = np.cumsum(rows)
    if ends[-1] == x.shape[axis]:
        ends = ends[:-1]
    return list(zip(np.split(x, ends, axis), np.split(y, ends, axis), strict=True))


def resplit(x, y, rows, seeds):
    """Split one data set at random, once per seed: the runs of an experiment on real data.

    Each part of each run is standardized with the mean and the standard deviation of that run's
    first part, as one would do with training data.

    Parameters
    ----------
    x : numpy.ndarray, shape (n, d)
    y : numpy.ndarray, shape (n,)
    rows : sequence of int
        Size of each part, together at most n.
    seeds : sequence of int
        One per run, R in all.

    Returns
    -------
    list of tuple (x, y)
        One per part, shapes (R, rows, d) and (R, rows).
    """
    x, y = np.asarray(x, float), np.asarray(y)
    order = np.stack([np.random.default_rng(seed).permutation(len(x)) for seed in seeds])
    parts = cut(x[order], y[order], *rows)[: len(rows)]
    mean = parts[0][0].mean(axis=1, keepdims=True)
    scale = parts[0][0].std(axis=1, keepdims=True)
    scale[scale == 0] = 1.0  # a feature that is constant in the training part stays at 0
    return [((part - mean) / scale, labels) for part, labels in parts]


def _check_count(name, value, least=1, most=10_000_000):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if not least <= value <= most:
        raise ValueError(f"{name} must lie between {least} and {most}, got {value}")


def _check_share(name, value, most):
    if not isinstance(value, (int, float, np.number)) or not 0 <= value <= most:
        raise ValueError(f"{name} must be a share between 0 and {most}, got {value!r}")
