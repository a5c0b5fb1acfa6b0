"""A training interrupted anywhere and run again gives what an undisturbed one gives."""

import contextlib
import random
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf

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
    runs = training.fit_replicas(build_model, rows(), epochs=6, seeds=SEEDS, batch_size=8)
    return [runs["train", "loss"], *runs.weights]


LEAVING = contextlib._GeneratorContextManager.__exit__.__code__


class Interrupter:
    """Send this process SIGINT, as Ctrl-C does, at the n-th call of a Python function.

    Where TensorFlow is at work, the calls that count are those that leave a `with` block of a
    generator: interrupted there, the generator never ends what it began.
    """

    def __init__(self, leaving, at=None):
        self.leaving, self.at, self.calls = leaving, at, 0

    def __call__(self, frame, event, argument):
        if event == "call" and (not self.leaving or frame.f_code is LEAVING):
            self.calls += 1
            if self.calls == self.at:
                signal.raise_signal(signal.SIGINT)

    def run(self):
        sys.setprofile(self)
        try:
            return train()
        finally:
            sys.setprofile(None)


@pytest.fixture(scope="module")
def undisturbed():
    """The result, and how many calls it takes while compiling and while training."""
    result = train()
    batched.programs.clear()
    compiling, training = Interrupter(leaving=True), Interrupter(leaving=False)
    for interrupter in (compiling, training):
        for got, wanted in zip(interrupter.run(), result, strict=True):
            np.testing.assert_array_equal(got, wanted)
    return result, {"compiling": compiling.calls, "training": training.calls}


# A notebook keeps the last traceback, and with it all that the interrupted functions held.
kept = []


SHARES = random.Random(0).sample(range(1, 100), 12)


@pytest.mark.parametrize(
    "share", [*SHARES[:3], *(pytest.param(s, marks=pytest.mark.slow) for s in SHARES[3:])]
)
@pytest.mark.parametrize("while_it_is", ["compiling", "training"])
def test_interrupted_and_run_again(while_it_is, share, undisturbed):
    expected, calls = undisturbed
    if while_it_is == "compiling":
        batched.programs.clear()
    states = random.getstate(), np.random.get_state()[1].tobytes()
    with pytest.raises(KeyboardInterrupt) as caught:
        Interrupter(while_it_is == "compiling", at=calls[while_it_is] * share // 100).run()
    kept.append(caught)
    assert states == (random.getstate(), np.random.get_state()[1].tobytes())
    assert tf.executing_eagerly()
    for got, wanted in zip(train(), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interrupt_does_not_wait():
    reached = []

    def endless():
        with batched.interrupt_later():
            signal.raise_signal(signal.SIGINT)
            reached.append("first")
            signal.raise_signal(signal.SIGINT)
            reached.append("second")

    with pytest.raises(KeyboardInterrupt):
        endless()
    assert reached == ["first"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_thread_trains_too(undisturbed):
    """Only the main thread may set a handler, and only it is interrupted."""
    with ThreadPoolExecutor(1) as pool:
        for got, wanted in zip(pool.submit(train).result(), undisturbed[0], strict=True):
            np.testing.assert_array_equal(got, wanted)
