"""Answers that are wrong for every exercise, for the tables in test_exercises_01 to 08."""

import numpy as np


def nothing(*arguments):
    """Return None, and do so by more than a stub does."""
    print(end="")


def not_a_number(*arguments):
    return np.nan


def first_answer(solution):
    """Answer the first call rightly and all later ones by the same: a constant that fitted once."""
    kept = []

    def answer(*arguments):
        if not kept:
            kept.append(solution(*arguments))
        return kept[0]

    return answer


def neighbours(exercises, reasons):
    """Pair the stored solutions of other exercises of the notebook with what is said to them."""
    return [(getattr(exercises, name)._solution, reason) for name, reason in reasons.items()]
