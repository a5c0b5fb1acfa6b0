"""The cases of notebook 10: their rows, what their cures change, and what is said of them."""

from types import SimpleNamespace

import numpy as np
import pytest

from helpers import clinic, diagnosis


@pytest.mark.parametrize("number", clinic.CASES)
def test_a_case_and_its_cure_have_rows_of_the_same_shape(number):
    case = clinic.CASES[number]
    shapes = {
        tuple(np.shape(part) for pair in program.parts([0, 1]) for part in pair)
        for program in (case.program, case.mended)
    }
    assert len(shapes) == 1
    assert case.program != case.mended and " from " in case.changed()
    assert case.truth in clinic.DIAGNOSES


def test_every_case_has_a_cause_of_its_own():
    truths = [case.truth for case in clinic.CASES.values()]
    assert len(set(truths)) == len(truths) == 8


def test_few_validation_rows_are_there_several_times():
    _, (x, y), _ = clinic.CASES[4].program.parts([0])
    assert len(np.unique(x[0], axis=0)) == 20
    assert (x[0, :20] == x[0, 180:]).all() and (y[0, :20] == y[0, 180:]).all()


def test_copies_are_torn_apart_or_kept_together():
    for program, answer in ((clinic.CASES[3].program, "yes"), (clinic.CASES[3].mended, "no")):
        (x, _), (other, _), _ = program.parts([0])
        assert diagnosis.ask_copies(x[0], other[0]).answer == answer


def test_the_treatment_follows_the_diagnosis_but_not_in_use():
    (x, y), (xv, yv), (xu, _) = clinic.CASES[6].program.parts([0])
    assert (x[..., -1] == 2 * y - 1).all() and (xv[..., -1] == 2 * yv - 1).all()
    assert (xu[..., -1] == 0).all()
    assert all((part[..., -1] == 0).all() for part, _ in clinic.CASES[6].mended.parts([0]))


def test_shuffled_labels_keep_their_shares_and_the_rows_in_use_their_labels():
    sick, well = (p.parts([0]) for p in (clinic.CASES[7].program, clinic.CASES[7].mended))
    for (x, y), (x_well, y_well) in zip(sick, well, strict=True):
        assert (x == x_well).all() and 0.05 < y.mean() < 0.15
        assert (y == y_well).all() == (y.shape[1] == clinic.FRESH)


def test_one_half_is_rare_where_it_trains_alone():
    parts = clinic.CASES[8].program.parts([0])
    right = [(x[0, :, 0] > 0.5).mean() for x, _ in parts]
    assert max(right[:2]) < 0.1 and 0.45 < right[2] < 0.55


class Curves(SimpleNamespace):
    """What the clinic asks of runs."""

    def __getitem__(self, key):
        return self.curves[key]


def runs(val_loss, accuracy, val_accuracy):
    falling = np.tile(np.linspace(1.0, 0.1, 30), (2, 1))
    curves = {
        ("train", "loss"): falling,
        ("train", "accuracy"): np.tile(accuracy, (2, 1)),
        ("validation", "loss"): np.stack([val_loss, falling[0]]),
        ("validation", "accuracy"): np.tile(val_accuracy, (2, 1)),
        ("test", "accuracy"): np.full((2, 30), 0.7),
    }
    return Curves(curves=curves, seeds=(0, 1), metrics=("loss", "accuracy"))


def test_what_is_said_of_a_case():
    rising = np.concatenate([np.linspace(1.0, 0.3, 10), np.linspace(0.3, 2.0, 20)])
    found = runs(rising, np.full(30, 0.9), np.full(30, 0.8))
    votes = clinic.votes(found, 200)
    assert votes == {
        "gap": 2, "rising loss": 1, "accuracy below its best": 0,
        "diagnose: overfit": 1, "diagnose: unstable": 0, "diagnose: unfinished": 1,
    }  # fmt: skip
    said = clinic.opened(1, found)
    assert "Changed: l2, from 0.0 to 0.01." in said
    assert "Of 2 runs, called overfit: gap 2, rising loss 1" in said
    assert (clinic.history(found)["val_loss"] == rising).all()
    names, low, mean, high = clinic.accuracies(found, found)
    assert names[1] == "in use, as it came" and mean.tolist() == pytest.approx([0.8, 0.7] * 2)
    with pytest.raises(ValueError, match="number must be"):
        clinic.opened(9, found)
