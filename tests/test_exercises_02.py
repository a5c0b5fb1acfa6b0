import numpy as np
import pytest

from helpers.exercises import regularization as exercises

NAMES = ("penalty", "build_sparse", "pick_strength")


def said(name, answer, capsys):
    getattr(exercises, name).check(answer)
    return capsys.readouterr().out.strip()


def penalty_flat(kernels, l1, l2):
    weights = np.concatenate([np.ravel(kernel) for kernel in kernels])
    return l1 * np.linalg.norm(weights, 1) + l2 * weights @ weights


def penalty_loop(kernels, l1, l2):
    total = 0.0
    for kernel in kernels:
        for weight in kernel.ravel().tolist():
            total += l1 * abs(weight) + l2 * weight * weight
    return [total][0]


def penalty_keras(kernels, l1, l2):
    import keras

    regularizer = keras.regularizers.L1L2(l1=l1, l2=l2)
    return sum(float(regularizer(kernel.astype("float32"))) for kernel in kernels)


def model(
    penalty="l1", strength=0.001, rate=0.3, widths=(32, 16), output="sigmoid", loss=None,
    optimizer="adam", compiled=True, hidden="relu", also_output=False, first_only=False,
    argument="kernel_regularizer", layers=None, inputs=2, drops=2,
):  # fmt: skip
    import keras
    from keras.layers import Dense, Dropout, Input

    def penalised():
        kinds = {"l1": keras.regularizers.L1, "l2": keras.regularizers.L2}
        return {argument: kinds[penalty](strength)} if penalty else {}

    built = layers or [
        Input((inputs,)),
        Dense(widths[0], activation=hidden, **penalised()),
        *[Dropout(rate)] * (drops > 0),
        Dense(widths[1], activation=hidden, **({} if first_only else penalised())),
        *[Dropout(rate)] * (drops > 1),
        Dense(1, activation=output, **(penalised() if also_output else {})),
    ]
    answer = keras.Sequential(built)
    if compiled:
        answer.compile(optimizer=optimizer, loss=loss or "binary_crossentropy")
    return answer


def functional():
    import keras

    inputs = keras.Input((2,))
    x = inputs
    for units in (32, 16):
        x = keras.layers.Dense(units, kernel_regularizer=keras.regularizers.L1L2(l1=1e-3))(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.Dropout(0.3, seed=1)(x)
    outputs = keras.layers.Dense(1, activation="sigmoid")(x)
    answer = keras.Model(inputs, outputs)
    answer.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy())
    return answer


def added_one_by_one():
    import keras

    answer = keras.Sequential()
    for units in (32, 16):
        answer.add(keras.layers.Dense(units, kernel_regularizer=keras.regularizers.l1(0.001)))
        answer.add(keras.layers.Activation("relu"))
        answer.add(keras.layers.Dropout(rate=0.3))
    answer.add(keras.layers.Dense(1))
    answer.add(keras.layers.Activation("sigmoid"))
    answer.compile("adam", keras.losses.binary_crossentropy, metrics=["accuracy"])
    return answer


def shuffled_layers():
    import keras
    from keras.layers import Dense, Dropout

    l1 = keras.regularizers.L1(0.001)
    return model(
        layers=[
            Dropout(0.3),
            Dense(32, activation="relu", kernel_regularizer=l1),
            Dropout(0.3),
            Dense(16, activation="relu", kernel_regularizer=l1),
            Dense(1, activation="sigmoid"),
        ]
    )


def logits_loss():
    import keras

    return model(loss=keras.losses.BinaryCrossentropy(from_logits=True))


def pick_by_loop(losses, strengths):
    means = [sum(column) / len(column) for column in losses.T]
    best = min(range(len(means)), key=means.__getitem__)
    variance = sum((v - means[best]) ** 2 for v in losses[:, best]) / (len(losses) - 1)
    limit = means[best] + (variance / len(losses)) ** 0.5
    return max(s for s, m in zip(strengths, means, strict=True) if m <= limit)


def pick_by_scipy(losses, strengths):
    from scipy.stats import sem

    order = np.argsort(strengths)
    mean, error = losses[:, order].mean(0), sem(losses[:, order])
    return np.sort(strengths)[np.flatnonzero(mean <= mean.min() + error[mean.argmin()])[-1]]


@pytest.mark.parametrize(
    "name, answer",
    [
        *[(name, getattr(exercises, name)._solution) for name in NAMES],
        *[("penalty", answer) for answer in (penalty_flat, penalty_loop, penalty_keras)],
        *[("build_sparse", answer) for answer in (model, functional, added_one_by_one)],
        *[("pick_strength", answer) for answer in (pick_by_loop, pick_by_scipy)],
    ],
)
def test_right_answers_are_accepted(name, answer, capsys):
    assert said(name, answer, capsys) == "Right."


def total(kernels, power):
    return sum((np.abs(kernel) ** power).sum() for kernel in kernels)


def near_best(losses, strengths, slack):
    mean = losses.mean(axis=0)
    return strengths[mean <= mean.min() + slack].max()


WRONG = {
    "penalty": [
        (lambda k, a, b: total(k, 1) and None, "returns None"),
        (lambda k, a, b: 1.0, "you return"),
        (lambda k, a, b: float("nan"), "NaN"),
        (lambda k, a, b: [a * total([w], 1) + b * total([w], 2) for w in k], "shape"),
        (lambda k, a, b: b * total(k, 1) + a * total(k, 2), "swapped"),
        (lambda k, a, b: a * total(k, 1), "squares are missing"),
        (lambda k, a, b: b * total(k, 2), "absolute values are missing"),
        (lambda k, a, b: a * sum(w.sum() for w in k) + b * total(k, 2), "cancel"),
        (lambda k, a, b: a * total(k, 1) + b / 2 * total(k, 2), "1/2"),
        (lambda k, a, b: a * total(k, 1) + b * total(k, 2) ** 0.5, "root"),
        (lambda k, a, b: (a * total(k, 1) + b * total(k, 2)) / 28, "mean"),
        (lambda k, a, b: a * total(k[:1], 1) + b * total(k[:1], 2), "first kernel"),
        (lambda k, a, b: a * total(k[1:], 1) + b * total(k[1:], 2), "for one test"),
        (lambda k, a, b: k[0] @ k[2], "ValueError"),
        (lambda losses, strengths: strengths.max(), "TypeError"),
        (0.5, "TypeError"),
    ],
    "build_sparse": [
        (lambda: model().summary(print_fn=str), "returns None"),
        (lambda: 3, "Keras model"),
        (7, "function"),
        (lambda: model(penalty=None), "no penalty"),
        (lambda: model(penalty="l2"), "L2"),
        (lambda: model(strength=0.01), "0.01"),
        (lambda: model(strength=0.002), "the penalty is"),
        (lambda: model(also_output=True), "output layer"),
        (lambda: model(first_only=True), "only the first"),
        (lambda: model(argument="bias_regularizer"), "biases"),
        (lambda: model(argument="activity_regularizer"), "puts out"),
        (lambda: model(rate=0.7), "share that is dropped"),
        (lambda: model(rate=0.2), "0.3"),
        (lambda: model(drops=1), "makes two"),
        (lambda: model(drops=0), "makes two"),
        (shuffled_layers, "before the first"),
        (lambda: model(widths=(16, 32)), "widths"),
        (lambda: model(hidden=None), "ReLU"),
        (lambda: model(output=None), "sigmoid"),
        (lambda: model(inputs=3), "features"),
        (lambda: model(compiled=False), "not compiled"),
        (lambda: model(loss="mse"), "cross-entropy"),
        (logits_loss, "from_logits"),
        (lambda: model(optimizer="sgd"), "Adam"),
        (exercises.penalty._solution, "TypeError"),
    ],
    "pick_strength": [
        (lambda a, s: a.sort(), "returns None"),
        (lambda a, s: "strong", "numbers"),
        (lambda a, s: np.nan, "NaN"),
        (lambda a, s: 0.01, "mean losses"),
        (lambda a, s: s[a.mean(axis=0).argmin()], "lowest mean"),
        (lambda a, s: s[a.mean(axis=1).argmin()], "mean losses"),
        (lambda a, s: near_best(a, s, a.std(axis=0, ddof=1)[a.mean(axis=0).argmin()]), "folds"),
        (
            lambda a, s: near_best(a, s, a.std(axis=0)[a.mean(axis=0).argmin()] / 5**0.5),
            "ddof=1",
        ),
        (
            lambda a, s: near_best(a, s, 2 / 5**0.5 * a.std(0, ddof=1)[a.mean(0).argmin()]),
            "two standard errors",
        ),
        (lambda a, s: s.max(), "always"),
        (lambda a, s: s.min(), "always"),
        (lambda a, s: s[a.mean(axis=0).argmax()], "high loss"),
        (lambda a, s: s[a.min(axis=0).argmin()], "single value"),
        (lambda a, s: int(np.flatnonzero(s == pick_by_loop(a, s))[0]), "position"),
        (lambda a, s: s, "shape"),
        (exercises.penalty._solution, "TypeError"),
    ],
}


@pytest.mark.parametrize(
    "name, answer, reason", [(name, *pair) for name, pairs in WRONG.items() for pair in pairs]
)
def test_wrong_answers_are_refused_with_a_reason(name, answer, reason, capsys):
    text = said(name, answer, capsys)
    assert text.startswith("Not yet: ")
    assert reason in text


def untouched(*arguments): ...


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("stub", [..., untouched])
def test_an_untouched_stub_is_not_judged(name, stub, capsys):
    assert said(name, stub, capsys).startswith("Not attempted yet")


@pytest.mark.parametrize("name", NAMES)
def test_hints_end_and_the_solution_is_source(name, capsys):
    exercise = getattr(exercises, name)
    for _ in range(5):
        exercise.hint()
    exercise.solution()
    text = capsys.readouterr().out
    assert "Hint 3 of 3" in text and "return" in text
