"""A zoo of models and options: each trains as under `model.fit`, or is refused in words.

The oracle is one `model.fit` per seed, with the rows in the order of `training.batch_orders`. The
history of every split, all final weights and predictions are compared. Unless an optimizer is
tried, it is SGD: it shows a wrong factor in a gradient, which Adam hides. The tolerance is for
float32: sums in another order differ by about 1e-7 a step, and there are six steps; 1e-5 leaves
room for functions that amplify it, and is far below what any of these options changes.
"""

import functools
import gc
import re
import zlib
from dataclasses import dataclass, field

import keras
import numpy as np
import pytest
import tensorflow as tf

from helpers import batched, training

layers, metrics, losses, optimizers = keras.layers, keras.metrics, keras.losses, keras.optimizers
schedules, penalties, constraints = optimizers.schedules, keras.regularizers, keras.constraints
ops, starts, activations = keras.ops, keras.initializers, keras.activations
Dense, SGD, Adam = layers.Dense, optimizers.SGD, optimizers.Adam
Sequential, Input = keras.Sequential, keras.Input

SEEDS, EPOCHS = (3, 11), 2
ROWS = {"train": 13, "validation": 7, "test": 6}
WHOLE = {"train": 10, "validation": 5, "test": 5}
ONE_LEFT = {"train": 11, "validation": 6, "test": 1}

# --- data and models ------------------------------------------------------------------------------

SHAPES = {
    "rows": (3,), "series": (4, 2), "image": (6, 6, 2), "volume": (4, 4, 4, 1),
    "ids": (4,), "id": (),
}  # fmt: skip
# Units and activation of the last layer, and the loss, that go with a kind of labels.
HEADS = {
    "yes": (1, "sigmoid", "binary_crossentropy"),
    "yes column": (1, "sigmoid", "binary_crossentropy"),
    "sign": (1, "tanh", "hinge"),
    "class": (3, "softmax", "sparse_categorical_crossentropy"),
    "class column": (3, "softmax", "sparse_categorical_crossentropy"),
    "one-hot": (3, "softmax", "categorical_crossentropy"),
    "real": (1, None, "mse"),
    "reals": (2, None, "mse"),
    "count": (1, "softplus", "poisson"),
    "series": (1, None, "mse"),
}


def drawn(x, y, shape, rng):
    """Return inputs and labels of one kind, with the leading axes of `shape`."""
    whole = rng.integers(0, 3, shape)
    real = rng.normal(size=(*shape, 4, 1)).astype("float32")
    inputs = rng.normal(size=(*shape, *SHAPES[x])).astype("float32")
    if x in ("id", "ids"):
        inputs = rng.integers(0, 6, inputs.shape)
    return inputs, {
        "yes": (whole > 0).astype("float32"),
        "yes column": (whole > 0).astype("float32")[..., None],
        "sign": np.sign(whole - 0.5).astype("float32")[..., None],
        "class": whole,
        "class column": whole[..., None],
        "one-hot": np.eye(3, dtype="float32")[whole],
        "real": real[..., 0, 0],
        "reals": real[..., :2, 0],
        "count": whole.astype("float32"),
        "series": real,
    }[y]


@dataclass
class Case:
    build: object
    x: str = "rows"
    y: str = "yes"
    rows: dict = field(default_factory=lambda: ROWS)
    batch: int = 5
    tolerance: float = 1e-5
    eager: bool = True  # in the oracle: the same steps, and no time spent on tracing them


def compiled(model, y="yes", **options):
    model.compile(**{"optimizer": SGD(0.1, momentum=0.9), "loss": HEADS[y][2], **options})
    return model


def hidden():
    return [Dense(4, activation="tanh")]


def inputs_of(x):
    return Input(SHAPES[x], dtype="int32" if x in ("id", "ids") else None)


def net(middle=hidden, settings=dict, *, x="rows", y="yes", head=None, kind=Sequential, **options):
    """Return a case: `middle()` makes the hidden layers, `settings()` what `compile` is given."""

    def build_model():
        units, activation = head or HEADS[y][:2]
        ends = [layers.Flatten(), Dense(units, activation)]
        return compiled(kind([inputs_of(x), *middle(), *ends]), y, **settings())

    return Case(build_model, x, y, **options)


def side_by_side(make, x="rows"):
    """Return a case with a branch for each layer, or list of layers, of `make()`."""

    def build_model():
        inputs = inputs_of(x)
        ends = []
        for branch in make():
            end = inputs
            for layer in branch if isinstance(branch, list) else [branch]:
                end = layer(end)
            ends.append(layers.Flatten()(end))
        joined = layers.Concatenate()(ends) if len(ends) > 1 else ends[0]
        return compiled(keras.Model(inputs, last(joined)))

    return Case(build_model, x)


def last(x):
    return Dense(1, "sigmoid")(x)


def of_tensor(function, x="rows", y="yes", **settings):
    """Return a case of a functional model: `function` of its input is its output."""

    def build_model():
        inputs = inputs_of(x)
        return compiled(keras.Model(inputs, function(inputs)), y, **settings)

    return Case(build_model, x, y)


def own(kind, **methods):
    """Return a class with methods of its own; all have the same name."""
    return type("Own", (kind,), methods)


def changed(thing, **attributes):
    for name, value in attributes.items():
        setattr(thing, name, value)
    return thing


def frozen(layer):
    return changed(layer, trainable=False)


CASES = {}


def add(group, cases):
    CASES.update({f"{group}: {name}": one for name, one in cases.items()})


# --- optimizers -----------------------------------------------------------------------------------


def excluding(optimizer, *names):
    optimizer.exclude_from_weight_decay(var_names=names)
    return optimizer


def started(optimizer):
    optimizer.iterations.assign(5)
    return optimizer


def patched_step(optimizer):
    step = optimizer.update_step
    return changed(optimizer, update_step=lambda g, v, rate: step(2 * g, v, rate))


def anchored_build(self, variables):
    SGD.build(self, variables)
    self.anchors = [ops.convert_to_numpy(v) for v in variables]


def anchored_step(self, gradient, variable, rate):
    pull = variable - self.anchors[self._get_variable_index(variable)]
    SGD.update_step(self, gradient + pull, variable, rate)


# fmt: off
RATES = {
    "Adadelta": 1.0, "Adafactor": 0.1, "Adagrad": 0.1, "Adam": 0.02, "Adamax": 0.02, "Lamb": 0.02,
    "Lion": 0.01, "Muon": 0.02, "Nadam": 0.02, "RMSprop": 0.02, "SGD": 0.1,
    "ScheduleFreeAdamW": 0.02,
}
OPTIMIZERS = {n: functools.partial(getattr(optimizers, n), rate) for n, rate in RATES.items()} | {
    "AdamW": lambda: optimizers.AdamW(0.02, weight_decay=0.5),
    "Ftrl": lambda: optimizers.Ftrl(0.1, l1_regularization_strength=0.01, beta=0.1),
    "LossScaleOptimizer": lambda: optimizers.LossScaleOptimizer(SGD(0.1), dynamic_growth_steps=2),
    "MultiOptimizer": lambda: optimizers.MultiOptimizer(
        optimizers.OptimizerMap(SGD(0.1), {".*bias": Adam(0.02)})
    ),
}
OPTIMIZER_OPTIONS = {
    "by name": lambda: "adam",
    "as a configuration": lambda: {"class_name": "SGD", "config": {"learning_rate": 0.1}},
    "nesterov": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "amsgrad": lambda: Adam(0.1, amsgrad=True),
    "centered": lambda: optimizers.RMSprop(0.02, momentum=0.5, centered=True),
    "clipnorm": lambda: SGD(0.1, clipnorm=0.05),
    "global_clipnorm": lambda: SGD(0.1, global_clipnorm=0.05),
    "clipvalue": lambda: SGD(0.1, clipvalue=0.01),
    "weight_decay": lambda: SGD(0.1, weight_decay=0.5),
    "weight decay of some": lambda: excluding(optimizers.AdamW(0.02, weight_decay=2.0), "kernel"),
    "loss_scale_factor": lambda: SGD(0.1, loss_scale_factor=64.0),
    "loss_scale_factor of Adam": lambda: Adam(0.02, loss_scale_factor=64.0, epsilon=0.1),
    "average": lambda: SGD(0.1, use_ema=True, ema_momentum=0.5),
    "average, in use": lambda: SGD(
        0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2
    ),
    "gradient_accumulation_steps": lambda: SGD(0.1, gradient_accumulation_steps=2),
    "a loss scale that overflows": lambda: optimizers.LossScaleOptimizer(SGD(0.1), 2.0**127),
    "iterations from 5": lambda: started(Adam(0.02)),
    "a rate set later": lambda: changed(SGD(0.001), learning_rate=0.2),
    "Muon, in part": lambda: optimizers.Muon(0.02, weight_decay=0.5, exclude_layers=["dense"]),
    "own apply_gradients": lambda: own(SGD, apply_gradients=lambda self, pairs: SGD.apply_gradients(
        self, [(g - ops.mean(g), v) for g, v in pairs]
    ))(0.1),
    "own apply": lambda: own(SGD, apply=lambda self, grads, trainable_variables=None: SGD.apply(
        self, [2 * g for g in grads], trainable_variables
    ))(0.1),
    "own update_step": lambda: own(SGD, update_step=lambda self, g, v, rate: self.assign_sub(
        v, rate * ops.sign(g)
    ))(0.1),
    "own weight decay": lambda: own(SGD, _apply_weight_decay=lambda self, variables: [
        v.assign(v * 0.9) for v in variables
    ])(0.1, weight_decay=0.1),
    "own end": lambda: own(SGD, finalize_variable_values=lambda self, variables: [
        v.assign(v / 2) for v in variables
    ])(0.1),
    "own assign_sub": lambda: own(SGD, assign_sub=lambda self, v, value: SGD.assign_sub(
        self, v, value / 2
    ))(0.1),
    "own state from the weights": lambda: own(
        SGD, build=anchored_build, update_step=anchored_step
    )(0.1),
    "own scale_loss": lambda: own(SGD, scale_loss=lambda self, loss: 3 * loss)(0.1),
    "own step, of the object": lambda: patched_step(SGD(0.1)),
}
SCHEDULES = {
    "CosineDecay": lambda: schedules.CosineDecay(0.1, 6, warmup_target=0.3, warmup_steps=2),
    "CosineDecayRestarts": lambda: schedules.CosineDecayRestarts(0.3, 2),
    "ExponentialDecay": lambda: schedules.ExponentialDecay(0.3, 2, 0.5, staircase=True),
    "InverseTimeDecay": lambda: schedules.InverseTimeDecay(0.3, 2, 0.5),
    "PiecewiseConstantDecay": lambda: schedules.PiecewiseConstantDecay([1, 4], [0.3, 0.1, 0.02]),
    "PolynomialDecay": lambda: schedules.PolynomialDecay(0.3, 4, cycle=True),
    "own": lambda: own(schedules.LearningRateSchedule, __call__=lambda self, step: (
        0.05 * (1 + ops.cast(step % 3, "float32"))
    ))(),
    "a plain function": lambda: lambda: 0.2,
}
# fmt: on


def optimized(make):
    return net(settings=lambda: {"optimizer": make()})


def exclude_kernel(model):
    compiled(model, optimizer=optimizers.AdamW(0.02, weight_decay=2.0))
    model.optimizer.exclude_from_weight_decay(var_list=[model.layers[0].kernel])


def push(model):
    """Give the optimizer a momentum before its first step."""
    model.optimizer.build(model.trainable_variables)
    model.optimizer.momentums[0].assign_add(model.layers[0].kernel)


add("optimizer", {name: optimized(make) for name, make in (OPTIMIZERS | OPTIMIZER_OPTIONS).items()})
add("schedule", {n: optimized(lambda make=make: SGD(make(), 0.5)) for n, make in SCHEDULES.items()})
add(
    "schedule",
    {
        "of Adam": optimized(lambda: Adam(SCHEDULES["ExponentialDecay"]())),
        "set later": optimized(
            lambda: changed(SGD(0.1), learning_rate=schedules.CosineDecay(0.3, 6))
        ),
    },
)

# --- losses ---------------------------------------------------------------------------------------


def remembering_call(self, y, p):
    """Divide by a running mean of the loss, which is kept in the loss."""
    loss = ops.mean((y - p) ** 2, axis=-1)
    self.mean.assign(0.5 * self.mean + 0.5 * ops.mean(loss))
    return loss / self.mean


# fmt: off
LOSSES = {  # the labels, the activation of the last layer, the arguments
    "BinaryCrossentropy": ("yes", None, True, 0.1),
    "BinaryFocalCrossentropy": ("yes", "sigmoid", True),
    "CategoricalCrossentropy": ("one-hot", None, True, 0.1),
    "CategoricalFocalCrossentropy": ("one-hot", "softmax", 0.3, 1.0),
    "CategoricalGeneralizedCrossEntropy": ("class", "softmax", 0.3),
    "CategoricalHinge": ("one-hot", "softmax"), "Circle": ("class", None, 2.0),
    "CosineSimilarity": ("reals", None), "Dice": ("one-hot", "softmax"),
    "Hinge": ("sign", "tanh"), "Huber": ("real", None, 0.3),
    "KLDivergence": ("one-hot", "softmax"), "LogCosh": ("real", None),
    "MeanAbsoluteError": ("real", None), "MeanAbsolutePercentageError": ("sign", "tanh"),
    "MeanSquaredError": ("reals", None), "MeanSquaredLogarithmicError": ("count", "softplus"),
    "Poisson": ("count", "softplus"), "SparseCategoricalCrossentropy": ("class", None, True, 1),
    "SquaredHinge": ("sign", "tanh"), "Tversky": ("one-hot", "softmax", 0.3, 0.7),
}
LOSS_OPTIONS = {
    "by name, yes": ("yes column", lambda: "binary_crossentropy"),
    "by name, class": ("class column", lambda: "sparse_categorical_crossentropy"),
    "by name, chosen": ("class", lambda: "crossentropy"),
    "by name, dice": ("one-hot", lambda: "dice"),
    "by name, of a class": ("real", lambda: "MeanSquaredError"),
    "function, huber": ("real", lambda: losses.huber),
    "function, one-hot": ("one-hot", lambda: losses.categorical_crossentropy),
    "function, tversky": ("one-hot", lambda: losses.tversky),
    "in a list": ("real", lambda: ["mae"]),
    "sum": ("real", lambda: losses.MeanSquaredError("sum")),
    "mean": ("reals", lambda: losses.MeanSquaredError("mean")),
    "None": ("real", lambda: losses.MeanSquaredError(None)),
    "mean_with_sample_weight": ("real", lambda: losses.MeanSquaredError("mean_with_sample_weight")),
    "sum of crossentropies": ("yes", lambda: losses.BinaryCrossentropy(reduction="sum")),
    # For a class Keras does not stretch labels (n,) to (n, 1), as it does for a function.
    "own class": ("real", lambda: own(
        losses.Loss, call=lambda self, y, p: ops.mean((y - p) ** 2, axis=-1)
    )()),
    "own function": ("real", lambda: lambda y, p: ops.mean(ops.log1p((y - p) ** 4), axis=-1)),
    "own, one number": ("real", lambda: lambda y, p: ops.max(ops.abs(y - p))),
    "own, of rank 2": ("reals", lambda: lambda y, p: (y - p) ** 2),
    "own, with a state": ("real", lambda: changed(
        own(losses.Loss, call=remembering_call)(), mean=keras.Variable(1.0)
    )),
    "own, random": ("real", lambda: lambda y, p: (
        (y - p + keras.random.normal(ops.shape(p))) ** 2
    )),
}
# fmt: on


def with_loss(y, make, activation=None, rate=0.02, more=list):
    def settings():
        return {"loss": make(), "optimizer": SGD(rate, momentum=0.9)}

    head = activation and (HEADS[y][0], *activation)
    return net(lambda: [*hidden(), *more()], settings, y=y, head=head)


MORE = {  # another rate; unit vectors
    "MeanAbsolutePercentageError": {"rate": 0.0005},
    "Circle": {"more": lambda: [Dense(3), layers.UnitNormalization()]},
}
for name, (y, activation, *args) in LOSSES.items():
    make = functools.partial(getattr(losses, name), *args)
    add("loss", {name: with_loss(y, make, [activation], **MORE.get(name, {}))})
add("loss", {name: with_loss(y, make) for name, (y, make) in LOSS_OPTIONS.items()})
HALF = {"loss": losses.MeanSquaredError(dtype="float16")}
add(
    "loss",
    {
        "half precision": net(settings=lambda: HALF, y="real", tolerance=1e-2),
        "weighted": net(settings=lambda: {"loss_weights": [0.3]}),
        "weighted by a number": net(settings=lambda: {"loss_weights": 0.3}),
    },
)

# --- metrics --------------------------------------------------------------------------------------


def of_prediction(value, start=None, reset=True):
    """Return a metric, which is a variable that `value(variable, y_pred)` updates.

    It does not give the variable itself: the history would hold that, as evaluation leaves it.
    """

    def init(self):
        metrics.Metric.__init__(self)
        self.kept = self.add_variable((), "zeros")
        if start is not None:
            self.reset_state()

    def update_state(self, y, p, sample_weight=None):
        self.kept.assign(value(self.kept, p))

    methods = {
        "__init__": init, "update_state": update_state, "result": lambda self: 1.0 * self.kept,
    }  # fmt: skip
    if start is not None or not reset:
        methods["reset_state"] = lambda self: self.kept.assign(start) if reset else None
    return own(metrics.Metric, **methods)()


def two_in_one():
    return own(
        metrics.Mean,
        update_state=lambda self, y, p, sample_weight=None: metrics.Mean.update_state(self, p),
        result=lambda self: {"once": metrics.Mean.result(self), "twice": 2 * self.total},
    )()


def distance(y, p):
    return ops.abs(y - p)


def with_norm(model):
    """Measure the weights, which Keras does after the step that changes them."""
    compiled(model, metrics=[lambda y, p: ops.norm(model.layers[0].kernel)])


# fmt: off
METRICS = {  # the labels, the metrics
    "for yes or no": ("yes column", lambda: [
        metrics.AUC(), metrics.AUC(20, "PR", name="pr"), metrics.Accuracy(),
        metrics.BinaryAccuracy(threshold=0.4), metrics.BinaryCrossentropy(label_smoothing=0.1),
        metrics.BinaryIoU(threshold=0.4), metrics.F1Score("micro", 0.5), metrics.FalseNegatives(),
        metrics.FBetaScore("macro", 2.0, 0.5), metrics.FalsePositives(), metrics.Poisson(),
        metrics.Precision(), metrics.PrecisionAtRecall(0.5), metrics.Recall(0.4),
        metrics.RecallAtPrecision(0.5), metrics.SensitivityAtSpecificity(0.5),
        metrics.SpecificityAtSensitivity(0.5), metrics.TrueNegatives(), metrics.TruePositives(),
    ]),
    "for signs": ("sign", lambda: [metrics.Hinge(), metrics.SquaredHinge()]),
    "for classes": ("class", lambda: [
        metrics.SparseCategoricalAccuracy(), metrics.SparseCategoricalCrossentropy(),
        metrics.SparseTopKCategoricalAccuracy(2), metrics.MeanIoU(3, sparse_y_pred=False),
        metrics.IoU(3, [0, 2], sparse_y_pred=False),
    ]),
    "for one-hot classes": ("one-hot", lambda: [
        metrics.CategoricalAccuracy(), metrics.CategoricalCrossentropy(), metrics.KLDivergence(),
        metrics.CategoricalHinge(), metrics.TopKCategoricalAccuracy(2), metrics.OneHotIoU(3, [1]),
        metrics.OneHotMeanIoU(3), metrics.F1Score("weighted"),
        metrics.Precision(top_k=1, class_id=1), metrics.AUC(20, multi_label=True, num_labels=3),
    ]),
    "for numbers": ("reals", lambda: [
        metrics.ConcordanceCorrelation(), metrics.CosineSimilarity(), metrics.LogCoshError(),
        metrics.MeanAbsoluteError(), metrics.MeanAbsolutePercentageError(), metrics.R2Score(),
        metrics.MeanSquaredError(), metrics.MeanSquaredLogarithmicError(),
        metrics.PearsonCorrelation(), metrics.RootMeanSquaredError(),
        metrics.MeanMetricWrapper(distance, name="distance"),
    ]),
    "one of each class": ("one-hot", lambda: [metrics.F1Score(average=None)]),
    "one of each threshold": ("yes", lambda: [metrics.TruePositives(thresholds=[0.3, 0.5, 0.7])]),
    "accuracy of yes": ("yes", lambda: ["accuracy", "acc", "ACC", "AUC", "Precision"]),
    "accuracy of a column": ("yes column", lambda: ["Accuracy"]),
    "accuracy of classes": ("class", lambda: ["accuracy"]),
    "accuracy of a column of classes": ("class column", lambda: ["acc"]),
    "accuracy of one-hot classes": ("one-hot", lambda: ["accuracy", "top_k_categorical_accuracy"]),
    "functions": ("reals", lambda: [losses.huber, metrics.mean_squared_error, distance, "mae"]),
    # Of these a batch gives one number, and each batch counts alike, also one with fewer rows.
    "losses": ("one-hot", lambda: [losses.CategoricalCrossentropy(), losses.dice, losses.Dice()]),
    "one name twice": ("yes", lambda: [metrics.BinaryAccuracy(threshold=t) for t in (0.4, 0.6)]),
    "named loss": ("yes", lambda: [metrics.BinaryAccuracy(name="loss")]),
    "in a dict": ("yes", lambda: {"a": ["mae"], "b": ["mse"]}),
    "a class": ("yes", lambda: ["mae", metrics.AUC]),
    "in a list of lists": ("yes", lambda: [["mae", "mse"]]),
    "never reset": ("real", lambda: [
        of_prediction(lambda kept, p: ops.maximum(kept, ops.max(p)), reset=False)
    ]),
    "reset to a number": ("real", lambda: [
        of_prediction(lambda kept, p: ops.minimum(kept, ops.min(p)), start=9.0)
    ]),
    "two in one": ("real", lambda: [two_in_one()]),
    "of the order of the batches": ("real", lambda: [
        of_prediction(lambda kept, p: 0.5 * kept + ops.sum(p))
    ]),
}
# fmt: on


def measured(make, **options):
    return net(settings=lambda: {"metrics": make()}, **options)


add("metrics", {name: measured(make, y=y) for name, (y, make) in METRICS.items()})
BOTH = {"metrics": ["mae"], "weighted_metrics": ["mae", "acc"]}
add(
    "metrics",
    {
        "weighted": net(settings=lambda: BOTH),
        "half precision": measured(
            lambda: [metrics.MeanSquaredError(dtype="float16")], tolerance=1e-3
        ),
    },
)

# --- regularizers, constraints, initializers ------------------------------------------------------


def penalised(*regularizers):
    return [Dense(4, activation="tanh", kernel_regularizer=one) for one in regularizers]


def one_for_all(penalty):
    names = ("kernel_regularizer", "bias_regularizer", "activity_regularizer")
    return [Dense(3, "tanh", **dict.fromkeys(names, penalty))]


def shared(pattern):
    """Return three layers of one shape that share two penalties by a pattern."""
    penalty = {"a": penalties.L2(0.1), "b": penalties.L2(0.3)}
    return [Dense(4), *penalised(*(penalty[letter] for letter in pattern))]


# fmt: off
REGULARIZERS = {
    "L1": lambda: penalised(penalties.L1(0.1)),
    "L2": lambda: penalised(penalties.L2(0.1), penalties.L2(0.2)),
    "L1L2": lambda: penalised(penalties.L1L2(0.1, 0.2), penalties.L1L2(0.0, 0.1)),
    "OrthogonalRegularizer": lambda: penalised(
        penalties.OrthogonalRegularizer(0.1), penalties.OrthogonalRegularizer(0.2, "columns")
    ),
    "by name": lambda: penalised("l1", "l2", "orthogonal_regularizer"),
    "own": lambda: penalised(own(
        penalties.Regularizer, __call__=lambda self, w: 0.1 * ops.sum(ops.abs(w) ** 3)
    )()),
    "a function": lambda: penalised(lambda w: 0.1 * ops.sum(w**4)),
    "of strength 0": lambda: penalised(
        penalties.L1(0.0), penalties.L2(0.0), penalties.L1L2(0.0, 0.0)
    ),
    "shared a, a, b": lambda: shared("aab"),
    "shared a, b, b": lambda: shared("abb"),
    "shared a, b, a": lambda: shared("aba"),
    "shared by all": lambda: shared("aaa"),
    "of outputs of a layer used twice": lambda: [around(
        Dense(3, "tanh", activity_regularizer=penalties.L2(0.3)), lambda inner, x: inner(inner(x))
    )],
    "one object for all of a layer": lambda: one_for_all(penalties.L2(0.3)),
    "of biases": lambda: [
        Dense(4, bias_regularizer=penalties.L2(0.5), bias_initializer="ones"),
    ],
    "of outputs": lambda: [
        Dense(4, activity_regularizer=penalties.L1(0.1)), layers.ActivityRegularization(0.1, 0.1),
    ],
    "of a frozen layer": lambda: [frozen(penalised(penalties.L2(0.1))[0]), Dense(4)],
    "of a scale": lambda: [
        Dense(4), layers.BatchNormalization(gamma_regularizer=penalties.L2(0.5)),
    ],
}
CONSTRAINTS = {
    "MaxNorm": lambda: constraints.MaxNorm(0.5),
    "MinMaxNorm": lambda: constraints.MinMaxNorm(0.3, 0.5, rate=0.5),
    "NonNeg": lambda: constraints.NonNeg(),
    "UnitNorm": lambda: constraints.UnitNorm(axis=1),
    "own": lambda: own(constraints.Constraint, __call__=lambda self, w: ops.round(w * 8) / 8)(),
}
ONE_START = starts.GlorotUniform(seed=4)
INITIALIZERS = {
    "Keras' own": lambda: [
        starts.Constant(0.1), starts.GlorotNormal(), starts.GlorotUniform(), starts.HeNormal(),
        starts.HeUniform(), starts.Identity(0.5), starts.LecunNormal(), starts.LecunUniform(),
        starts.Ones(), starts.Orthogonal(), starts.RandomNormal(), starts.RandomUniform(),
        starts.TruncatedNormal(), starts.VarianceScaling(), starts.Zeros(),
    ],
    "by name": lambda: ["he_normal", "orthogonal", "lecun_uniform", "random_normal"],
    "with a seed": lambda: [starts.GlorotUniform(seed=5), starts.HeNormal(seed=5), ONE_START],
    "one object": lambda: [starts.HeNormal()] * 2,
    "of a generator": lambda: [starts.HeNormal(keras.random.SeedGenerator(5))] * 2,
    "of numpy": lambda: [own(starts.Initializer, __call__=lambda self, shape, dtype=None: (
        np.random.normal(size=shape).astype("float32")
    ))(), starts.GlorotUniform()],
    "a function": lambda: [lambda shape, dtype=None: keras.random.normal(shape) * 0.3],
}
# fmt: on


def initialized(make):
    return side_by_side(
        lambda: [Dense(4, activation="tanh", kernel_initializer=one) for one in make()]
    )


add("regularizer", {name: net(make) for name, make in REGULARIZERS.items()})
CONSTRAINED = {
    name: net(lambda make=make: [Dense(4, kernel_constraint=make(), bias_constraint="non_neg")])
    for name, make in CONSTRAINTS.items()
}
add("constraint", CONSTRAINED)
add("initializers", {name: initialized(make) for name, make in INITIALIZERS.items()})

# --- layers ---------------------------------------------------------------------------------------


def adapted(layer, seed=0):
    layer.adapt(np.random.default_rng(seed).normal(2, 3, (20, 3)).astype("float32"))
    return layer


def around(inner, call):
    """Return a layer that holds others, `inner`, and calls them by `call(inner, x)`."""
    layer = own(layers.Layer, call=lambda self, x: call(self.inner, x))()
    return changed(layer, inner=inner)


def attended(attention):
    if isinstance(attention, (layers.Attention, layers.AdditiveAttention)):
        return around(attention, lambda inner, x: inner([x, ops.flip(x, 1)]))
    return around(attention, lambda inner, x: inner(x, ops.flip(x, 1)))


def merged(merge):
    inner = [Dense(3), Dense(3), merge]
    return around(inner, lambda inner, x: inner[2]([inner[0](x), inner[1](x)]))


NEEDS_MORE = ("deserialize", "get", "serialize", "glu", "threshold")
NAMED = [n for n in dir(activations) if not n.startswith("_") and n not in NEEDS_MORE]
CELLS = layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell
# fmt: off
LAYERS = {  # the data, and what stands side by side
    "activations by name": ("rows", lambda: [
        [Dense(4), layers.Activation(name)] for name in NAMED
    ]),
    "activation functions": ("rows", lambda: [
        Dense(4, activation=lambda x: ops.sin(3 * x)), Dense(4, activation=tf.nn.relu),
        Dense(4, activation=lambda x: activations.threshold(x, 0.1, 0.2)),
        [Dense(4), layers.Lambda(activations.glu)],
    ]),
    "activation layers": ("rows", lambda: [
        [Dense(4), layer] for layer in (
            layers.LeakyReLU(0.1), layers.PReLU("ones"), layers.ELU(0.5), layers.Softmax(),
            layers.ReLU(0.5, 0.1, 0.1), layers.Activation("tanh"), layers.Identity(),
        )
    ]),
    "normalisations of rows": ("rows", lambda: [
        [Dense(4, use_bias=False), layers.BatchNormalization(momentum=0.5)],
        [Dense(4), layers.LayerNormalization()], [Dense(4), layers.GroupNormalization(2)],
        [Dense(4), layers.RMSNormalization()], [Dense(4), layers.UnitNormalization()],
    ]),
    "normalisations of images": ("image", lambda: [
        [layers.Conv2D(4, 3), layers.BatchNormalization(), layers.GroupNormalization(2)],
    ]),
    "BatchNormalization": ("rows", lambda: [
        [Dense(4, use_bias=False), layers.BatchNormalization()],
        layers.BatchNormalization(momentum=0.5, epsilon=0.1, center=False, scale=False),
        [Dense(4), frozen(layers.BatchNormalization())],
        layers.BatchNormalization(momentum=0.5, synchronized=True),
    ]),
    "SpectralNormalization": ("rows", lambda: [layers.SpectralNormalization(Dense(4), 2)]),
    "Normalization": ("rows", lambda: [layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6])]),
    "Normalization, adapted": ("rows", lambda: [
        adapted(layers.Normalization()), adapted(layers.Normalization(invert=True)),
    ]),
    "convolutions of series": ("series", lambda: [
        layers.Conv1D(3, 2), layers.Conv1D(4, 2, padding="causal", dilation_rate=2),
        layers.Conv1D(4, 3, 2, padding="same", groups=2), layers.SeparableConv1D(3, 2),
        layers.DepthwiseConv1D(2), layers.Conv1DTranspose(3, 2, 2),
    ]),
    "convolutions of images": ("image", lambda: [
        layers.Conv2D(3, 3), layers.Conv2D(2, 3, 2, "same"), layers.Conv2D(2, 3, dilation_rate=2),
    ]),
    "other convolutions of images": ("image", lambda: [
        layers.Conv2D(4, 3, groups=2), layers.SeparableConv2D(3, 2), layers.DepthwiseConv2D(2),
        layers.Conv2DTranspose(2, 2, 2),
    ]),
    "convolutions of volumes": ("volume", lambda: [
        layers.Conv3D(2, 2), layers.Conv3DTranspose(2, 2, 2),
    ]),
    "poolings of series": ("series", lambda: [
        layers.MaxPooling1D(2), layers.AveragePooling1D(3, 1, "same"), layers.GlobalMaxPooling1D(),
        layers.GlobalAveragePooling1D(), layers.AdaptiveAveragePooling1D(2),
        layers.AdaptiveMaxPooling1D(2),
    ]),
    "poolings of images": ("image", lambda: [
        layers.MaxPooling2D(2), layers.AveragePooling2D(3, 1, "same"), layers.GlobalMaxPooling2D(),
        layers.GlobalAveragePooling2D(), layers.AdaptiveAveragePooling2D(2),
        layers.AdaptiveMaxPooling2D(4),
    ]),
    "poolings behind a convolution": ("image", lambda: [
        [layers.Conv2D(2, 2, padding="same"), pool] for pool in (
            layers.MaxPooling2D(2, 1), layers.AveragePooling2D(2), layers.GlobalMaxPooling2D(),
        )
    ]),
    "poolings of volumes": ("volume", lambda: [
        layers.AveragePooling3D(2), layers.GlobalMaxPooling3D(), layers.GlobalAveragePooling3D(),
        layers.AdaptiveAveragePooling3D(2), layers.AdaptiveMaxPooling3D(2),
    ]),
    "MaxPooling3D": ("volume", lambda: [[layers.Conv3D(2, 2), layers.MaxPooling3D(2)]]),
    "shapes of rows": ("rows", lambda: [
        layers.RepeatVector(3), [Dense(4), layers.Reshape((2, 2)), layers.Permute((2, 1))],
    ]),
    "shapes of series": ("series", lambda: [
        layers.UpSampling1D(2), layers.ZeroPadding1D((1, 2)), layers.Cropping1D(1),
        layers.Permute((2, 1)), layers.Reshape((-1,)),
    ]),
    "shapes of images": ("image", lambda: [
        layers.UpSampling2D(2), layers.ZeroPadding2D(1), layers.Cropping2D(1),
        layers.UpSampling2D(2, interpolation="bilinear"),
    ]),
    "shapes of volumes": ("volume", lambda: [
        layers.UpSampling3D(2), layers.ZeroPadding3D(1), layers.Cropping3D(1),
    ]),
    "preprocessing of rows": ("rows", lambda: [
        layers.Rescaling(0.5, 1.0), layers.Pipeline([layers.Rescaling(2.0)]),
    ]),
    "preprocessing of images": ("image", lambda: [
        layers.Rescaling([0.5, 2.0]), layers.CenterCrop(3, 3), layers.Resizing(3, 3),
    ]),
    "Discretization": ("rows", lambda: [
        layers.Discretization([-0.5, 0.5]), adapted(layers.Discretization(num_bins=3)),
        layers.Discretization([-0.5, 0.5], output_mode="one_hot"),
    ]),
    "CategoryEncoding": ("ids", lambda: [
        layers.CategoryEncoding(6), layers.CategoryEncoding(6, "count"),
    ]),
    "Hashing": ("ids", lambda: [layers.Hashing(3)]),
    "IntegerLookup": ("ids", lambda: [layers.IntegerLookup(vocabulary=[1, 2, 3])]),
    "EinsumDense": ("series", lambda: [layers.EinsumDense("abc,cd->abd", (4, 3), bias_axes="d")]),
    "attention": ("series", lambda: [
        attended(layers.Attention(use_scale=True)), attended(layers.AdditiveAttention()),
        attended(layers.MultiHeadAttention(2, 2)), attended(layers.GroupQueryAttention(2, 2, 1)),
    ]),
    "merging": ("rows", lambda: [
        merged(merge) for merge in (
            layers.Add(), layers.Average(), layers.Concatenate(), layers.Dot(1), layers.Maximum(),
            layers.Minimum(), layers.Multiply(), layers.Subtract(),
        )
    ]),
    "Embedding": ("ids", lambda: [layers.Embedding(6, 3)]),
    "Embedding of one number": ("id", lambda: [layers.Embedding(6, 3)]),
    "Embedding, masked": ("ids", lambda: [
        [layers.Embedding(6, 3, mask_zero=True), layers.GlobalAveragePooling1D()],
    ]),
    "Embedding, masked, to layers of steps": ("ids", lambda: [
        [layers.Embedding(6, 3, mask_zero=True), layers.TimeDistributed(Dense(2)),
         layers.GRU(2, unroll=True)],
    ]),
    "ReversibleEmbedding": ("ids", lambda: [around(
        layers.ReversibleEmbedding(6, 3), lambda inner, x: inner(inner(x), reverse=True)
    )]),
    "Masking": ("series", lambda: [[layers.Masking(0.0), layers.GlobalAveragePooling1D()]]),
    "TimeDistributed": ("series", lambda: [layers.TimeDistributed(Dense(3))]),
    "SimpleRNN": ("series", lambda: [layers.SimpleRNN(3)]),
    "LSTM": ("series", lambda: [layers.LSTM(3)]),
    "GRU": ("series", lambda: [layers.GRU(3)]),
    "Bidirectional": ("series", lambda: [layers.Bidirectional(layers.GRU(3))]),
    "unrolled SimpleRNN": ("series", lambda: [layers.SimpleRNN(3, unroll=True)]),
    "unrolled LSTM": ("series", lambda: [layers.LSTM(3, unroll=True, return_sequences=True)]),
    "unrolled GRU": ("series", lambda: [layers.GRU(3, unroll=True, go_backwards=True)]),
    "unrolled GRU, masked": ("series", lambda: [
        [layers.Masking(0.0), layers.GRU(3, unroll=True)],
    ]),
    "unrolled Bidirectional": ("series", lambda: [
        layers.Bidirectional(layers.SimpleRNN(3, unroll=True)),
    ]),
    "unrolled cells": ("series", lambda: [
        layers.RNN(layers.StackedRNNCells([cell(2) for cell in CELLS[1:]]), unroll=True),
    ]),
    "ConvLSTM1D": ("image", lambda: [layers.ConvLSTM1D(2, 2)]),
    "unrolled ConvLSTM1D": ("image", lambda: [layers.ConvLSTM1D(2, 2, unroll=True)]),
}
# fmt: on
add("layer", {name: side_by_side(make, x) for name, (x, make) in LAYERS.items()})


def embedding(make):
    return net(lambda: [layers.Embedding(6, 3)], lambda: {"optimizer": make()}, x="ids")


EMBEDDED = {n: OPTIMIZERS[n] for n in ("Adam", "AdamW", "RMSprop", "Adafactor", "Muon")}
EMBEDDED["clipnorm"] = lambda: Adam(0.02, clipnorm=0.1, weight_decay=0.5)
add("embedding under", {name: embedding(make) for name, make in EMBEDDED.items()})


def told(inputs, training):
    return last(layers.BatchNormalization(momentum=0.5)(inputs, training=training))


def operations(x):
    parts = [ops.sort(x, axis=1), ops.cumsum(x, axis=1), ops.one_hot(ops.argmax(x, axis=1), 3)]
    parts.append(ops.svd(ops.reshape(x, (-1, 1, 3)), compute_uv=False))
    return last(ops.concatenate(parts, axis=1))


add(
    "layer",
    {
        "operations": of_tensor(operations),
        "told to train": of_tensor(lambda x: told(x, True)),
        "told not to train": of_tensor(lambda x: told(x, False)),
        "an output for each step": of_tensor(
            lambda x: Dense(1)(layers.GRU(3, unroll=True, return_sequences=True)(x)),
            "series",
            "series",
        ),
        "masked outputs": of_tensor(
            lambda x: Dense(1)(layers.Embedding(6, 3, mask_zero=True)(x)),
            "ids",
            "series",
            metrics=["mae"],
        ),
    },
)

# --- precision, sharing, freezing -----------------------------------------------------------------


def in_policy(policy, tolerance=1e-5, **settings):
    def build_model():
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(policy)
        try:
            return net(settings=lambda: settings).build()
        finally:
            keras.config.set_dtype_policy(before)

    return Case(build_model, tolerance=tolerance)


def in_strategy():
    with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
        return net().build()


def edited(edit, middle=lambda: [Dense(3), Dense(3), Dense(3)]):
    """Return a case whose model is changed by `edit` after it is compiled."""

    def build_model():
        model = net(middle).build()
        edit(model)
        return model

    return Case(build_model)


def tie(model):
    first, second = model.layers[:2]
    second._untrack_variable(second.kernel)
    second._tracker.unlock()
    second._kernel = first.kernel


def transposed(inputs):
    one = Dense(4, activation="tanh")
    other = around(one, lambda inner, x: ops.matmul(x, ops.transpose(inner.kernel)))
    return last(other(one(inputs)))


def twice(inputs):
    dense, norm = Dense(3, activation="tanh"), layers.BatchNormalization()
    return last(norm(dense(norm(dense(inputs)))))


def nested(inputs):
    inner = Sequential([Input((3,)), Dense(3, "tanh"), layers.BatchNormalization()])
    inner.compile("adam", "mse", metrics=["mae"])
    still = frozen(Sequential([Input((3,)), Dense(3), layers.BatchNormalization()]))
    return last(inner(still(inner(inputs))))


def build_both(self, shape):
    for part in self.inner:
        part.build(shape)


def half_used():
    layer = own(layers.Layer, build=build_both, call=lambda self, x: self.inner[0](x))()
    return changed(layer, inner=[Dense(4), Dense(2)])


add(
    "policy",
    {
        "mixed_float16": in_policy("mixed_float16", 2e-3),
        "mixed_float16, not scaled": in_policy("mixed_float16", 2e-3, auto_scale_loss=False),
        "mixed_bfloat16": in_policy("mixed_bfloat16", 2e-2),
        "float16": in_policy("float16", 1e-2),
        "float64": in_policy("float64"),
        "a layer of float64": net(lambda: [Dense(4, dtype="float64"), Dense(4)]),
        "a layer of mixed_float16": net(lambda: [Dense(4, dtype="mixed_float16")], tolerance=2e-3),
        "LoRA": edited(lambda model: model.layers[1].enable_lora(2)),
        "int8": edited(lambda model: model.layers[0].quantize("int8")),
    },
)
add(
    "sharing",
    {
        "a kernel": edited(tie),
        "a transposed kernel": of_tensor(transposed),
        "a layer used twice": of_tensor(twice),
        "a model used twice": of_tensor(nested),
    },
)
add(
    "frozen",
    {
        "a layer": net(lambda: [frozen(Dense(4)), Dense(4)]),
        "after compile": edited(lambda model: frozen(model.layers[0])),
        "everything": edited(frozen),
        "a weight without a gradient": net(lambda: [half_used()]),
    },
)

# --- models of their own --------------------------------------------------------------------------

METHODS = (
    "train_step", "test_step", "predict_step", "compute_loss", "compute_metrics", "fit", "evaluate",
    "get_metrics_result", "reset_metrics", "make_train_function", "metrics", "__call__",
)  # fmt: skip


def of_class(name):
    """Return a case of a class with a method of its own, which does what Keras' own does."""

    def method(self, *args, **options):
        return getattr(Sequential, name)(self, *args, **options)

    one = property(lambda self: Sequential.metrics.fget(self)) if name == "metrics" else method
    return net(kind=own(Sequential, **{name: one}))


def of_object(name):
    return edited(lambda model: object.__setattr__(model, name, getattr(model, name)))


def with_added_loss(self, x, training=None):
    p = Sequential.call(self, x, training=training)
    self.add_loss(0.3 * ops.mean(p**2) if training else 0.2 * ops.mean(p))
    return p


def negate(model):
    call = model.call
    model.call = lambda x, **options: call(-x, **options)


def of_call(call):
    """Return a case of a model that is not built: it holds a list of layers, and calls them."""
    kind = own(keras.Model, call=call)

    def build_model():
        parts = [Dense(4), layers.BatchNormalization(), Dense(1, "sigmoid")]
        return compiled(changed(kind(), parts=parts))

    return Case(build_model)


def called(self, x, training):
    x = self.parts[1](self.parts[0](x), training=training)
    return self.parts[2](x)


add("own class", {name: of_class(name) for name in METHODS})
add("own object", {name: of_object(name) for name in ("train_step", "compute_loss", "fit")})
add(
    "own model",
    {
        "add_loss": net(kind=own(Sequential, call=with_added_loss)),
        "call of the object": edited(negate),
        # Then Keras does not tell the layers inside that this is training.
        "call without training": of_call(lambda self, x: called(self, x, None)),
        "call": of_call(lambda self, x, training=None: called(self, x, training)),
        "a list": of_call(lambda self, x, training=None: [called(self, x, training)]),
    },
)

# --- layers of their own --------------------------------------------------------------------------


def of_weight(call, start="zeros", dtype="float32", trainable=False):
    """Return a layer with one weight, `self.w`, which has no dimensions."""

    def build(self, _):
        self.w = self.add_weight((), start, dtype=dtype, trainable=trainable)

    return own(layers.Layer, build=build, call=call)()


def counter(*when):
    """Return a layer that counts calls, from a number that float32 does not hold."""

    def call(self, x, training=False):
        if bool(training) in when:
            self.w.assign_add(1)
        return x * (1 + 0.1 * ops.cast(self.w - 2**24, "float32"))

    return of_weight(call, start=starts.Constant(2**24 + 1), dtype="int32")


def centre(self, x, training=False):
    """Subtract a running mean: what is written and read again has no gradient."""
    if training:
        self.w.assign(0.8 * self.w + 0.2 * ops.mean(x))
    return x - self.w


def shrink(self, x, training=False):
    if training:
        self.w.assign(0.9 * self.w)
    return x * self.w


def count_in_python(self, x):
    self.calls = getattr(self, "calls", 0) + 1
    return x * self.calls


def switch(self, x, training=False):
    if training:
        self.w.assign(ops.logical_not(self.w))
    return ops.where(self.w, x, -x)


def in_branch(self, x, training=False):
    if training:
        ops.cond(ops.mean(x) > 0, lambda: self.w.assign(self.w + 1), lambda: None)
    return x * (1 + 0.1 * self.w)


def loss_adder(self, x):
    self.add_loss(0.1 * ops.mean(ops.abs(x)))
    return x


def tracker(self, x):
    self.mean.update_state(ops.mean(x))
    return x


def decaying(variable):
    """Return a layer that writes a variable which Keras does not find in it."""

    def call(self, x, training=False):
        if training:
            variable.assign(variable * 0.9)
        return x * variable

    return own(layers.Layer, call=call)()


def python_code(self, x):
    doubled = tf.numpy_function(lambda v: np.float32(v * 2), [x], tf.float32)
    return tf.ensure_shape(doubled, x.shape)


def checked(self, x):
    tf.debugging.assert_less(x, 100.0)
    return x


def layer(call):
    return own(layers.Layer, call=call)()


def noisy(draw):
    return layer(lambda self, x, training=False: x + draw(ops.shape(x)) if training else x)


# fmt: off
OWN_LAYERS = {
    "a weight without dimensions": lambda: of_weight(
        lambda self, x: x * self.w, start="ones", trainable=True
    ),
    "counts in training": lambda: counter(True),
    "counts always": lambda: counter(True, False),
    "counts in evaluation": lambda: counter(False),
    "writes and reads": lambda: of_weight(centre),
    "writes a trained weight": lambda: of_weight(shrink, start="ones", trainable=True),
    "counts in Python": lambda: layer(count_in_python),
    "draws in Python": lambda: layer(lambda self, x: x * np.random.uniform(0.5, 2)),
    "switches": lambda: of_weight(switch, dtype="bool"),
    "writes in a branch": lambda: of_weight(in_branch),
    "branches": lambda: layer(lambda self, x: ops.cond(
        ops.mean(x) > 0, lambda: ops.tanh(x), lambda: 2 * x
    )),
    "loops": lambda: layer(lambda self, x: ops.fori_loop(
        0, 3, lambda i, z: ops.tanh(z + 0.1 * ops.cast(i, z.dtype)), x
    )),
    "adds a loss": lambda: layer(loss_adder),
    "knows the size of a batch": lambda: layer(
        lambda self, x: x * ops.cast(ops.shape(x)[0], "float32") / 5
    ),
    "mixes rows": lambda: layer(lambda self, x: x - ops.mean(x, axis=0, keepdims=True)),
    "keeps a metric": lambda: changed(layer(tracker), mean=metrics.Mean("mean_output")),
    "random": lambda: layer(lambda self, x: x + keras.random.normal(ops.shape(x))),
    "random in training": lambda: noisy(keras.random.normal),
    "random, of TensorFlow": lambda: noisy(tf.random.normal),
    "random, of a number": lambda: layers.Lambda(
        lambda x: ops.matmul(x, keras.random.normal((4, 2), seed=7))
    ),
    "a check": lambda: layer(checked),
    "an untracked variable": lambda: decaying(keras.Variable(1.0)),
    "a variable of TensorFlow": lambda: decaying(tf.Variable(1.0)),
    "own gradient": lambda: layer(lambda self, x: tf.custom_gradient(
        lambda x: (tf.identity(x), lambda g: -g)
    )(x)),
    "a stopped gradient": lambda: layer(lambda self, x: ops.stop_gradient(x) * ops.sigmoid(x)),
    "Python code": lambda: layer(python_code),
    "Lambda": lambda: layers.Lambda(lambda x: x * ops.sigmoid(x)),
    "Lambda of TensorFlow": lambda: layers.Lambda(lambda x: tf.cumsum(tf.sort(x), axis=1)),
}
# fmt: on
add("own layer", {n: net(lambda make=make: [Dense(4), make()]) for n, make in OWN_LAYERS.items()})


def anneal(model):
    def loss(y, p):
        steps = ops.cast(model.optimizer.iterations, "float32")
        return losses.mean_squared_error(y, p) * (1 + steps)

    compiled(model, loss=loss)


def slow_down(model):
    def loss(y, p):
        model.optimizer.learning_rate.assign(model.optimizer.learning_rate * 0.7)
        return losses.mean_squared_error(y, p)

    compiled(model, loss=loss)


add("own loss", {"of the steps taken": edited(anneal), "that sets the rate": edited(slow_down)})
add("own metric", {"of the weights": edited(with_norm)})

# --- settings that hang on the seed, and models that are not new ----------------------------------


def normal(*shape):
    return np.random.normal(size=shape).astype("float32")


def uniform(high=0.5):
    return np.random.uniform(0.0, high)


def features(values):
    """Return a layer of random features, which are no weights of the model."""
    held = (lambda: values,)
    return layer(lambda self, x: ops.sin(ops.matmul(x, held[0]())))


def one_of(*functions):
    """Return a layer's call that is drawn: the seeds of the zoo draw different ones."""
    drawn = functions[np.random.randint(10) % 2]
    return lambda self, x: drawn(x)


BRANCHES = (
    lambda x: ops.cond(ops.mean(x) > 0, lambda: ops.tanh(x), lambda: 2 * x),
    lambda x: ops.cond(ops.mean(x) > 0, lambda: 2 * x, lambda: ops.tanh(x)),
)


def weighted(draw):
    return edited(lambda model: model.set_weights([draw(w.shape) for w in model.get_weights()]))


def warm(model):
    """Train a little, so that the optimizer has a state of its own for each seed."""
    compiled(model, optimizer=Adam(0.05))
    x, y = drawn("rows", "yes", (8,), np.random.default_rng(0))
    for _ in range(2):
        model.train_on_batch(x, y)


def adapted_to_draws():
    one = layers.Normalization()
    one.adapt(normal(20, 3) + normal(1, 3))
    return one


# fmt: off
PER_SEED = {
    "rate": optimized(lambda: SGD(uniform())),
    "momentum": optimized(lambda: SGD(0.1, uniform())),
    "schedule": optimized(lambda: SGD(schedules.CosineDecay(uniform(), 6))),
    "clipnorm": optimized(lambda: SGD(0.1, clipnorm=uniform(0.1))),
    "penalty": net(lambda: penalised(penalties.L2(uniform()))),
    "two penalties": net(lambda: penalised(penalties.L1L2(uniform(), 0.1))),
    "loss": net(settings=lambda: {"loss": losses.BinaryCrossentropy(label_smoothing=uniform())}),
    "metric": measured(lambda: [metrics.BinaryAccuracy(threshold=0.25 + uniform())]),
    "activation": net(lambda: [Dense(4, ("tanh", "relu", "selu", "elu")[np.random.randint(4)])]),
    "width": net(lambda: [Dense(np.random.randint(2, 60), activation="tanh")]),
    "depth": net(lambda: [Dense(3) for _ in range(np.random.randint(1, 20))]),
    "frozen": net(lambda: [changed(Dense(4), trainable=bool(uniform() < 0.25)), Dense(4)]),
    "constant": net(lambda: [features(normal(3, 4)), Dense(4)]),
    "hidden variable": net(lambda: [features(keras.Variable(normal(3, 4))), Dense(4)]),
    "Lambda": net(lambda: [layers.Lambda(functools.partial(ops.multiply, uniform())), Dense(4)]),
    "Rescaling": net(lambda: [layers.Rescaling(uniform()), Dense(4)]),
    "a difference": net(lambda: [layer(one_of(lambda x: x - 1, lambda x: 1 - x))]),
    "a branch": net(lambda: [layer(one_of(*BRANCHES))]),
    "number in the graph": of_tensor(lambda inputs: last(inputs * normal(3))),
    "adapted": net(lambda: [adapted_to_draws(), *hidden()]),
    "a seed of its own": net(lambda: keras.utils.set_random_seed(4) or hidden()),
    "weights of numpy": weighted(lambda shape: normal(*shape)),
    "weights of keras.random": weighted(keras.random.normal),
    "weights of TensorFlow": weighted(tf.random.normal),
    "statistics": net(lambda: [
        Dense(4), layers.BatchNormalization(moving_mean_initializer="random_normal", momentum=0.5),
    ]),
    "training before": edited(warm),
}
# fmt: on
add("per seed", PER_SEED)
KEPT = {}


def kept(name, make):
    """Return what was made first under a name."""
    if name not in KEPT:
        KEPT[name] = make()
    return KEPT[name]


def counted():
    KEPT["calls"] = KEPT.get("calls", 0) + 1
    return 0.1 / KEPT["calls"]


add(
    "build_model",
    {
        "one model": Case(lambda: kept("model", net().build)),
        "one layer": net(lambda: [kept("layer", lambda: Dense(4))]),
        "one optimizer": optimized(lambda: kept("optimizer", lambda: SGD(0.1))),
        "one metric": measured(lambda: [kept("metric", metrics.MeanAbsoluteError)]),
        "one generator": side_by_side(
            lambda: [
                Dense(
                    4,
                    kernel_initializer=starts.HeNormal(
                        kept("generator", lambda: keras.random.SeedGenerator(5))
                    ),
                )
            ]
        ),
        "clears the session": Case(lambda: keras.utils.clear_session() or net().build()),
        "counts its calls": optimized(lambda: SGD(counted())),
    },
)

# --- inputs, outputs, batches, options of compile -------------------------------------------------


def two_inputs():
    one, other = Input((3,)), Input((3,))
    return compiled(keras.Model([one, other], last(layers.Add()([one, other]))))


def of_fixed(shape, middle=list):
    def build_model():
        parts = [Input(batch_shape=(5, *SHAPES[shape])), *middle(), Dense(1, "sigmoid")]
        return compiled(Sequential(parts))

    return Case(build_model, shape, rows=WHOLE)


def of_one_input(given):
    inputs = Input((3,), name="a")
    return compiled(keras.Model(given(inputs), last(inputs)))


def of_dtype(dtype):
    def build_model():
        parts = [Input((3,), dtype=dtype), layers.Rescaling(1.0), Dense(1, "sigmoid")]
        return compiled(Sequential(parts))

    return Case(build_model)


def stateful():
    return [layers.GRU(3, stateful=True, unroll=True)]


def classified(inputs):
    return Dense(1, "sigmoid", name="b")(inputs)


def flat(inputs):
    return layers.Reshape(())(classified(inputs))


NO_SHAPE = Case(lambda: compiled(Sequential([Dense(4), Dense(1, "sigmoid")])))
SERIES_OF_NO_SHAPE = Case(
    lambda: compiled(Sequential([layers.Conv1D(3, 2), layers.Flatten(), Dense(1, "sigmoid")])),
    "series",
)
WIDE = net(settings=lambda: {"loss": "mse"}, head=(3, "sigmoid"), y="yes column")
add(
    "input",
    {
        "two": Case(two_inputs),
        "of a fixed batch": of_fixed("rows"),
        "a state between batches": of_fixed("series", stateful),
        "a dict of one": Case(lambda: of_one_input(lambda x: {"a": x})),
        "a list of one": Case(lambda: of_one_input(lambda x: [x])),
        "of whole numbers": of_dtype("int32"),
        "of truth values": of_dtype("bool"),
        "of no stated shape": NO_SHAPE,
        "series of no stated shape": SERIES_OF_NO_SHAPE,
    },
)
add(
    "output",
    {
        "two": of_tensor(lambda x: [Dense(1)(x), Dense(1)(x)], loss=["mse", "mae"]),
        "a list of one": of_tensor(lambda inputs: [classified(inputs)]),
        "a dict of one": of_tensor(lambda inputs: {"b": classified(inputs)}),
        "settings by its name": of_tensor(classified, loss={"b": "mse"}, metrics={"b": ["mae"]}),
        "of rank 1": of_tensor(flat),
        "of rank 1, accuracy": of_tensor(flat, metrics=["accuracy"]),
        "of rank 1, crossentropy": of_tensor(flat, loss="crossentropy"),
        "wider than the labels": WIDE,
        "without a loss": edited(lambda model: compiled(model, loss=None)),
        "add_loss alone": edited(
            lambda model: compiled(model, loss=None), lambda: [*hidden(), layer(loss_adder)]
        ),
    },
)
add(
    "compile",
    {
        "jit_compile": net(settings=lambda: {"jit_compile": True}, eager=False),
        "steps_per_execution": net(settings=lambda: {"steps_per_execution": 2}, eager=False),
        "run_eagerly": net(settings=lambda: {"run_eagerly": True}),
        "run_eagerly set later": edited(lambda model: changed(model, run_eagerly=True)),
        "in a strategy": Case(in_strategy),
        "without an optimizer": net(settings=lambda: {"optimizer": None}),
        "weight decay of all but one variable": edited(exclude_kernel),
        "a momentum before the first step": edited(push),
        "not at all": Case(lambda: Sequential([Input((3,)), Dense(1)])),
    },
)
NORMED = net(lambda: [Dense(4), layers.BatchNormalization(momentum=0.5)], rows=ONE_LEFT)
add(
    "batches",
    {
        f"a rest of one, {y}": measured(lambda: ["accuracy"], y=y, rows=ONE_LEFT)
        for y in ("yes", "yes column", "class", "one-hot", "real")
    }
    | {
        "a rest of one, BatchNormalization": NORMED,
        "of one row": net(batch=1, rows={"train": 4, "validation": 2, "test": 2}),
        "larger than the data": net(batch=32),
        "without a rest": net(rows=WHOLE),
    },
)

# --- what is refused, and what runs often ---------------------------------------------------------

PER_SEED_SENTENCE = "build_model must return the same architecture, optimizer and penalties"


def names_in(text):
    """Yield the names of cases in a text "group: name | name; group: name"."""
    for group, names in (part.split(": ", 1) for part in text.split("; ")):
        yield from (f"{group}: {name}" for name in names.split(" | "))


# fmt: off
SENTENCES = {  # which cases a sentence refuses
    "made of others": (
        "optimizer: LossScaleOptimizer | MultiOptimizer | a loss scale that overflows"
    ),
    "state starts from the weights": "optimizer: ScheduleFreeAdamW",
    "use_ema=True": "optimizer: average | average, in use",
    "gradient_accumulation_steps=2": "optimizer: gradient_accumulation_steps",
    "weights at the end of a training": "optimizer: own end",
    "cannot map its step over replicates": (
        "optimizer: own assign_sub; loss: Hinge | SquaredHinge; metrics: for signs | two in one; "
        "layer: CategoryEncoding; embedding under: RMSprop | Adafactor; own layer: writes in a "
        "branch | branches | loops"
    ),
    "other numbers from one seed to the next": (
        "optimizer: own state from the weights; per seed: adapted | constant | Lambda | "
        "a difference | a branch; own layer: counts in Python | draws in Python"
    ),
    "loss must be one loss": "loss: in a list; output: settings by its name",
    "without a keras.random.SeedGenerator": (
        "loss: own, with a state | own, random; own layer: random | random in training | an "
        "untracked variable"
    ),
    "loss_weights=": "loss: weighted | weighted by a number",
    "one number is allowed": "metrics: one of each class | one of each threshold",
    "metrics must be a list": "metrics: in a dict",
    "metrics must be names and objects": "metrics: a class",
    "reset_state does not bring it back": "metrics: never reset",
    "weighted_metrics=": "metrics: weighted",
    "the layer SpectralNormalization": "layer: SpectralNormalization",
    "the layer MaxPooling3D": "layer: MaxPooling3D",
    "the dtype policy": (
        "layer: Hashing; policy: mixed_float16 | mixed_float16, not scaled | mixed_bfloat16 | "
        "float16 | float64 | a layer of float64 | a layer of mixed_float16 | int8"
    ),
    "not among model.variables": (
        "layer: IntegerLookup; own layer: a variable of TensorFlow; per seed: hidden variable"
    ),
    "the layer Masking": "layer: Masking | unrolled GRU, masked",
    "without unroll=True": "layer: SimpleRNN | LSTM | GRU | Bidirectional | ConvLSTM1D",
    "the model's own": (
        "own class: train_step | test_step | predict_step | compute_loss | compute_metrics | fit |"
        " evaluate | get_metrics_result | reset_metrics | make_train_function | metrics | "
        "__call__; own object: train_step | compute_loss | fit"
    ),
    "one input and one": (
        "own model: call without training | call | a list; input: two; output: two | a dict of one"
    ),
    "changes a variable when the model is evaluated": (
        "own layer: counts always | counts in evaluation"
    ),
    "writes a trained weight": "own layer: writes a trained weight",
    "TensorFlow's RandomStandardNormal": "own layer: random, of TensorFlow",
    "a seed that is a number": "own layer: random, of a number",
    "TensorFlow's PyFunc": "own layer: Python code",
    "TensorFlow's Assert": "own layer: a check",
    "sets the learning rate": "own loss: that sets the rate",
    "same architecture, optimizer and penalties for every seed": (
        "per seed: rate | momentum | schedule | clipnorm | penalty | two penalties | loss | metric"
        " | activation | frozen | Rescaling | number in the graph; build_model: counts its calls"
    ),
    "same architecture for every seed": "per seed: width | depth",
    "is built, or has taken steps": (
        "per seed: training before; optimizer: iterations from 5; compile: a momentum before the "
        "first step"
    ),
    "a new model at each call": "build_model: one model | one layer | one optimizer | one metric",
    "same model for the same seed": "build_model: one generator",
    "stateful=True": "input: a state between batches",
    "run_eagerly=True": "compile: run_eagerly | run_eagerly set later",
    "a strategy of tf.distribute": "compile: in a strategy",
    "the optimizer None": "compile: without an optimizer",
    "compiled model": "compile: not at all",
}
# fmt: on
REFUSED = {name: sentence for sentence, text in SENTENCES.items() for name in names_in(text)}
# One of each kind: a minute of the ordinary tests. The rest is slow.
OFTEN = tuple(
    names_in(
        "optimizer: Adam | loss_scale_factor | weight decay of some | LossScaleOptimizer"
        " | ScheduleFreeAdamW; loss: sum | in a list; regularizer: shared a, a, b; own layer: a "
        "weight without dimensions | random, of a number | a check; own class: train_step; "
        "own object: compute_loss; per seed: rate | constant | weights of numpy; build_model: one "
        "model | one generator; layer: "
        "BatchNormalization | SpectralNormalization; metrics: one of each class; batches: a rest "
        "of one, class; output: of rank 1, accuracy"
    )
)
OFTEN_CHANGED = ("a global of a loss", "who shares a penalty", "a rate set later")
OFTEN_RANDOM = ("Dropout",)
ALONE = ("layer: BatchNormalization", "own layer: counts in training", "own layer: mixes rows")

# --- the harness ----------------------------------------------------------------------------------


def splits(name, one, seeds=SEEDS):
    """Return the data of a case: some splits shared by the replicates, some a draw for each.

    What is shared, whether there is a test split and whether the rows are shuffled hangs on the
    name, so that the zoo as a whole tries all of it and a case is always the same.
    """
    bits = zlib.crc32(name.encode())
    rng = np.random.default_rng(bits)
    data = {}
    for i, (split, rows) in enumerate(one.rows.items()):
        own = bits >> i & 1
        if split != "test" or bits >> 3 & 1:
            data[split] = drawn(one.x, one.y, (len(seeds), rows) if own else (rows,), rng), own
    return data, bool(bits >> 4 & 3)


class Ordered(keras.utils.PyDataset):
    """What `model.fit` would see without shuffling, but for an order of the rows in each epoch."""

    def __init__(self, x, y, orders, batch):
        super().__init__()
        self.x, self.y, self.orders, self.batch, self.epoch = x, y, orders, batch, 0

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, i):
        rows = self.orders[self.epoch][i * self.batch : (i + 1) * self.batch]
        return self.x[rows], self.y[rows]

    def begin(self, epoch, logs):
        self.epoch = epoch


def of_replicate(data, r):
    return {
        name: tuple(part[r] for part in split) if own else split
        for name, (split, own) in data.items()
    }


def by_keras(one, seed, data, orders):
    """Train one model with `model.fit`; return {(split, metric): values} and the model."""
    keras.utils.set_random_seed(seed)
    with batched.numbered_anew():  # else Keras calls the second model's metric "auc_1"
        model = one.build()
    model.run_eagerly = one.eager
    tests = []

    def test(epoch, logs):
        if "test" in data:
            tests.append(model.evaluate(*data["test"], one.batch, verbose=0, return_dict=True))

    rows = Ordered(*data["train"], orders, one.batch)
    callback = keras.callbacks.LambdaCallback(on_epoch_begin=rows.begin, on_epoch_end=test)
    history = model.fit(
        rows,
        epochs=EPOCHS,
        validation_data=data["validation"],
        validation_batch_size=one.batch,
        shuffle=False,
        callbacks=[callback],
        verbose=0,
    ).history
    names = [name for name in history if f"val_{name}" in history]
    found = {("train", name): history[name] for name in names}
    found |= {("validation", name): history[f"val_{name}"] for name in names}
    if tests:
        found |= {("test", name): [row[name] for row in tests] for name in names}
    return found, model


def by_us(one, data, shuffle, seeds=SEEDS):
    split = {name: split for name, (split, _) in data.items()}
    return training.fit_replicas(
        one.build, **split, seeds=seeds, epochs=EPOCHS, batch_size=one.batch, shuffle=shuffle
    )


def compare(name, one, change=lambda x, y: (x, y), seeds=SEEDS):
    data, shuffle = splits(name, one, seeds)
    given = {split: (change(*values), own) for split, (values, own) in data.items()}
    data = {split: (tuple(map(np.asarray, xy)), own) for split, (xy, own) in given.items()}
    orders = training.batch_orders(seeds, one.rows["train"], EPOCHS, shuffle)
    expected = []
    for r, seed in enumerate(seeds):
        mine = of_replicate(data, r)
        found, model = by_keras(one, seed, mine, orders[:, r])
        weights = model.get_weights()
        predicted = model.predict(mine["validation"][0], one.batch, verbose=0)
        expected.append((found, weights, predicted))
    runs = by_us(one, given, shuffle, seeds)
    close = functools.partial(
        np.testing.assert_allclose, rtol=one.tolerance, atol=one.tolerance / 10
    )
    predicted = runs.predict(given["validation"][0][0], batch_size=one.batch)
    for r, (found, weights, predictions) in enumerate(expected):
        names = {metric for _, metric in found}
        assert set(runs.metrics) == names and runs.metrics[0] == "loss"
        for key, values in found.items():
            close(runs[key][r], values, err_msg=f"{key} of seed {seeds[r]}")
        assert len(runs.weights) == len(weights)
        for i, (ours, theirs) in enumerate(zip(runs.weights, weights, strict=True)):
            assert ours.dtype == theirs.dtype
            close(ours[r], theirs, err_msg=f"weight {i} of seed {seeds[r]}")
        close(predicted[r], predictions, err_msg="predictions")
        model = runs.model(seeds[r])
        assert model.compiled
        for ours, theirs in zip(model.get_weights(), runs.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs[r])
    return runs


def marked(names, often):
    """Leave to the slow suite what is not among `often`."""
    return [pytest.param(n, id=n, marks=[] if n in often else pytest.mark.slow) for n in names]


@pytest.mark.parametrize("name", marked([n for n in CASES if n not in REFUSED], OFTEN))
def test_it_equals_keras(name):
    compare(name, CASES[name])


@pytest.mark.parametrize("name", marked(ALONE, ()))
def test_one_replicate_alone(name):
    compare(name, CASES[name], seeds=SEEDS[1:])


@pytest.mark.slow
def test_seeds_that_are_large_and_in_no_order():
    compare("frozen: a layer", CASES["frozen: a layer"], seeds=(2**32 - 1, 0, 7))


SETTINGS = {"max_epochs": 1, "max_steps_per_epoch": 1, "floatx": "float64"}


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_keras_that_change_a_training_are_refused(setting, monkeypatch):
    monkeypatch.setattr(keras.config, setting, lambda: SETTINGS[setting])
    rows = drawn("rows", "yes", (5,), np.random.default_rng(0))
    with pytest.raises(ValueError, match=rf"keras.config.{setting}\(\) = {SETTINGS[setting]}"):
        training.fit_replicas(net().build, rows, epochs=1, seeds=SEEDS)


def test_epochs_in_several_calls(monkeypatch):
    monkeypatch.setattr(batched, "EPOCHS_PER_CALL", 1)
    batched.programs.clear()
    compare("optimizer: Adam", CASES["optimizer: Adam"])
    batched.programs.clear()


@pytest.mark.parametrize("name", marked(REFUSED, OFTEN))
def test_it_is_refused_by_name(name):
    data, shuffle = splits(name, CASES[name])
    with pytest.raises((TypeError, ValueError), match=re.escape(REFUSED[name])):
        by_us(CASES[name], data, shuffle).predict(data["validation"][0][0])


# --- a second call whose model is another one -----------------------------------------------------

NOW = {"factor": 1.0}
ONE_LOSS, ONE_PENALTY = losses.MeanSquaredError(), penalties.L2(0.1)


def scaled(x):
    return x * NOW["factor"]


def scaled_loss(y, p):
    return scaled(losses.mean_squared_error(y, p))


def coded(y, p):
    return (y - p) ** 2


def with_code(i):
    """Return one function, whose code is another one at the second call."""
    codes = (lambda y, p: (y - p) ** 2), (lambda y, p: ops.abs(y - p))
    coded.__code__ = codes[i].__code__
    return coded


def scaled_kind(kind, method, *places):
    """Return a class of which one method scales its arguments at some places."""
    usual = getattr(kind, method)

    def scaling(self, *args, **options):
        args = [scaled(a) if i in places else a for i, a in enumerate(args)]
        return usual(self, *args, **options)

    return own(kind, **{method: scaling})


class ScaledCell(layers.SimpleRNNCell):
    def call(self, x, states, training=False):
        return super().call(scaled(x), states, training)


def scaled_inside(x):
    inputs = Input((3,))
    return last(keras.Model(inputs, ops.vectorized_map(scaled, inputs))(x))


def each(case, makes):
    """Return what makes the case of a call, `case` of what `make(i)` makes."""
    return {name: lambda i, make=make: case(lambda: make(i)) for name, make in makes.items()}


def tripled_call(i):
    dense = Dense(4)
    call = dense.call
    return changed(dense, call=lambda x, training=None: 3 * call(x)) if i else dense


def shares_with_outputs(i):
    """Return a layer whose second penalty is the first one, or one of strength 0."""
    one = penalties.L2(0.3)
    other = penalties.L2(0.0) if i else one
    return Dense(4, activation="tanh", kernel_regularizer=one, activity_regularizer=other)


def if_frozen(i, one):
    return frozen(one) if i else one


# fmt: off
CHANGES = {  # the case at the first call, i = 0, and at the second, i = 1
    "a global of a cell": lambda i: side_by_side(
        lambda: [layers.RNN(ScaledCell(3), unroll=True)], "series"
    ),
    "a global of a wrapped layer": lambda i: side_by_side(
        lambda: [layers.TimeDistributed(layers.Lambda(scaled))], "series"
    ),
    "a global in the graph": lambda i: of_tensor(lambda x: last(ops.vectorized_map(scaled, x))),
    "a global in a branch of the graph": lambda i: of_tensor(
        lambda x: last(ops.switch(0, [scaled, scaled], x))
    ),
    "a global in a graph inside": lambda i: of_tensor(scaled_inside),
    "a number in the graph": lambda i: of_tensor(lambda x: last(x * (1 + 2 * i))),
    "an array in the graph": lambda i: of_tensor(lambda x: last(x * np.float32([1, 2, 3 + i]))),
    "who is tied": lambda i: edited((lambda model: None, tie)[i]),
    "a schedule after compile": lambda i: edited(lambda model: changed(
        model, optimizer=SGD(schedules.ExponentialDecay((0.1, 0.5)[i], 2, 0.5))
    )),
    "a penalty of a variable": lambda i: edited(lambda model: changed(
        model.layers[0].kernel, regularizer=(penalties.L2(0.1), penalties.L1(0.5))[i]
    )),
    "a constraint of a variable": lambda i: edited(lambda model: changed(
        model.layers[0].kernel, constraint=(None, constraints.MaxNorm(0.3))[i]
    )),
    "epsilon of Keras": lambda i: net(settings=lambda: {"loss": "poisson"}),
} | each(lambda make: with_loss("real", make, rate=0.05), {
    "a global of a loss": lambda i: scaled_loss,
    "a closure of a loss": lambda i: lambda y, p: (1 + 2 * i) * (y - p) ** 2,
    "a default of a loss": lambda i: lambda y, p, c=1 + 2 * i: c * (y - p) ** 2,
    "the code of a loss": with_code,
    "an attribute of a loss": lambda i: changed(
        ONE_LOSS, reduction=("sum_over_batch_size", "sum")[i]
    ),
    "an argument of a loss": lambda i: losses.Huber((0.1, 1.0)[i]),
}) | each(lambda make: measured(lambda: [make()]), {
    "a global of a metric": lambda i: scaled_kind(metrics.MeanSquaredError, "update_state", 1)(),
    "a global of a metric function": lambda i: metrics.MeanMetricWrapper(scaled_loss),
    "an argument of a metric": lambda i: metrics.FalsePositives((0.2, 0.6)[i]),
    "thresholds of a metric set later": lambda i: changed(
        metrics.FalsePositives(), thresholds=[(0.2, 0.6)[i]]
    ),
}) | each(optimized, {
    "a global of a schedule": lambda i: SGD(
        scaled_kind(schedules.ExponentialDecay, "__call__", 0)(0.3, 2, 0.5)
    ),
    "a global of a rate": lambda i: SGD(lambda: scaled(0.1)),
    "a global of an optimizer": lambda i: scaled_kind(SGD, "update_step", 0)(0.1),
    "a rate": lambda i: SGD((0.1, 0.4)[i]),
    "a rate set later": lambda i: changed(SGD(0.1), learning_rate=(0.1, 0.4)[i]),
    "momentum": lambda i: SGD(0.1, momentum=(0.1, 0.9)[i]),
    "clipnorm set later": lambda i: changed(SGD(0.1), clipnorm=(0.1, 0.01)[i]),
    "a beta set later": lambda i: changed(Adam(0.1), beta_1=(0.9, 0.1)[i]),
    "who is excluded": lambda i: excluding(
        optimizers.AdamW(0.05, weight_decay=2.0), ("kernel", "bias")[i]
    ),
}) | each(net, {
    "a global of a Lambda": lambda i: [Dense(4), layers.Lambda(scaled)],
    "a closure of a Lambda": lambda i: [Dense(4), layers.Lambda(lambda x: x * (1 + 2 * i))],
    "a global of a layer": lambda i: [Dense(4), layer(lambda self, x: scaled(x))],
    "a class of the same name": lambda i: [
        Dense(4), layer((lambda self, x: x, lambda self, x: 3 * x)[i])
    ],
    "a global of an activation": lambda i: [Dense(4, activation=scaled)],
    "a global of a penalty": lambda i: penalised(scaled_kind(penalties.L2, "__call__", 0)(0.1)),
    "a global of a constraint": lambda i: [
        Dense(4, kernel_constraint=scaled_kind(constraints.MaxNorm, "__call__", 0)(1))
    ],
    "a patched layer": lambda i: [tripled_call(i)],
    "an adapted layer": lambda i: [adapted(layers.Normalization(), i), Dense(4)],
    "adapted bins": lambda i: [
        adapted(layers.Discretization(num_bins=3), i), layers.Rescaling(1.0)
    ],
    "an argument of a layer": lambda i: [Dense(4), layers.LeakyReLU((0.1, 0.9)[i])],
    "dropout no more": lambda i: [Dense(4), layers.Dropout((0.5, 0.0)[i])],
    "a strength": lambda i: penalised(penalties.L2((0.1, 0.6)[i])),
    "a strength that was 0": lambda i: penalised(penalties.L1((0.0, 0.6)[i])),
    "a strength of L1L2": lambda i: penalised(penalties.L1L2((0.0, 0.3)[i], (0.2, 0.0)[i])),
    "a strength of one object": lambda i: penalised(changed(ONE_PENALTY, l2=(0.1, 0.6)[i])),
    "who shares a penalty": lambda i: shared(("aab", "abb")[i]),
    "who shares a penalty of outputs": lambda i: [shares_with_outputs(i)],
    "who is frozen": lambda i: [if_frozen(i, Dense(4)), Dense(4)],
    "frozen statistics": lambda i: [
        Dense(4), if_frozen(i, layers.BatchNormalization(momentum=0.5))
    ],
    "momentum of statistics set later": lambda i: [
        Dense(4), changed(layers.BatchNormalization(), momentum=(0.9, 0.1)[i])
    ],
})
# fmt: on


@pytest.mark.parametrize("name", marked(CHANGES, OFTEN_CHANGED))
def test_a_second_call_trains_the_second_model(name, monkeypatch):
    monkeypatch.setitem(NOW, "factor", 1.0)
    epsilon = keras.config.epsilon()
    first = by_us(CHANGES[name](0), *splits(name, CHANGES[name](0)))
    gc.collect()  # what comes next may get the address of what was there
    monkeypatch.setitem(NOW, "factor", 3.0)
    try:
        if name == "epsilon of Keras":
            keras.config.set_epsilon(0.45)
        second = compare(name, CHANGES[name](1))
    finally:
        keras.config.set_epsilon(epsilon)
    both = [(split, metric) for split in first.splits for metric in first.metrics]
    differ = [not np.allclose(first[key], second[key], rtol=1e-3) for key in both]
    assert any(differ), "the change changes nothing"


# --- what is random in training -------------------------------------------------------------------


def seeded_call(self, x, training=False):
    return x + keras.random.normal(ops.shape(x), seed=self.seeds) if training else x


def seeded():
    return changed(layer(seeded_call), seeds=keras.random.SeedGenerator())


def recurrent(**options):
    return layers.SimpleRNN(
        3, kernel_initializer="ones", recurrent_initializer="identity", unroll=True, **options
    )


def ramp(shape, dtype=None):
    return ops.reshape(ops.linspace(0.5, 1.5, int(np.prod(shape))), shape)


# fmt: off
RANDOM = {  # the shape of a row, the layers
    "Dropout": ((20,), lambda: [layers.Dropout(0.5)]),
    "two Dropouts": ((20,), lambda: [layers.Dropout(0.5), layers.Dropout(0.5)]),
    "a Dropout twice": ((20,), lambda: [
        around(layers.Dropout(0.5), lambda inner, x: inner(x) + inner(x))
    ]),
    "SpatialDropout1D": ((3, 8), lambda: [layers.SpatialDropout1D(0.5)]),
    "SpatialDropout2D": ((2, 2, 8), lambda: [layers.SpatialDropout2D(0.5)]),
    "SpatialDropout3D": ((2, 2, 2, 8), lambda: [layers.SpatialDropout3D(0.5)]),
    "Dropout of a noise shape": (
        (3, 8), lambda: [layers.Dropout(0.5, noise_shape=(None, 1, 8))],
    ),
    "GaussianDropout": ((20,), lambda: [layers.GaussianDropout(0.5)]),
    "GaussianNoise": ((20,), lambda: [layers.GaussianNoise(0.5)]),
    "AlphaDropout": ((20,), lambda: [layers.AlphaDropout(0.3)]),
    "own": ((20,), lambda: [seeded()]),
    "of the inputs of a recurrent layer": ((3, 8), lambda: [recurrent(dropout=0.5)]),
    "of the states of a recurrent layer": ((3, 8), lambda: [recurrent(recurrent_dropout=0.5)]),
    "of attention": ((4, 2), lambda: [attended(layers.MultiHeadAttention(
        1, 2, dropout=0.5, use_bias=False, kernel_initializer="ones",
    ))]),
    "in a model": ((20,), lambda: [Sequential([Input((20,)), layers.Dropout(0.5)])]),
    "RandomFlip": ((4, 4, 2), lambda: [
        layers.RandomFlip(), layers.Flatten(), Dense(1, kernel_initializer=ramp),
    ]),
    "RandomContrast": ((4, 4, 2), lambda: [
        layers.RandomContrast(0.5, value_range=(0, 2)), layers.Flatten(),
        Dense(1, kernel_initializer=ramp),
    ]),
    "RandomBrightness": ((4, 4, 2), lambda: [layers.RandomBrightness(0.5, value_range=(0, 2))]),
    "RandomRotation": ((4, 4, 2), lambda: [layers.RandomRotation(0.5)]),
    "MixUp": ((4, 4, 2), lambda: [layers.MixUp()]),
}
# fmt: on


def summing(middle, shape, rate=0.0):
    """Return a build_model whose loss is the mean square of the sum of the outputs of `middle`."""

    def build_model():
        ends = [layers.Flatten(), Dense(1, use_bias=False, kernel_initializer="ones")]
        model = Sequential([Input(shape), *middle(), *ends])
        return compiled(model, loss="mse", optimizer=SGD(rate))

    return build_model


def equal_rows(shape, rows):
    return np.tile(np.asarray(ramp(shape), "float32"), (rows, *[1] * len(shape)))


def squares(build_model, shape):
    """Return what the loss of a row is under many draws of Keras itself."""
    keras.utils.set_random_seed(1)
    sums = build_model()(equal_rows(shape, 8_000), training=True)
    return np.square(sums).ravel().astype(float)


UNMAPPED = (
    "of the inputs of a recurrent layer", "of the states of a recurrent layer", "RandomRotation",
    "MixUp",
)  # fmt: skip


@pytest.mark.parametrize("name", marked(UNMAPPED, ()))
def test_noise_that_cannot_be_mapped_is_refused(name):
    shape, middle = RANDOM[name]
    rows = equal_rows(shape, 4), np.zeros((4, 1), "float32")
    with pytest.raises(ValueError, match="cannot map its step over replicates"):
        training.fit_replicas(summing(middle, shape), rows, epochs=1, seeds=SEEDS)


def different(values):
    return len(np.unique(values.round(3)))


@pytest.mark.parametrize("name", marked([n for n in RANDOM if n not in UNMAPPED], OFTEN_RANDOM))
def test_noise_is_new_in_every_replicate_step_row_and_layer(name):
    """Compare with draws of the layer itself, by statistics that noise drawn too seldom moves.

    All rows are the same and no weight moves, so the losses vary by the noise alone. With one noise
    for the rows of a batch, or for the batches of an epoch, their variance is several times as
    large; with one for all epochs they are correlated; with one for two layers the mean differs.
    """
    shape, middle = RANDOM[name]
    build_model, replicates, rows = summing(middle, shape), 150, 12
    x, y = equal_rows(shape, rows), np.zeros((rows, 1), "float32")
    options = {"epochs": 2, "batch_size": 4}
    runs = training.fit_replicas(build_model, (x, y), (x, y), seeds=range(replicates), **options)
    found = runs["train", "loss"].astype(float)
    expected = squares(build_model, shape)
    error = expected.std() * np.sqrt(1 / expected.size + 1 / (found.size * rows))
    assert abs(found.mean() - expected.mean()) < 5 * error
    assert 0.6 < found.var() / (expected.var() / rows) < 1.6
    # As many as under Keras: where each row is flipped or not, the loss has few values.
    usual = expected[: found.size * rows].reshape(-1, rows).mean(axis=1)
    assert different(found) > 0.9 * different(usual)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.4
    still = build_model().evaluate(x, y, verbose=0)
    np.testing.assert_allclose(runs["validation", "loss"], still, rtol=1e-5)
    fewer = training.fit_replicas(build_model, (x, y), seeds=[7, replicates], **options)
    np.testing.assert_allclose(fewer["train", "loss"][0], found[7], rtol=1e-5)


def test_the_gradient_goes_through_the_mask_of_the_loss():
    """Of a sum s over the inputs that a mask m keeps, the weights move by 2 * s * m * rate."""
    rate, features = 0.001, 20
    build_model = summing(lambda: [layers.Dropout(0.5)], (features,), rate)
    row = np.ones((1, features), "float32"), np.zeros((1, 1), "float32")
    runs = training.fit_replicas(build_model, row, epochs=1, seeds=range(50), batch_size=1)
    s = np.sqrt(runs["train", "loss"])
    mask = (1 - runs.weights[0][..., 0]) / (2 * s * rate)
    np.testing.assert_allclose(mask.sum(axis=1), s[:, 0], rtol=1e-2)
    np.testing.assert_allclose(mask * (mask - 2), 0, atol=0.05)
    assert abs(mask.mean() - 1) < 5 / np.sqrt(mask.size)
    assert len(np.unique(mask.round(), axis=0)) == 50


def test_dropout_with_a_seed_is_the_same_in_all_replicates_and_new_in_every_step():
    """As in a loop over `model.fit`, where each model starts from that seed."""
    build_model = summing(lambda: [layers.Dropout(0.5, seed=5)], (20,))
    rows = equal_rows((20,), 12), np.zeros((12, 1), "float32")
    runs = training.fit_replicas(build_model, rows, epochs=60, seeds=SEEDS, batch_size=4)
    one, other = runs["train", "loss"].astype(float)
    np.testing.assert_allclose(one, other, rtol=1e-5)
    assert len(np.unique(one)) == 60
    assert 0.4 < one.var() / (squares(build_model, (20,)).var() / 12) < 2


# --- other data, and what is left behind ----------------------------------------------------------


# fmt: off
KINDS = {  # the data, the layers, what happens to x and y
    "float64": ("rows", hidden, lambda x, y: (x.astype(float), y.astype(float))),
    "whole numbers": ("rows", hidden, lambda x, y: (np.round(3 * x).astype(int), y.astype(int))),
    "labels that are bool": ("rows", hidden, lambda x, y: (x, y > 0)),
    "labels of 8 bits": ("rows", hidden, lambda x, y: (x, y.astype("uint8"))),
    "images of 8 bits": (
        "image", lambda: [layers.Rescaling(1 / 255), *hidden()],
        lambda x, y: ((40 * x + 128).clip(0, 255).astype("uint8"), y),
    ),
    "lists": ("rows", hidden, lambda x, y: (x.tolist(), y.tolist())),
    "in another order of memory": ("rows", hidden, lambda x, y: (np.asfortranarray(x), y)),
    "large whole numbers": (
        "ids", lambda: [layers.Lambda(lambda x: ops.cast(x % 7, "float32")), *hidden()],
        lambda x, y: (x + 2**24 + 1, y),
    ),
}
# fmt: on


@pytest.mark.parametrize("name", marked(KINDS, ()))
def test_data_of_another_kind(name):
    x, middle, change = KINDS[name]
    compare(f"data: {name}", net(middle, x=x), change)


@pytest.mark.parametrize("shape", [(2,), (2, 2)], ids=["shared", "own"])
def test_as_many_rows_as_replicates_and_labels(shape):
    """Here not the number of rows tells what is an axis of replicates, but the model's input."""
    build_model = net(y="reals").build
    x, y = drawn("rows", "reals", shape, np.random.default_rng(0))
    options = {"epochs": EPOCHS, "batch_size": 1, "shuffle": False}
    runs = training.fit_replicas(build_model, (x, y), seeds=SEEDS, **options)
    for r, seed in enumerate(SEEDS):
        keras.utils.set_random_seed(seed)
        model = build_model()
        mine = (x[r], y[r]) if len(shape) == 2 else (x, y)
        history = model.fit(*mine, verbose=0, **options).history
        np.testing.assert_allclose(runs["train", "loss"][r], history["loss"], rtol=1e-5)
        predicted = model.predict(mine[0], verbose=0)
        np.testing.assert_allclose(runs.predict(x)[r], predicted, rtol=1e-4, atol=1e-6)


def test_a_middle_seed_with_settings_of_its_own_is_seen():
    """The models of the first and the last seed do not tell it."""
    low = [seed for seed in range(20) if np.random.RandomState(seed).uniform() < 0.5]
    first, last, middle = *low[:2], next(seed for seed in range(20) if seed not in low)
    one = optimized(lambda: SGD(0.1 if np.random.uniform() < 0.5 else 0.9))
    rows = drawn("rows", "yes", (5,), np.random.default_rng(0))
    with pytest.raises(ValueError, match=PER_SEED_SENTENCE):
        training.fit_replicas(one.build, rows, epochs=1, seeds=[first, middle, last])


def test_weights_changed_for_a_middle_seed_alone():
    """The starting values of the first and the last seed are as drawn, and their models too."""

    def build_model():
        model = net(settings=lambda: {"optimizer": SGD(0.0)}).build()
        if model.layers[0].kernel[0, 0] > 0:
            model.set_weights([w / 2 for w in model.get_weights()])
        return model

    def kernel(seed):
        keras.utils.set_random_seed(seed)
        return build_model().get_weights()[0]

    low = [seed for seed in range(20) if kernel(seed)[0, 0] < 0]
    middle = next(seed for seed in range(20) if seed not in low)
    rows = drawn("rows", "yes", (5,), np.random.default_rng(0))
    runs = training.fit_replicas(build_model, rows, epochs=1, seeds=[low[0], middle, low[1]])
    np.testing.assert_array_equal(runs.weights[0][1], kernel(middle))


def places(x):
    return ops.take(ops.arange(6.0), ops.cast(x, "int32"))


def nested_embedding(inputs):
    inner = Sequential([inputs_of("ids"), layers.Embedding(6, 3), layers.Flatten()])
    return last(inner(inputs))


def of_classes(**settings):
    return net(settings=lambda: settings, y="class")


NAMED_LOSS = losses.SparseCategoricalCrossentropy(name="own")
PLACED = {  # what is asked for places, and a number that has none
    "an embedding": (net(lambda: [layers.Embedding(6, 3)], x="ids"), 6),
    "an embedding in a model": (of_tensor(nested_embedding, "ids"), 6),
    "an embedding of a fixed batch": (
        of_fixed("ids", lambda: [layers.Embedding(6, 3), layers.Flatten()]), 6,
    ),
    "a table in the graph": (
        of_tensor(lambda x: last(ops.take(ops.convert_to_tensor(ops.arange(6.0)), x)), "ids"), 6,
    ),
    "a Lambda": (net(lambda: [layers.Lambda(places)], x="ids"), 6),
    "a loss": (net(y="class"), 3),
    "a loss, below": (net(y="class"), -1),
    "a loss of another name": (of_classes(loss=NAMED_LOSS), 3),
    "a loss of the learner's": (
        of_classes(loss=lambda y, p: losses.sparse_categorical_crossentropy(y, p)), 3,
    ),
    "a metric": (of_classes(loss="kld", metrics=["sparse_categorical_crossentropy"]), 3),
}  # fmt: skip


@pytest.mark.parametrize("one, value", PLACED.values(), ids=PLACED)
def test_a_number_without_a_place_is_refused(one, value):
    """XLA would take the nearest row of an embedding, and gives NaN for a class that is none."""
    x, y = drawn(one.x, one.y, (5,), np.random.default_rng(0))
    (x if one.x == "ids" else y).flat[2] = value
    said = "train (x must be rows that|y must be from 0 to 2|y must be labels that)"
    with pytest.raises(ValueError, match=said):
        training.fit_replicas(one.build, (x, y), epochs=1, seeds=SEEDS)


def test_predicting_a_number_without_a_place_is_refused():
    one = net(lambda: [layers.Embedding(6, 3)], x="ids")
    x, y = drawn(one.x, one.y, (5,), np.random.default_rng(0))
    runs = training.fit_replicas(one.build, (x, y), epochs=1, seeds=SEEDS)
    with pytest.raises(ValueError, match=r"rows that the model can take, but .* = 9 is not in"):
        runs.predict(x + 4 * (x == 5))


def test_a_replicate_that_diverges_leaves_its_neighbours_alone():
    def build_model():
        parts = [layers.Conv1D(3, 2), layers.MaxPooling1D(2)]
        settings = {"optimizer": SGD(0.1, global_clipnorm=1.0), "metrics": ["mae"]}
        return net(lambda: parts, lambda: settings, x="series", y="real").build()

    x, y = drawn("series", "real", (2, 13), np.random.default_rng(0))
    wild = np.concatenate([x[:1] * 1e30, x[1:]])
    tame, runs = (
        training.fit_replicas(build_model, (x, y), (x, y), epochs=3, seeds=SEEDS, batch_size=5)
        for x in (x, wild)
    )
    for split in ("train", "validation"):
        assert not np.isfinite(runs[split, "loss"][0]).all()
        for metric in ("loss", "mae"):
            np.testing.assert_allclose(runs[split, metric][1], tame[split, metric][1], rtol=1e-6)


def test_a_run_without_a_loss_has_no_accuracy():
    """A prediction of NaN is one class with XLA, and another one without."""

    def settings():
        return {"optimizer": SGD(1e25), "metrics": ["accuracy"]}

    x, y = drawn("rows", "class", (13,), np.random.default_rng(0))
    runs = training.fit_replicas(
        net(lambda: [Dense(8, "relu")], settings, y="class").build, (x, y), epochs=2, seeds=SEEDS
    )
    assert np.isnan(runs["train", "loss"]).any()
    np.testing.assert_array_equal(
        np.isnan(runs["train", "accuracy"]), np.isnan(runs["train", "loss"])
    )


def test_what_build_model_returned_is_as_before():
    """The models that were traced can be trained, and train as models that were not."""
    made = []

    def build_model():
        one = net(lambda: penalised(penalties.L2(0.1)), lambda: {"optimizer": "adam"})
        made.append(one.build())
        return made[-1]

    rows = drawn("rows", "yes", (13,), np.random.default_rng(0))
    runs = training.fit_replicas(build_model, rows, rows, epochs=1, seeds=SEEDS)
    start = [w * 0 + 0.1 for w in build_model().get_weights()]
    found = []
    for model in (*made, runs.model(SEEDS[0])):
        model.set_weights(start)
        assert type(model.optimizer).__name__ == "Adam" and int(model.optimizer.iterations) == 0
        found.append(model.fit(*rows, epochs=2, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(found, found[-2:-1] * len(found), rtol=1e-6)
