"""A training interrupted anywhere and run again gives what an undisturbed one gives."""

import random
import sys

import keras
import numpy as np
import pytest

from helpers import batched, training

SEEDS = range(3)


def rows():
    rng = np.random.default_rng(0)
    x = rng.random((24, 2))
    return x, (x.sum(axis=1) > 1).astype(float)


def build_model():
    model = keras.Sequential(
        [
            keras.layers.Input((2,)),
            keras.layers.Dense(4, activation="relu", kernel_regularizer=keras.regularizers.L2(0.1)),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def train():
    table, weights = training.fit_replicas(
        build_model, rows(), epochs=6, seeds=SEEDS, batch_size=8, return_weights=True
    )
    return [table.value.to_numpy(), *weights]


class Interrupter:
    """Raise KeyboardInterrupt at the n-th call of a Python function, as Ctrl-C might."""

    def __init__(self, at=None):
        self.at, self.calls = at, 0

    def __call__(self, frame, event, argument):
        if event == "call":
            self.calls += 1
            if self.calls == self.at:
                sys.setprofile(None)
                raise KeyboardInterrupt

    def run(self):
        random_states = random.getstate(), np.random.get_state()[1].tobytes()
        sys.setprofile(self)
        try:
            return train()
        finally:
            sys.setprofile(None)
            if self.at is None:
                assert random_states == (random.getstate(), np.random.get_state()[1].tobytes())


@pytest.fixture(scope="module")
def undisturbed():
    """The result, and how many calls it takes to compile and train, and to train alone."""
    batched.programs.clear()
    first, again = Interrupter(), Interrupter()
    result = first.run()
    again.run()
    assert again.calls < first.calls
    return result, first.calls, again.calls


@pytest.mark.parametrize("share", random.Random(0).sample(range(2, 99), 5))
# An interrupted trace leaves generators of TensorFlow behind, which may spoil later tests of the
# same process when they are collected: run these alone, with `-m slow`.
@pytest.mark.parametrize(
    "compiled",
    [pytest.param(False, marks=pytest.mark.slow), True],
    ids=["while compiling", "while training"],
)
def test_interrupted_and_run_again(compiled, share, undisturbed):
    expected, to_compile, to_train = undisturbed
    if not compiled:
        batched.programs.clear()
    calls = to_train if compiled else to_compile
    with pytest.raises(KeyboardInterrupt):
        Interrupter(at=calls * share // 100).run()
    for got, wanted in zip(train(), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
