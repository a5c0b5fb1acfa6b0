"""`data`: the distributions are those of the programs, and a seed fixes a draw."""

import numpy as np
import pytest

from helpers import data


def rng(seed=0):
    return np.random.default_rng(seed)


def test_circle():
    x, y = data.circle(20_000, rng())
    assert x.shape == (20_000, 2) and x.min() >= 0 and x.max() <= 1
    inside = (x[:, 0] - 0.5) ** 2 + (x[:, 1] - 0.5) ** 2 < 0.1
    np.testing.assert_array_equal(y, inside)
    assert abs(y.mean() - 0.1 * np.pi) < 0.01


def test_flipped_labels():
    x, clean = data.circle(20_000, rng())
    same_x, noisy = data.circle(20_000, rng(), flip=0.2)
    np.testing.assert_array_equal(x, same_x)
    assert abs(np.mean(clean != noisy) - 0.2) < 0.01


def test_line():
    x, y = data.line(20, rng(), noise=0.0)
    np.testing.assert_allclose(x[:, 0], np.linspace(0, 10, 20))
    np.testing.assert_allclose(y, 3 * x[:, 0])
    noise = np.concatenate(
        [data.line(100, rng(s))[1] - 3 * np.linspace(0, 10, 100) for s in range(50)]
    )
    assert abs(noise.std() - 5) < 0.2 and abs(noise.mean()) < 0.2


def test_labels_unrelated_to_the_features():
    x, y = data.unrelated(5_000, 10, rng())
    assert x.shape == (5_000, 10) and abs(y.mean() - 0.5) < 0.03
    assert np.abs(np.corrcoef(x.T, y)[-1, :-1]).max() < 0.06
    assert data.unrelated(100, 3, rng(), positives=10)[1].sum() == 10


def test_a_seed_fixes_a_draw_and_other_seeds_differ():
    x, y = data.per_seed(lambda r: data.circle(50, r), [3, 4, 3])
    assert x.shape == (3, 50, 2) and y.shape == (3, 50)
    np.testing.assert_array_equal(x[0], x[2])
    assert (x[0] != x[1]).all()


def test_cut():
    x, y = np.arange(24.0).reshape(2, 6, 2), np.arange(12.0).reshape(2, 6)
    first, second, rest = data.cut(x, y, 3, 2)
    assert [part[0].shape for part in (first, second, rest)] == [(2, 3, 2), (2, 2, 2), (2, 1, 2)]
    np.testing.assert_array_equal(np.concatenate([first[1], second[1], rest[1]], axis=1), y)
    assert len(data.cut(x, y, 4, 2)) == 2
    assert len(data.cut(x[0], y[0], 4)) == 2


def test_resplit_shares_no_row_and_standardizes_with_the_first_part():
    x = np.random.default_rng(0).normal(5, 3, (60, 4))
    x[:, 3] = 7.0
    y = np.arange(60)
    (a, la), (b, lb) = data.resplit(x, y, (20, 30), [1, 2])
    assert a.shape == (2, 20, 4) and b.shape == (2, 30, 4)
    for r in range(2):
        assert not set(la[r]) & set(lb[r])
        mean, scale = x[la[r], :3].mean(axis=0), x[la[r], :3].std(axis=0)
        np.testing.assert_allclose(b[r, :, :3], (x[lb[r], :3] - mean) / scale)
    np.testing.assert_allclose(a.mean(axis=1), 0, atol=1e-12)
    assert (a[..., 3] == 0).all()
    assert (la[0] != la[1]).any()


def test_resplit_leaves_a_constant_feature_at_0():
    x = np.column_stack([np.full(101, 0.1), np.arange(101)])  # the mean of 0.1 is not quite 0.1
    (a, _), (b, _) = data.resplit(x, np.ones(101), (60, 41), [1])
    np.testing.assert_allclose([np.abs(a[..., 0]).max(), np.abs(b[..., 0]).max()], 0, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: data.circle(0, rng()),
            ValueError,
            "rows must be a whole number from 1 to 10,000,000, got 0",
        ),
        (
            lambda: data.circle(2.5, rng()),
            TypeError,
            "rows must be a whole number from 1 .* got 2.5",
        ),
        (lambda: data.circle(9, rng(), 0.7), ValueError, "flip must be a number from 0 to 0.5"),
        (lambda: data.line(9, rng(), -1), ValueError, "noise must be a number from 0 to"),
        (lambda: data.unrelated(9, 2, rng(), 10), ValueError, "positives must be .* from 0 to 9"),
        (
            lambda: data.per_seed(lambda r: data.circle(5, r), []),
            ValueError,
            "seeds must be a sequence of 1",
        ),
        (lambda: data.cut(np.ones((5, 2)), np.ones(4), 2), ValueError, r"y must have shape \(5,\)"),
        (
            lambda: data.cut(np.ones((5, 2)), np.ones(5), 3, 3),
            ValueError,
            "rows, added up, .* to 5, got 6",
        ),
    ],
)
def test_bad_input_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()
