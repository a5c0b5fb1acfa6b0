"""The exercises of notebook 02b."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_soft_threshold(z, l1):
    return np.sign(z) * np.maximum(np.abs(z) - l1, 0)


_OTHER_SHRINKING = (
    (lambda z, l1: z - l1 * np.sign(z), "entries smaller than l1 must not jump over zero."),
    (
        lambda z, l1: np.where(np.abs(z) > l1, z, 0.0),
        "that keeps large entries as they are; they lie l1 nearer to zero.",
    ),
    (lambda z, l1: np.maximum(np.abs(z) - l1, 0), "negative entries must stay negative."),
    (lambda z, l1: np.maximum(z - l1, 0), "negative entries must be shrunk too, not dropped."),
    (lambda z, l1: z / (1 + l1), "that is the minimum for half the square, L2. L1 is asked for."),
    (lambda z, l1: z / (1 + 2 * l1), "that is the minimum for the square, L2. L1 is asked for."),
    (
        lambda z, l1: np.sign(z) * np.maximum(np.abs(z) - l1 / 2, 0),
        "the shift is l1 itself: the one half stands before the square.",
    ),
    (
        lambda z, l1: np.sign(z) * np.maximum(np.abs(z) - 2 * l1, 0),
        "the shift is l1, not twice l1.",
    ),
    (lambda z, l1: np.clip(z, -l1, l1), "that clips to l1; what is left beyond l1 is asked for."),
    (lambda z, l1: z, "you return z as it is, without the penalty."),
    (lambda z, l1: np.zeros_like(z), "you return zeros everywhere, whatever z is."),
)


@judging.judge(_solve_soft_threshold)
def _verify_soft_threshold(answer):
    rng = np.random.default_rng(1)
    problems = [(rng.normal(0, 1, shape), 0.5) for shape in ((40,), (3, 5))]
    got = [_shrunk(answer, *problem) for problem in problems]
    right = [_solve_soft_threshold(*problem) for problem in problems]
    if not all(map(np.allclose, got, right)):
        for rule, reason in _OTHER_SHRINKING:
            if all(map(np.allclose, got, (rule(*problem) for problem in problems))):
                raise Wrong(reason)
        z, i = problems[0][0], int(np.argmin(np.isclose(got[0], right[0])))
        if np.isclose(got[0][i], right[0][i]):
            raise Wrong("it is right for one row of numbers, and wrong for a table of them.")
        raise Wrong(
            f"for z = {z[i]:.3f} and l1 = 0.5 it is {right[0][i]:.3f}, you return {got[0][i]:.3f}."
        )
    # Other strengths, exact borders, whole numbers.
    for z, l1 in (
        (np.array([0.5, -0.5, 0.0, 2.0]), 0.5),
        (np.array([1.5, -0.25, 0.0]), 0.0),
        (np.array([-3, -2, -1, 0, 1, 2, 3]), 2),
        (np.array([-3, -1, 0, 2]), 0.5),
        (np.array([4.0, -1.0]), 1.5),
    ):
        found, wanted = _shrunk(answer, z, l1), _solve_soft_threshold(z, l1)
        if not np.allclose(found, wanted):
            raise Wrong(
                f"for z = {z.tolist()} and l1 = {l1} it is {(wanted + 0.0).tolist()}, you return "
                f"{found.tolist()}."
            )


def _shrunk(answer, z, l1):
    kept = z.copy()
    found = expect_array(answer(kept, l1), z.shape, "one weight for each entry of z")
    judging.unchanged("z", kept, z)
    return found


def _solve_stable_columns(kept, share):
    return np.mean(kept, axis=0) >= share


_OTHER_CHOICES = (
    (lambda kept, share: kept.mean(axis=0) < share, "True and False are swapped."),
    (lambda kept, share: kept.mean(axis=0) <= share, "True and False are swapped."),
    (lambda kept, share: kept.any(axis=0), "that is every column kept at least once."),
    (lambda kept, share: kept.all(axis=0), "that is every column kept in all runs."),
    (lambda kept, share: kept[0], "that is the first run alone."),
    (lambda kept, share: kept[-1], "that is the last run alone."),
    (
        lambda kept, share: kept.mean(axis=0) >= 0.5,
        "your share is always a half; take `share`.",
    ),
    (
        lambda kept, share: kept.mean(axis=0) >= kept.mean(),
        "that compares with the mean over all columns; `share` is asked for.",
    ),
    (
        lambda kept, share: kept.sum(axis=0) >= share,
        "that compares a number of runs with a share of them.",
    ),
    (
        lambda kept, share: np.ones(kept.shape[1], bool),
        "you always say True, whatever you are given.",
    ),
    (
        lambda kept, share: np.zeros(kept.shape[1], bool),
        "you always say False, whatever you are given.",
    ),
)


@judging.judge(_solve_stable_columns)
def _verify_stable_columns(answer):
    rng = np.random.default_rng(2)
    problems = []
    for share in (0.3, 0.45, 0.7, 0.83, 0.95):
        kept = rng.random((24, 30)) < np.linspace(0, 1, 30)
        # No column on the border here, where rounding could decide.
        near = np.isclose(kept.mean(axis=0), share, atol=1e-6)
        problems.append((kept[:, ~near], share))
    # Every number of runs but the highest: no column is kept always, and no rounding goes unseen.
    problems.append((np.arange(24)[:, None] < np.arange(21), 0.3))
    got = [_chosen(answer, *problem) for problem in problems]
    right = [_solve_stable_columns(*problem) for problem in problems]
    if not all(map(np.array_equal, got, right)):
        for rule, reason in _OTHER_CHOICES:
            if all(map(np.array_equal, got, (rule(*problem) for problem in problems))):
                raise Wrong(reason)
        place = [np.array_equal(*pair) for pair in zip(got, right, strict=True)].index(False)
        i = int(np.argmin(got[place] == right[place]))
        kept, share = problems[place]
        raise Wrong(
            f"a column kept in {kept[:, i].sum()} of {len(kept)} runs is {right[place][i]} for the "
            f"share {share:g}; you say {got[place][i]}."
        )
    # Shares without rounding: one half and three quarters of eight runs, and all of them.
    border = np.arange(8)[:, None] < np.arange(9)
    for share in (0.5, 0.75, 1.0):
        if not np.array_equal(_chosen(answer, border, share), _solve_stable_columns(border, share)):
            raise Wrong(
                f"exactly the share is enough: kept in {8 * share:g} of 8 runs is True for "
                f"{share:g}."
            )


def _chosen(answer, kept, share):
    given = kept.copy()
    found = expect_array(answer(given, share), kept.shape[1:], "True or False for each column")
    if not np.isin(found, (0, 1)).all():
        raise Wrong("the answer must hold True and False alone, one for each column.")
    judging.unchanged("`kept`", given, kept)
    return found.astype(bool)


def _solve_my_claim(draw):
    from sklearn.linear_model import LinearRegression, Ridge

    from helpers import evidence

    values = []
    for seed in range(30):
        x, y, new_x, new_y = draw(seed)
        plain, ridge = (
            np.mean((model.fit(x, y).predict(new_x) - new_y) ** 2)
            for model in (LinearRegression(), Ridge(alpha=10))
        )
        values.append(plain - ridge)
    return evidence.claim(
        "my-ridge-claim",
        values,
        "Ridge(alpha=10) lowers the squared error by at least 0.1.",
        threshold=0.1,
    )


def _fits(x, y, new_x, new_y):
    """Return the four errors of one seed: least squares and Ridge, on new and on training rows."""
    from sklearn.linear_model import LinearRegression, Ridge

    models = [LinearRegression().fit(x, y), Ridge(alpha=10).fit(x, y)]
    pairs = ((new_x, new_y), (x, y))
    return [np.mean((m.predict(a) - b) ** 2) for a, b in pairs for m in models]


@judging.judge(_solve_my_claim)
def _verify_my_claim(answer):
    called = []

    def draw(seed):
        called.append(seed)
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((1_080, 40))
        y = x[:, :5] @ np.full(5, 0.4) + rng.standard_normal(1_080) * (np.arange(1_080) < 80)
        return x[:80], y[:80], x[80:], y[80:]

    mine = answer(draw)
    if mine is None:
        raise Wrong("your function returns None. Is there a `return`?")
    if any(not hasattr(mine, name) for name in ("values", "threshold", "verdict", "id")):
        raise Wrong(f"the answer must be what evidence.claim returns, not {type(mine).__name__}.")
    asked = sorted(map(int, called))
    if sorted(set(asked)) != list(range(30)):
        raise Wrong(f"the seeds must be 0 to 29; you drew with {_listed(asked)}.")
    if len(mine.values) != 30:
        raise Wrong(f"the claim must hold one value for each of 30 seeds, not {len(mine.values)}.")
    errors = np.array([_fits(*draw(seed)) for seed in range(30)])
    plain, ridge, plain_seen, ridge_seen = errors.T
    values = np.sort(mine.values)
    for wrong, reason in (
        (ridge - plain, "the sign: the error of least squares minus that of Ridge is asked for."),
        (plain_seen - ridge_seen, "these are errors on the training rows; take the fresh ones."),
        (ridge_seen - plain_seen, "these are errors on the training rows; take the fresh ones."),
        (ridge, "these are the errors of Ridge; the difference of both models is asked for."),
        (plain, "these are the errors of least squares; the difference is asked for."),
        (1 - ridge / plain, "that is a share of the error; the plain difference is asked for."),
        (plain > ridge, "count no wins: each value is a difference of two errors."),
        (plain**0.5 - ridge**0.5, "those are roots; the squared error is asked for."),
    ):
        if np.allclose(values, np.sort(wrong)):
            raise Wrong(reason)
    if not np.allclose(values, np.sort(plain - ridge), rtol=1e-4):
        raise Wrong(
            f"for seed 0 of the check the difference is {plain[0] - ridge[0]:.3f}, and it is none "
            "of your values. Are both models fitted to the same rows, with alpha=10?"
            if not np.isclose(values, plain[0] - ridge[0], rtol=1e-4).any()
            else "some of your values are not the difference of the two errors of one seed."
        )
    if mine.threshold <= 0:
        raise Wrong(
            f"your threshold is {mine.threshold:g}: at or below 0 the claim would hold without any "
            "gain. How much would matter to you?"
        )
    if mine.id != "my-ridge-claim":
        raise Wrong(f"the id must be 'my-ridge-claim', not {mine.id!r}.")


def _listed(seeds):
    if not seeds:
        return "none"
    if len(set(seeds)) == 1:
        return f"seed {seeds[0]} alone"
    return f"{len(set(seeds))} seeds from {seeds[0]} to {seeds[-1]}"


soft_threshold = Exercise(
    _solve_soft_threshold,
    _verify_soft_threshold,
    [
        "Take the size of each entry, `np.abs(z)`, and take l1 off it.",
        "What falls below zero becomes zero: `np.maximum(np.abs(z) - l1, 0)`.",
        "Give each entry its sign back: multiply by `np.sign(z)`.",
    ],
)
stable_columns = Exercise(
    _solve_stable_columns,
    _verify_stable_columns,
    [
        "The mean of True and False is the share of True.",
        "Runs are the rows: `kept.mean(axis=0)` is one share for each column.",
        "Compare with `share` by `>=`: exactly the share is enough.",
    ],
)
my_claim = Exercise(
    _solve_my_claim,
    _verify_my_claim,
    [
        "A loop over `range(30)`: `x, y, new_x, new_y = draw(seed)`.",
        "For each model `np.mean((model.fit(x, y).predict(new_x) - new_y) ** 2)`; append the error "
        "of `LinearRegression()` minus that of `Ridge(alpha=10)` to a list.",
        'Return `evidence.claim("my-ridge-claim", values, "a sentence", threshold=...)` with a '
        "threshold above 0.",
    ],
)
