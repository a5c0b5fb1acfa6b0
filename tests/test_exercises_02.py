"""Answers to the exercises of notebook 02; test_exercises.py checks them."""

import numpy as np
import pandas as pd
import pytest
from exercise_answers import first_answer, neighbours, not_a_number, nothing

from helpers.exercises import regularization as exercises


def loss_of(y, q):
    return -np.mean(y * np.log(q) + (1 - y) * np.log(1 - q))


def learned_by_loop(y_train, y, p):
    share = sum(y_train) / len(y_train)
    better = 0.0
    for label, answer in zip(y, p, strict=True):
        better += np.log(answer / share) if label == 1 else np.log((1 - answer) / (1 - share))
    return better > 0


def learned_by_sklearn(y_train, y, p):
    from sklearn.metrics import log_loss

    constant = np.full(len(y), np.mean(y_train))
    return log_loss(y, p, labels=[0, 1]) < log_loss(y, constant, labels=[0, 1])


def learned_by_keras(y_train, y, p):
    import keras

    constant = np.ones_like(p) * y_train.mean()
    losses = [float(keras.losses.binary_crossentropy(y.astype(float), q)) for q in (p, constant)]
    return losses[0] < losses[1]


def learned_by_probability_of_truth(y_train, y, p):
    share = np.mean(y_train)
    own, constant = np.where(y == 1, p, 1 - p), np.where(y == 1, share, 1 - share)
    return bool(np.log(own).sum() > np.log(constant).sum())


def model(
    penalty="l1", strength=0.001, rate=0.3, widths=(32, 16), output="sigmoid", loss=None,
    optimizer="adam", compiled=True, hidden="relu", also_output=False, first_only=False,
    argument="kernel_regularizer", layers=None, inputs=2, drops=2,
):  # fmt: skip
    import keras
    from keras.layers import Dense, Dropout, Input

    def penalised():
        strengths = {kind: strength for kind in penalty.split("_")} if penalty else {}
        return {argument: keras.regularizers.L1L2(**strengths)} if penalty else {}

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


def pick_by_pandas(losses, strengths):
    columns = pd.DataFrame(losses, columns=strengths)
    mean, error = columns.mean(), columns.sem()
    return mean.index[mean <= mean.min() + error[mean.idxmin()]].max()


def near_best(losses, strengths, slack):
    mean = losses.mean(axis=0)
    return strengths[mean <= mean.min() + slack].max()


def softmax():
    return model(output="softmax")


def twice_activated():
    import keras

    l1 = keras.regularizers.L1(0.001)
    layers = []
    for units in (32, 16):
        layers += [
            keras.layers.Dense(units, activation="tanh", kernel_regularizer=l1),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.3),
        ]
    return model(layers=[keras.Input((2,)), *layers, keras.layers.Dense(1, activation="sigmoid")])


def changing_p(y_train, y, p):
    answer = loss_of(y, p) < loss_of(y, y_train.mean())
    p -= y
    return answer


def sorting_losses(losses, strengths):
    answer = pick_by_loop(losses, strengths)
    losses.sort(axis=0)
    return answer


def strictly_below(losses, strengths):
    means = losses.mean(axis=0)
    best = means.argmin()
    limit = means[best] + losses[:, best].std(ddof=1) / len(losses) ** 0.5
    inside = means < limit
    return strengths[inside].max() if inside.any() else strengths.min()


def next_stronger(losses, strengths):
    order = np.sort(strengths)
    place = np.flatnonzero(order == pick_by_loop(losses, strengths))[0]
    return order[min(place + 1, len(order) - 1)]


RIGHT = {
    "build_sparse": [model, functional, added_one_by_one],
    "has_learned": [
        learned_by_loop, learned_by_sklearn, learned_by_keras, learned_by_probability_of_truth,
    ],
    "pick_strength": [pick_by_loop, pick_by_scipy, pick_by_pandas],
}  # fmt: skip
WRONG = {
    "has_learned": {
        "none": [(nothing, "returns None")],
        "nan": [(lambda t, y, p: np.nan, "True or False")],
        "shape": [(lambda t, y, p: p > 0.5, "True or False"), (lambda t, y, p: [True], "not")],
        "off by one": [
            (lambda t, y, p: loss_of(y, p) <= loss_of(y, t.mean()), "is not better than it"),
            (lambda t, y, p: loss_of(y[1:], p[1:]) < loss_of(y[1:], t.mean()), "you say"),
        ],
        "constant": [
            (lambda t, y, p: True, "always say True"),
            (lambda t, y, p: False, "always say False"),
            (first_answer(exercises.has_learned._solution), "always say"),
        ],
        "neighbour": neighbours(exercises, {
            "build_sparse": "y_train, y and p, and takes no argument",
            "pick_strength": "y_train, y and p, and takes losses and strengths",
        }),
        "leak": [
            (
                lambda t, y, p: loss_of(y, p) < loss_of(y, np.clip(y.mean(), 1e-7, 1 - 1e-7)),
                "must come from y_train",
            ),
        ],
        "other": [
            (lambda t, y, p: loss_of(y, p) > loss_of(y, t.mean()), "swapped"),
            (lambda t, y, p: loss_of(y, p) < np.log(2), "constant answer 0.5"),
            (lambda t, y, p: loss_of(y, p) < loss_of(t, t.mean()), "on the validation labels"),
            (lambda t, y, p: np.mean((p > 0.5) == y) > max(t.mean(), 1 - t.mean()), "accuracies"),
            (lambda t, y, p: np.mean((p - y) ** 2) < np.mean((t.mean() - y) ** 2), "squared"),
            (lambda t, y, p: "yes", "True or False"),
            (lambda t, y, p: loss_of(y, p), "True or False"),
            (changing_p, "changes the arrays"),
            (lambda losses, strengths: True, "takes losses and strengths"),
            (0.5, "function of y_train, y and p"),
        ],
    },
    "build_sparse": {
        "none": [
            (nothing, "returns None"),
            (lambda: model().summary(print_fn=str), "returns None"),
        ],
        "nan": [(not_a_number, "Keras model, not float")],
        "shape": [
            (lambda: model(inputs=3), "features"),
            (lambda: model(widths=(16, 32)), "widths"),
        ],
        "off by one": [
            (lambda: model(drops=1), "makes two"),
            (lambda: model(first_only=True), "only the first"),
        ],
        "constant": [(softmax, "softmax over a single output"), (lambda: 3, "Keras model")],
        "neighbour": neighbours(exercises, {
            "has_learned": "called with no argument, and takes y_train, y and p",
            "pick_strength": "called with no argument, and takes losses and strengths",
        }),
        "other": [
            (7, "function"),
            (lambda: model(penalty=None), "no penalty"),
            (lambda: model(penalty="l2"), "L2"),
            (lambda: model(penalty="l1_l2"), "besides"),
            (lambda: model(strength=0.01), "0.01"),
            (lambda: model(strength=0.002), "the penalty is"),
            (lambda: model(strength=100.0), "the penalty is"),
            (lambda: model(also_output=True), "output layer"),
            (lambda: model(argument="bias_regularizer"), "biases"),
            (lambda: model(argument="activity_regularizer"), "puts out"),
            (lambda: model(rate=0.7), "share that is dropped"),
            (lambda: model(rate=0.2), "0.3"),
            (lambda: model(drops=0), "makes two"),
            (shuffled_layers, "before the first"),
            (lambda: model(hidden=None), "ReLU"),
            (lambda: model(output=None), "sigmoid"),
            (lambda: model(output="hard_sigmoid"), "an activation another"),
            (twice_activated, "there twice"),
            (lambda: model(compiled=False), "not compiled"),
            (lambda: model(loss="mse"), "cross-entropy"),
            (logits_loss, "from_logits"),
            (lambda: model(optimizer="sgd"), "Adam"),
        ],
    },
    "pick_strength": {
        "none": [(nothing, "returns None"), (lambda a, s: a.sort(), "returns None")],
        "nan": [(lambda a, s: np.nan, "NaN")],
        "shape": [
            (lambda a, s: s, "shape"),
            (lambda a, s: s[a.mean(axis=1).argmin()], "mean losses"),
        ],
        "off by one": [
            (next_stronger, "you return"),
            (strictly_below, "still counts"),
            (
                lambda a, s: near_best(a, s, a.std(axis=0)[a.mean(axis=0).argmin()] / 5**0.5),
                "ddof=1",
            ),
        ],
        "constant": [
            (first_answer(exercises.pick_strength._solution), "you return"),
            (lambda a, s: 0.01, "mean losses"),
            (lambda a, s: s.max(), "always"),
            (lambda a, s: s.min(), "always"),
        ],
        "neighbour": neighbours(exercises, {
            "has_learned": "losses and strengths, and takes y_train, y and p",
            "build_sparse": "losses and strengths, and takes no argument",
        }),
        "other": [
            (sorting_losses, "changes the arrays"),
            (lambda a, s: "strong", "numbers"),
            (lambda a, s: s[a.mean(axis=0).argmin()], "lowest mean"),
            (lambda a, s: near_best(a, s, a.std(axis=0, ddof=1)[a.mean(axis=0).argmin()]), "folds"),
            (
                lambda a, s: near_best(a, s, 2 / 5**0.5 * a.std(0, ddof=1)[a.mean(0).argmin()]),
                "two standard errors",
            ),
            (lambda a, s: s[a.mean(axis=0).argmax()], "high loss"),
            (lambda a, s: s[a.min(axis=0).argmin()], "single value"),
            (lambda a, s: int(np.flatnonzero(s == pick_by_loop(a, s))[0]), "position"),
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_the_strengths_of_every_weight_are_measured_alone(seed):
    """Whatever the weights were, no sum of penalties is taken for another."""
    import keras

    keras.utils.set_random_seed(seed)
    wanted = [((1e-3, 0), (0, 1e-3)), ((2e-3, 1e-2), (0, 0)), ((0, 5e-3), (7e-3, 30.0))]
    layers = [
        keras.layers.Dense(
            units,
            kernel_regularizer=keras.regularizers.L1L2(*kernel),
            bias_regularizer=keras.regularizers.L1L2(*bias),
        )
        for units, (kernel, bias) in zip((32, 16, 1), wanted, strict=True)
    ]
    network = keras.Sequential([keras.Input((2,)), *layers])
    found = [
        (exercises._strengths(network, d.kernel), exercises._strengths(network, d.bias))
        for d in layers
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-3)


def test_the_wrong_penalties_are_told_apart(said):
    penalties = [
        {"penalty": None}, {"penalty": "l2"}, {"penalty": "l1_l2"}, {"strength": 0.01},
        {"strength": 0.002}, {"also_output": True}, {"first_only": True},
        {"argument": "bias_regularizer"}, {"argument": "activity_regularizer"},
    ]  # fmt: skip
    texts = {
        said(exercises.build_sparse, lambda change=change: model(**change)) for change in penalties
    }
    assert len(texts) == len(penalties)


def test_the_learners_model_keeps_its_weights(said):
    network = model()
    before = network.get_weights()
    assert said(exercises.build_sparse, lambda: network) == "Right."
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
