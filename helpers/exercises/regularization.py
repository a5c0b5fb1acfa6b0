"""The exercises of notebook 02."""

import numpy as np

from helpers.exercises import Exercise, Wrong, expect_array, judging


def _solve_build_sparse():
    import keras

    model = keras.Sequential(
        [
            keras.layers.Input((2,)),
            keras.layers.Dense(
                32, activation="relu", kernel_regularizer=keras.regularizers.L1(0.001)
            ),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(
                16, activation="relu", kernel_regularizer=keras.regularizers.L1(0.001)
            ),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


@judging.judge(_solve_build_sparse)
def _verify_build_sparse(answer):
    model = answer()
    if model is None:
        raise Wrong("your function returns None. Is there a `return model`?")
    if not hasattr(model, "layers") or not hasattr(model, "compile"):
        raise Wrong(f"the function must return a Keras model, not {type(model).__name__}.")
    if not model.built:
        model.build((None, 2))
    if model.input_shape[-1] != 2:
        raise Wrong(f"the model takes {model.input_shape[-1]} features; the points have 2.")
    kinds = [type(layer).__name__ for layer in model.layers]
    _check_order([kind for kind in kinds if kind not in ("InputLayer", "ReLU", "Activation")])
    dense = [layer for layer in model.layers if type(layer).__name__ == "Dense"]
    if [layer.units for layer in dense] != [32, 16, 1]:
        raise Wrong(f"the widths must be 32, 16 and 1, not {[layer.units for layer in dense]}.")
    rates = [layer.rate for layer in model.layers if type(layer).__name__ == "Dropout"]
    if np.allclose(rates, 0.7):
        raise Wrong("Keras' rate is the share that is dropped, not the share that is kept.")
    if not np.allclose(rates, 0.3):
        raise Wrong(f"the dropout rates must be 0.3, not {rates}.")
    for layer in dense[:2]:
        after = model.layers[model.layers.index(layer) + 1]
        if "relu" not in (_activation(layer), _activation(after)):
            raise Wrong("both hidden layers need a ReLU.")
    weights = model.get_weights()
    try:
        _check_penalty(model, dense)
        _check_output(model, dense)
    finally:
        model.set_weights(weights)
    _check_compiled(model)


def _check_order(kinds):
    if kinds == ["Dense", "Dropout", "Dense", "Dropout", "Dense"]:
        return
    if kinds.count("Dense") != 3:
        raise Wrong(f"two hidden layers and an output are three Dense layers, not {kinds}.")
    if kinds.count("Dropout") != 2:
        raise Wrong(f"one Dropout after each hidden layer makes two, not {kinds.count('Dropout')}.")
    if kinds[-1] == "Dropout":
        raise Wrong("a Dropout after the output would set predictions to 0 while training.")
    if kinds[0] == "Dropout":
        raise Wrong("a Dropout stands before the first hidden layer; put it after.")
    raise Wrong(f"each Dropout must follow its hidden layer; yours are {kinds}.")


def _activation(layer):
    if type(layer).__name__ == "ReLU":
        return "relu"
    return getattr(getattr(layer, "activation", None), "__name__", None)


def _check_penalty(model, dense):
    for layer in dense:
        if getattr(layer, "activity_regularizer", None) is not None:
            raise Wrong(
                "activity_regularizer penalises what a layer puts out; the weights have "
                "kernel_regularizer."
            )
    # Each array alone: a sum of several penalties can come out like that of other ones.
    l1, l2 = np.array([_strengths(model, layer.kernel) for layer in dense]).T
    no_kernel = not l1.any() and not l2.any()
    biases = any(_strengths(model, d.bias).any() for d in dense if d.bias is not None)
    for is_so, reason in (
        (biases and no_kernel, "the biases are penalised instead of the kernels."),
        (biases, "the biases are penalised too."),
        (no_kernel, "there is no penalty: use kernel_regularizer."),
        (l1[2] or l2[2], "the output layer is penalised too."),
        (not l1[1] and not l2[1], "only the first hidden layer is penalised."),
        (not l1[0] and not l2[0], "only the second hidden layer is penalised."),
        (l2.any() and not l1.any(), "that is L2. L1 is asked for."),
        (l2.any(), "L2 is there besides L1."),
        (
            np.allclose(l1, (0.01, 0.01, 0)),
            "the strength is 0.01, which is Keras' default; 0.001 is asked for.",
        ),
    ):
        if is_so:
            raise Wrong(reason)
    _fill(model)
    got = _total(model)
    right = sum(0.001 * np.abs(np.asarray(layer.kernel)).sum() for layer in dense[:2])
    if not np.isclose(got, right, rtol=1e-3):
        raise Wrong(f"the penalty is {got:.4f}; with L1(0.001) on both kernels it is {right:.4f}.")


def _strengths(model, weight):
    """Measure the L1 and the L2 of one array of weights, with all others at zero."""
    found = []
    for value in (1.0, 2.0):
        for other in model.weights:
            other.assign(np.zeros(other.shape))
        weight.assign(np.full(weight.shape, value))
        found.append(_total(model) / np.prod(weight.shape))
    l2 = (found[1] - 2 * found[0]) / 2  # l1 + l2 at 1, 2 l1 + 4 l2 at 2
    both = np.array([found[0] - l2, l2])
    return np.where(np.abs(both) > 1e-4 * np.abs(both).max(), both, 0.0)


def _total(model):
    return float(sum(float(loss) for loss in model.losses))


def _fill(model):
    """Set the weights to numbers of both signs, the same each time."""
    rng = np.random.default_rng(2)
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.3, weight.shape))


def _check_output(model, dense):
    _fill(model)
    x = np.random.default_rng(2).normal(0, 3, (200, 2))
    outputs = np.asarray(model(x, training=False), float).reshape(len(x), -1)[:, 0]
    if outputs.min() < 0 or outputs.max() > 1:
        raise Wrong("the output is no probability: the last layer needs a sigmoid.")
    if np.ptp(outputs) == 0:
        raise Wrong(
            f"the output is {outputs[0]:g} for every point: a softmax over a single output is "
            "always 1. The last layer needs a sigmoid."
        )
    values = x
    for i, layer in enumerate(dense):
        bias = 0 if layer.bias is None else np.asarray(layer.bias)
        values = values @ np.asarray(layer.kernel) + bias
        values = np.maximum(values, 0) if i < 2 else 1 / (1 + np.exp(-values))
    if not np.allclose(outputs, values[:, 0], atol=1e-4):
        raise Wrong(
            "the outputs are not those of two ReLU layers and a sigmoid. Is an activation another, "
            "or there twice?"
        )


def _check_compiled(model):
    if not model.compiled:
        raise Wrong("the model is not compiled: call model.compile in your function.")
    loss = model.loss if isinstance(model.loss, str) else getattr(model.loss, "__name__", None)
    if (loss or type(model.loss).__name__).lower().replace("_", "") != "binarycrossentropy":
        raise Wrong(f"the loss must be the binary cross-entropy, not {model.loss!r}.")
    if getattr(model.loss, "from_logits", False):
        raise Wrong("from_logits=True expects an output without a sigmoid.")
    if type(model.optimizer).__name__ != "Adam":
        raise Wrong(f"the optimizer must be Adam, not {type(model.optimizer).__name__}.")


def _solve_has_learned(y_train, y, p):
    y_train, y, p = np.asarray(y_train), np.asarray(y), np.asarray(p)
    share = np.mean(y_train)
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    constant = -np.mean(y * np.log(share) + (1 - y) * np.log(1 - share))
    return bool(loss < constant)


def _cross_entropy(y, p):
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def _learning_problems():
    """Rows of (y_train, y, p): all kinds of network, near the border on both sides of it."""
    rng = np.random.default_rng(4)
    problems = []
    for i in range(80):
        share, shift = rng.uniform(0.15, 0.85), rng.uniform(-0.3, 0.3)
        y_train = (rng.permutation(40) < max(2, round(40 * share))).astype(float)
        y = (rng.random(15 + i % 3) < np.clip(share + shift, 0.05, 0.95)).astype(float)
        signal = rng.uniform(-1, 1.5) * (2 * y - 1) + rng.uniform(0, 2) * rng.normal(size=len(y))
        p = 1 / (1 + np.exp(-signal - np.log(share / (1 - share))))
        if abs(_cross_entropy(y, p) - _cross_entropy(y, y_train.mean())) > 1e-6:
            problems.append((y_train, y, np.clip(p, 0.001, 0.999)))
    return problems


_OTHER_VERDICTS = (
    (lambda t, y, p: False, "you always say False, whatever you are given."),
    (lambda t, y, p: True, "you always say True, whatever you are given."),
    (
        lambda t, y, p: _cross_entropy(y, p) >= _cross_entropy(y, t.mean()),
        "True and False are swapped: a lower loss is better.",
    ),
    (
        lambda t, y, p: _cross_entropy(y, p) < np.log(2),
        "that compares with the constant answer 0.5; the share of class 1 in y_train is asked for.",
    ),
    (
        lambda t, y, p: _cross_entropy(y, p) < _cross_entropy(y, np.clip(y.mean(), 1e-7, 1 - 1e-7)),
        "the constant must come from y_train: the validation labels are not known beforehand.",
    ),
    (
        lambda t, y, p: _cross_entropy(y, p) < _cross_entropy(t, t.mean()),
        "the constant answer's loss must be taken on the validation labels y, like that of p.",
    ),
    (
        lambda t, y, p: np.mean((p > 0.5) == y) > max(t.mean(), 1 - t.mean()),
        "that compares accuracies; the cross-entropy is asked for.",
    ),
    (
        lambda t, y, p: np.mean((p > 0.5) == y) > np.mean((t.mean() > 0.5) == y),
        "that compares accuracies; the cross-entropy is asked for.",
    ),
    (
        lambda t, y, p: np.mean((p - y) ** 2) < np.mean((t.mean() - y) ** 2),
        "that compares squared errors; the cross-entropy is asked for.",
    ),
)


@judging.judge(_solve_has_learned)
def _verify_has_learned(answer):
    problems = _learning_problems()
    right = [_solve_has_learned(*problem) for problem in problems]
    got = []
    for problem in problems:
        kept = [values.copy() for values in problem]
        got.append(_truth(answer(*kept)))
        judging.unchanged("the arrays it is given", kept, problem)
    if got != right:
        for rule, reason in _OTHER_VERDICTS:
            if got == [bool(rule(*problem)) for problem in problems]:
                raise Wrong(reason)
        i = [a == b for a, b in zip(got, right, strict=True)].index(False)
        t, y, p = problems[i]
        raise Wrong(
            f"a network with the loss {_cross_entropy(y, p):.3f}, where the constant answer has "
            f"{_cross_entropy(y, t.mean()):.3f}, is {right[i]}; you say {got[i]}."
        )
    # The constant answer itself; labels of one class, so that every way of summing is exact.
    if _truth(answer(np.array([0, 0, 0, 1]), np.zeros(4), np.full(4, 0.25))):
        raise Wrong("a network that gives the constant answer itself is not better than it.")


def _truth(value):
    if value is None:
        raise Wrong("your function returns None. Is there a `return`?")
    value = np.asarray(value)
    if value.shape != () or value.dtype.kind not in "bif" or value not in (0, 1):
        raise Wrong(f"the answer must be True or False, not {value!r:.60}.")
    return bool(value)


def _solve_pick_strength(losses, strengths):
    losses, strengths = np.asarray(losses), np.asarray(strengths)
    mean = losses.mean(axis=0)
    best = mean.argmin()
    standard_error = losses[:, best].std(ddof=1) / np.sqrt(len(losses))
    return strengths[mean <= mean[best] + standard_error].max()


def _rule(losses, strengths, slack, pick=np.max):
    mean = losses.mean(axis=0)
    return pick(strengths[mean <= mean.min() + slack(losses, mean.argmin())])


def _one_error(losses, best, ddof=1):
    return losses[:, best].std(ddof=ddof) / np.sqrt(len(losses))


_OTHER_RULES = (
    (lambda a, s: s[a.mean(axis=0).argmin()], "that is the strength of the lowest mean."),
    (
        lambda a, s: _rule(a, s, _one_error, np.min),
        "that is the weakest strength within one standard error; the strongest is asked for.",
    ),
    (
        lambda a, s: _rule(a, s, lambda a, best: a[:, best].std(ddof=1)),
        "that takes a standard deviation. The standard error of a mean over k folds is the "
        "standard deviation divided by the root of k.",
    ),
    (
        lambda a, s: _rule(a, s, lambda a, best: _one_error(a, best, 0)),
        "the standard deviation needs ddof=1: the mean was estimated from the same folds.",
    ),
    (
        lambda a, s: _rule(a, s, lambda a, best: a.std(ddof=1) / np.sqrt(a.size)),
        "the standard error is that of the best strength alone, over its folds.",
    ),
    (
        lambda a, s: s[
            a.mean(axis=0) <= (a.mean(axis=0) + a.std(axis=0, ddof=1) / np.sqrt(len(a))).min()
        ].max(),
        "add the standard error to the lowest mean, not to every mean before the minimum.",
    ),
    (
        lambda a, s: _rule(a, s, lambda a, best: 2 * _one_error(a, best)),
        "those are two standard errors; one is asked for.",
    ),
    (lambda a, s: s.max(), "you always return the largest strength."),
    (lambda a, s: s.min(), "you always return the smallest strength."),
    (lambda a, s: s[a.mean(axis=0).argmax()], "a high loss is bad."),
    (
        lambda a, s: s[np.unravel_index(a.argmin(), a.shape)[1]],
        "that is the lowest single value. Take the mean over the folds first.",
    ),
    (
        lambda a, s: np.flatnonzero(s == _solve_pick_strength(a, s))[0],
        "that is the position of the strength; return the strength itself.",
    ),
)


def _check_borders(answer):
    strengths = np.array([0.1, 0.01, 1.0])
    alike = np.array([[0.5, 0.5, 0.75], [0.5, 0.5, 0.75]])  # no spread: the error is 0
    got = float(expect_array(answer(alike.copy(), strengths.copy()), (), "one strength"))
    if not np.isclose(got, 0.1):
        raise Wrong(
            "where the best column does not vary its standard error is 0, and a mean *equal* to "
            f"the lowest still counts: of 0.1 and 0.01 with equal means it is 0.1, not {got:g}."
        )


@judging.judge(_solve_pick_strength)
def _verify_pick_strength(answer):
    rng = np.random.default_rng(3)
    problems = []
    for _ in range(60):
        strengths = rng.permutation([0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3])
        valley = 0.02 * np.abs(rng.integers(0, 7) - strengths.argsort().argsort())
        problems.append((valley + rng.normal(0.5, 0.05, (5, 7)), strengths))
    got = []
    for problem in problems:
        kept = [values.copy() for values in problem]
        got.append(float(expect_array(answer(*kept), (), "one strength")))
        judging.unchanged("the arrays it is given", kept, problem)
    right = [_solve_pick_strength(*problem) for problem in problems]
    if np.allclose(got, right):
        _check_borders(answer)
        return
    for rule, reason in _OTHER_RULES:
        if np.allclose(got, [rule(*problem) for problem in problems]):
            raise Wrong(reason)
    i = int(np.argmin(np.isclose(got, right)))
    means = np.round(problems[i][0].mean(axis=0), 3).tolist()
    raise Wrong(
        f"for the strengths {problems[i][1].tolist()} with the mean losses {means} it is "
        f"{right[i]:g}, you return {got[i]:g}."
    )


build_sparse = Exercise(
    _solve_build_sparse,
    _verify_build_sparse,
    [
        "Take `build_network` from above: other widths, another penalty, two layers more.",
        "The layers are Dense, Dropout, Dense, Dropout, Dense.",
        "`kernel_regularizer=keras.regularizers.L1(0.001)` in both hidden Dense layers, and "
        "`keras.layers.Dropout(0.3)` after each. Compile as above, and return the model.",
    ],
)
has_learned = Exercise(
    _solve_has_learned,
    _verify_has_learned,
    [
        "The constant answer is one number: the mean of `y_train`.",
        "The cross-entropy of an answer `q` is "
        "`-np.mean(y * np.log(q) + (1 - y) * np.log(1 - q))`, for `p` and for the constant alike.",
        "Compare the two losses, both on `y`: `return bool(loss < constant_loss)`.",
    ],
)
pick_strength = Exercise(
    _solve_pick_strength,
    _verify_pick_strength,
    [
        "First the mean of every column, and which of them is lowest.",
        "That column's standard error: `losses[:, best].std(ddof=1) / np.sqrt(len(losses))`.",
        "Of all strengths whose mean is at most the lowest mean plus that, return the largest.",
    ],
)
