"""`evidence` against SciPy, and its verdicts at the edges."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers import evidence


def decide(values, threshold=0.0):
    return evidence.claim("a-claim", "It holds.", values, threshold=threshold, program="own")


def test_the_interval_is_scipys():
    values = np.random.default_rng(0).normal(1, 2, (30, 4))
    mean, low, high = evidence.interval(values, 0.9)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    np.testing.assert_allclose((mean, low, high), (values.mean(axis=0), *expected))


def test_runs_that_agree_have_an_interval_of_one_value():
    assert evidence.interval([0.5, 0.5, 0.5]) == (0.5, 0.5, 0.5)


def test_the_interval_covers_the_mean_as_often_as_it_says():
    values = np.random.default_rng(1).normal(3, 1, (8, 4000))
    _, low, high = evidence.interval(values)
    assert 0.94 < np.mean((low <= 3) & (3 <= high)) < 0.96


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ([1.0, 1.1, 0.9], "supported"),
        ([-1.0, -1.1, -0.9], "refuted"),
        ([1.0, -1.0, 0.1], "undecided"),
        ([0.0, 0.0], "supported"),  # all of it at the threshold
        ([-1e-9, -1e-9], "refuted"),
    ],
)
def test_verdicts(values, verdict):
    assert decide(values).verdict == verdict


def test_a_shifted_threshold_changes_the_verdict():
    values = [1.0, 1.2, 0.8, 1.1]
    assert [decide(values, t).verdict for t in (0.5, 1.0, 1.5)] == [
        "supported",
        "undecided",
        "refuted",
    ]


def test_a_claim_is_shown_as_text_and_page_and_leaves_its_record():
    claim = evidence.claim("a-b", "x < y", [1, 2, 3], threshold=0.25, program="1.1")
    bundle, metadata = claim._repr_mimebundle_()
    assert bundle["text/plain"].splitlines()[:2] == ["UNDECIDED: a-b", "x < y"]
    assert "x &lt; y" in bundle["text/html"]
    assert metadata["claim"] == {
        "id": "a-b",
        "program": "1.1",
        "sentence": "x < y",
        "estimate": 2.0,
        "low": claim.low,
        "high": claim.high,
        "threshold": 0.25,
        "runs": 3,
        "verdict": "undecided",
    }


def test_wilsons_interval_is_scipys_and_stays_inside():
    share, low, high = evidence.proportion(0, 10)
    assert share == 0 and low == 0 and 0.2 < high < 0.35
    expected = stats.binomtest(7, 20).proportion_ci(method="wilson")
    assert evidence.proportion(7, 20)[1:] == (expected.low, expected.high)


def test_curves_are_in_the_order_of_the_seeds():
    rows = [
        (seed, epoch, split, "loss", 100 * seed + epoch + (0.5 if split == "test" else 0))
        for seed in (7, 3)
        for split in ("train", "test")
        for epoch in (1, 2, 3)
    ]
    table = pd.DataFrame(rows, columns=["seed", "epoch", "split", "metric", "value"])
    np.testing.assert_array_equal(
        evidence.curves(table, "test", "loss"),
        [[701.5, 702.5, 703.5], [301.5, 302.5, 303.5]],
    )
    with pytest.raises(ValueError, match=r"split must be one of \['test', 'train'\], got 'val'"):
        evidence.curves(table, "val", "loss")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: decide([1.0]), ValueError, "values must hold at least 2 runs"),
        (lambda: decide(3.0), ValueError, r"values must have shape \(R,\)"),
        (lambda: decide([1.0, np.nan]), ValueError, "values must hold finite numbers .* got NaN"),
        (lambda: decide(["a", "b"]), TypeError, "values must be an array of numbers"),
        (lambda: decide(np.ones((2, 2))), ValueError, r"values must have shape \(R,\)"),
        (lambda: decide([1.0, 2.0], np.nan), ValueError, "threshold must be a number from"),
        (
            lambda: evidence.claim("A Claim", "", [1, 2], threshold=0, program="own"),
            ValueError,
            "id must be lower-case",
        ),
        (lambda: evidence.interval([1, 2], 95), ValueError, "confidence must be .* from 0 to 1"),
        (lambda: evidence.proportion(5, 3), ValueError, "count must be .* from 0 to 3, got 5"),
    ],
)
def test_bad_input_is_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call()
