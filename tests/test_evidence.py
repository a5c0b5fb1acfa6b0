"""`evidence` against SciPy, its verdicts at the edges, and what a claim shows and stores."""

import json

import numpy as np
import pytest
from scipy import stats

from helpers import evidence

GIVEN = {"program": "own", "origin": "planned", "why": "Less is noise.", "quantity": "gain"}


def decide(values, threshold=0.0, **options):
    return evidence.claim(
        "a-claim", values, "It holds.", **{**GIVEN, **options}, threshold=threshold
    )


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


def test_splits_of_one_data_set_have_the_interval_of_nadeau_and_bengio():
    """By hand: s² = 1, so the variance of the mean is (1 / 3 + 1 / 4) and t(2) is 4.302653."""
    half = 4.302653 * (1 / 3 + 1 / 4) ** 0.5
    found = evidence.interval([1.0, 2.0, 3.0], split_rows=(80, 20))
    np.testing.assert_allclose(found, (2, 2 - half, 2 + half), rtol=1e-6)
    claim = decide([1.0, 2.0, 3.0], method="nadeau-bengio", split_rows=(80, 20))
    assert (claim.estimate, claim.low, claim.high) == found
    assert "corrected for shared rows" in str(claim)


def test_a_share_has_wilsons_interval_which_stays_inside():
    share, low, high = evidence.proportion(0, 10)
    assert share == 0 and low == 0 and 0.2 < high < 0.35
    expected = stats.binomtest(7, 20).proportion_ci(method="wilson")
    assert evidence.proportion(7, 20)[1:] == (expected.low, expected.high)
    claim = decide([True] * 7 + [False] * 13, method="wilson")
    assert (claim.estimate, claim.low, claim.high) == (0.35, expected.low, expected.high)
    assert "share 0.35" in str(claim)


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


@pytest.mark.parametrize(
    ("interval", "threshold", "no_effect", "kind"),
    [
        ((0.01, 0.03), 0.05, 0.0, "smaller"),
        ((-0.03, -0.01), 0.05, 0.0, "opposite"),
        ((-0.03, 0.02), 0.05, 0.0, "none"),
        ((-0.049, 0.02), 0.05, 0.0, "none"),  # not as far below as the threshold is above
        ((-0.051, 0.02), 0.05, 0.0, "unclear"),
        ((0.48, 0.53), 0.55, 0.5, "none"),
        ((0.51, 0.53), 0.55, 0.5, "smaller"),
        ((0.2, 0.3), 0.99, "none", "smaller"),
        ((-0.05, -0.03), -0.02, 0.0, "opposite"),  # worse by more than the margin
        ((-0.03, -0.01), 0.0, 0.0, "opposite"),
        ((0.06, 0.07), 0.05, 0.0, None),  # supported
        ((0.04, 0.07), 0.05, 0.0, None),  # undecided
    ],
)
def test_kinds_of_refutation(interval, threshold, no_effect, kind):
    middle, half = np.mean(interval), np.ptp(interval) / 2
    # Two values whose Student interval has this half width.
    values = middle + np.array([-1, 1]) * half / stats.t.ppf(0.975, 1)
    claim = decide(values, threshold, no_effect=no_effect)
    np.testing.assert_allclose((claim.low, claim.high), interval, atol=1e-12)
    assert claim.kind == kind


def test_a_claim_shows_itself_in_words_and_leaves_its_record():
    claim = evidence.claim(
        "a-b", [1, 2, 3], "x < y", **{**GIVEN, "why": "A & B."}, threshold=0.25, no_effect="none"
    )
    bundle = claim._repr_mimebundle_()
    assert bundle["text/plain"].splitlines() == [
        "UNDECIDED: a-b",
        "x < y",
        "gain: mean 2.0, 95 % interval -0.5 to 4.5, threshold 0.25, 3 runs",
        "Origin: planned before the runs. Why this threshold: A & B.",
    ]
    assert "x &lt; y" in bundle["text/html"] and "A &amp; B." in bundle["text/html"]
    record = bundle[evidence.MEDIA_TYPE]
    assert (
        json.loads(json.dumps(record))
        == record
        == {
            "id": "a-b",
            "program": "own",
            "sentence": "x < y",
            "quantity": "gain",
            "estimate": 2.0,
            "low": -0.5,
            "high": 4.5,
            "threshold": 0.25,
            "no_effect": None,
            "runs": 3,
            "method": "student",
            "verdict": "undecided",
            "kind": None,
            "origin": "planned",
            "why": "A & B.",
        }
    )
    assert "REFUTED (the opposite effect): a-claim" in str(decide([-1.0, -1.1, -0.9]))


def test_a_claim_of_the_register_needs_its_values_alone():
    claim = evidence.claim("l2-improves-circle", [0.1, 0.1, 0.1])
    assert (claim.threshold, claim.program, claim.origin) == (0.02, "1.2", "given")
    assert claim.quantity != "measured value of a run"
    own = evidence.claim("my-own", [0.1, 0.2], "It helps.", threshold=0.05)
    assert (own.program, own.origin, own.no_effect, own.method) == ("own", "planned", 0, "student")


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([-0.0005, 0.0004, 0.0], ("0.0000", "-0.0012", "0.0011")),  # no "-0.0000"
        ([1000.0, 2000.0, 3000.0], ("2000", "-500", "4500")),
        ([0.9, 0.9], ("0.9", "0.9", "0.9")),
        (np.float32([0.1, 0.1]), ("0.1", "0.1", "0.1")),
        ([0, 0], ("0", "0", "0")),
    ],
)
def test_numbers_are_rounded_to_what_is_known(values, numbers):
    assert decide(values).numbers() == numbers


def test_a_claim_keeps_its_values_for_itself():
    values = np.array([1.0, 2.0])
    claim = decide(values)
    values[:] = 0
    assert claim.values.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        claim.values[0] = 0


def test_the_picture_is_described_by_its_numbers():
    assert decide([1.0, 2.0, 3.0], -1.0).described() == (
        "3 runs from 1.0 to 3.0. The interval of their mean, -0.5 to 4.5, lies at or above the "
        "threshold -1. No effect would be 0."
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decide([1.0]), "values must hold at least 2 runs"),
        (lambda: decide([1.0, np.nan]), "values must hold finite numbers .* got NaN"),
        (lambda: decide(np.ones((2, 2))), r"values must have shape \(R,\)"),
        (lambda: decide([0, 2], method="wilson"), "values must be 0 or 1 with 'wilson'"),
        (lambda: decide([0, 1], method="nadeau-bengio"), "split_rows must be given with"),
        (lambda: decide([0, 1], split_rows=(8, 2)), "split_rows must be given with"),
        (lambda: decide([0, 1], origin="mine"), r"origin must be one of \['given', 'planned'"),
        (lambda: decide([0, 1], method="normal"), "method must be one of"),
        (lambda: decide([0, 1], why=" "), "why must be a text that is not empty"),
        (lambda: evidence.claim("x", [0, 1], "S."), "threshold must be given: 'x' does not stand"),
        (lambda: evidence.claim("x", [0, 1], threshold=1), "sentence must be given"),
        (
            lambda: evidence.claim("l2-improves-circle", [0, 1], threshold=0.01),
            "stands in the register, where its threshold is fixed",
        ),
        (lambda: evidence.interval([1, 2], split_rows=8), "split_rows must be a tuple"),
        (lambda: evidence.interval([1, 2], 95), "confidence must be .* from 0 to 1"),
        (lambda: evidence.proportion(5, 3), "count must be .* from 0 to 3, got 5"),
    ],
)
def test_bad_input_is_refused_by_name(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
