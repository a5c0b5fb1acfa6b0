import random
import signal

import numpy as np
import pytest


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """Let Ctrl-C mean what it means: a shell's background jobs, and their children, ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def said(capsys):
    """Check an answer and return what the check prints; nothing random is left changed."""

    def check(exercise, answer):
        capsys.readouterr()
        python, numpy = random.getstate(), np.random.get_state()
        with np.errstate(all="ignore"):
            try:
                exercise.check(answer)
            finally:
                assert random.getstate() == python
                np.testing.assert_equal(np.random.get_state(), numpy)
        return capsys.readouterr().out.removesuffix("\n")

    return check
