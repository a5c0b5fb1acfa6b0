"""Train many replicates of one Keras model as a single batched program.

`fit_replicas` does what a loop over `model.fit` would do, once per seed, but all seeds at once:
weights, optimizer state and batches get a leading axis of replicates, `tf.vectorized_map` maps the
model's own `stateless_call` over that axis, and XLA compiles whole epochs into one program. The
layers, the loss, the penalties and the optimizer are Keras' own; only the loop is ours.

This is the only helper that imports TensorFlow and Keras.
"""

import contextlib
import json
import os
import random
import time
from collections import OrderedDict

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from tqdm.auto import tqdm

# One call of the compiled program runs at most this many epochs, so that a training can be
# interrupted and can show how far it is.
_EPOCHS_PER_CALL = 50
_SECONDS_PER_CALL = 0.3

# Each shape and architecture is a program of its own here; TensorFlow takes that for a mistake and
# writes a warning of ten lines.
tf.get_logger().addFilter(lambda record: "tf.function retracing" not in record.getMessage())

# tqdm's own variable, which its notebook form does not read: a stored notebook holds no bar.
_QUIET = bool(os.environ.get("TQDM_DISABLE"))

# These update every weight from that weight's own gradient alone. One of them on stacked weights
# is therefore as many optimizers as there are replicates. Others (LAMB, Muon, Adafactor) take a
# norm or a mean over a whole array, which would mix the replicates.
_ELEMENTWISE_OPTIMIZERS = (
    "SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Nadam", "Ftrl", "Lion",
)  # fmt: skip

_REMEDIES = {
    "callbacks": "read early stopping off the table with training.early_stopping",
    "validation_data": "pass it as `validation`",
    "validation_split": "split before, and pass the second part as `validation`",
    "class_weight": "train with model.fit",
    "sample_weight": "train with model.fit",
}


def fit_replicas(
    build_model,
    train,
    validation=None,
    *,
    epochs,
    seeds,
    batch_size=32,
    test=None,
    shuffle=True,
    return_weights=False,
    **unsupported,
):
    """Train one replicate of a compiled Keras model per seed, all in one batched program.

    Replicate ``seed`` starts from the weights that ``build_model()`` has after
    ``keras.utils.set_random_seed(seed)``, sees the batches of ``batch_orders([seed], ...)`` and
    draws its own dropout masks, so a replicate does not depend on which others run beside it.

    Parameters
    ----------
    build_model : callable
        Takes no argument and returns a new, compiled `keras.Model` with one input and one output.
    train, validation, test : tuple (x, y)
        ``x`` of shape (n, d) and ``y`` of shape (n,) or (n, k), shared by all replicates; or one
        draw per replicate, ``x`` of shape (R, n, d) and ``y`` of shape (R, n) or (R, n, k).
        `validation` and `test` may be None.
    epochs : int
        Number of epochs, at least 1.
    seeds : sequence of int
        One seed per replicate, R in all, without repetition.
    batch_size : int, default 32
        Rows per gradient step; the last batch of an epoch may be smaller.
    shuffle : bool, default True
        Whether each epoch sees the rows in a new order.
    return_weights : bool, default False
        Whether to return the final weights too.

    Returns
    -------
    table : pandas.DataFrame
        Columns ``seed, epoch, split, metric, value``, one row each. Epochs count from 1. ``loss``
        and the model's own metrics are what the history of ``model.fit`` holds: for the training
        rows the running mean over the batches of the epoch, for the others the value after it.
    weights : list of numpy.ndarray
        With `return_weights`: the arrays of ``model.get_weights()``, each with a leading axis of
        length R. For ``predict_replicas``, or for ``model.set_weights([w[i] for w in weights])``.

    Raises
    ------
    TypeError, ValueError
        An argument has the wrong type, shape or value, or the model uses something that a batched
        program cannot honour. The message names it and says what is allowed.

    Notes
    -----
    The first call of a given architecture and shape compiles for about a second; later ones do
    not, also with other data, seeds, numbers of epochs, learning rates and L1 or L2 strengths.
    Python's and NumPy's global random states are as before afterwards; Keras' is not.
    """
    _refuse_unsupported(unsupported)
    seeds = _checked_seeds(seeds)
    epochs = _checked_count("epochs", epochs)
    batch_size = _checked_count("batch_size", batch_size)

    model, start = _replicate_variables(build_model, seeds, train)
    splits = {"train": train, "validation": validation, "test": test}
    data = {
        name: _checked_split(name, split, model, len(seeds))
        for name, split in splits.items()
        if split is not None or name == "train"
    }
    program = _program(model, data, len(seeds), batch_size)
    history, *variables = program.fit(model, start, data, seeds, epochs, shuffle)
    table = _tidy(history, seeds, [(split, name) for split in data for name in program.names])
    if not return_weights:
        return table
    groups = model.trainable_variables, model.non_trainable_variables
    final = {
        id(v): value.numpy()
        for group, values in zip(groups, variables, strict=True)
        for v, value in zip(group, values, strict=True)
    }
    return table, [final[id(v)] for v in model.weights]


def predict_replicas(build_model, weights, x, batch_size=256):
    """Predict with every replicate's weights.

    Parameters
    ----------
    build_model : callable
        As in `fit_replicas`.
    weights : list of numpy.ndarray
        What `fit_replicas` returned: arrays of shape (R, ...).
    x : array-like, shape (n, d) or (R, n, d)
        The same rows for all replicates, or rows of its own for each.
    batch_size : int, default 256
        Rows predicted at a time. It changes the speed, not the result.

    Returns
    -------
    numpy.ndarray, shape (R, n, k)
        The k outputs of the model, in inference mode (no dropout).
    """
    model = _built(build_model(), np.shape(x)[-1])
    weights = [np.asarray(w, "float32") for w in weights]
    if [w.shape[1:] for w in weights] != [tuple(w.shape) for w in model.weights]:
        raise ValueError(
            "weights do not fit build_model: expected arrays of shape (R, ...) for "
            f"{[tuple(w.shape) for w in model.weights]}, got {[w.shape for w in weights]}"
        )
    x = _checked_rows("x", x, len(weights[0]), model.input_shape[-1])
    values = {id(v): w for v, w in zip(model.weights, weights, strict=True)}
    trainable, state = (
        [values.get(id(v), np.repeat(v.numpy()[None], len(weights[0]), 0)) for v in group]
        for group in (model.trainable_variables, model.non_trainable_variables)
    )
    key = ("predict", len(weights[0]), *_signature(model))

    def predict(part):
        # One function per shape: TensorFlow warns when one is traced for many.
        program = _cached((*key, part.shape), lambda: _predictor(model))
        return program(trainable, state, part).numpy()

    parts = [
        predict(x[..., i : i + batch_size, :])
        for i in range(0, x.shape[-2], _checked_count("batch_size", batch_size))
    ]
    return np.concatenate(parts, axis=1)


def batch_orders(seeds, rows, epochs, shuffle=True):
    """Return the order in which each replicate sees its training rows.

    Parameters
    ----------
    seeds : sequence of int
        One per replicate.
    rows, epochs : int
        Number of training rows, number of epochs.
    shuffle : bool, default True
        Without it every epoch sees the rows as they stand.

    Returns
    -------
    numpy.ndarray of int32, shape (epochs, R, rows)
    """
    draws = [np.random.default_rng(seed) for seed in _checked_seeds(seeds)]
    return _next_orders(draws, rows, epochs, shuffle)


def early_stopping(values, *, patience, mode="min", min_delta=0.0, start_from_epoch=0):
    """Say where `keras.callbacks.EarlyStopping` would have stopped a training that ran on.

    Stopping early changes nothing that came before, so one complete history answers every
    patience without training again.

    Parameters
    ----------
    values : array-like, shape (epochs,) or (R, epochs)
        The monitored quantity after each epoch.
    patience : int
        Epochs without improvement before stopping, as in Keras.
    mode : {"min", "max"}, default "min"
        Whether smaller or larger is better.
    min_delta : float, default 0.0
        Smallest change that counts as an improvement.
    start_from_epoch : int, default 0
        Epochs that are not watched at first.

    Returns
    -------
    stopped, best : numpy.ndarray of int, shape () or (R,)
        The last epoch trained, and the epoch whose weights ``restore_best_weights=True`` would
        restore. Epochs count from 1. A training that never stops ends at its last epoch.
    """
    values = np.asarray(values, float)
    if values.ndim not in (1, 2) or values.shape[-1] == 0:
        raise ValueError(
            f"values must have shape (epochs,) or (R, epochs), got shape {values.shape}"
        )
    if mode not in ("min", "max"):
        raise ValueError(f"mode must be 'min' or 'max', got {mode!r}")
    patience = _checked_count("patience", patience, least=0)
    found = [
        _stop_one(row, patience, abs(min_delta), start_from_epoch)
        for row in np.atleast_2d(values if mode == "min" else -values)
    ]
    stopped, best = np.array(found).T
    return (stopped, best) if values.ndim == 2 else (stopped[0], best[0])


def _stop_one(values, patience, min_delta, start_from_epoch):
    lowest, best, wait = np.inf, min(start_from_epoch, len(values) - 1), 0
    for epoch in range(start_from_epoch, len(values)):
        wait += 1
        if values[epoch] < lowest - min_delta:
            lowest, best, wait = values[epoch], epoch, 0
        elif wait >= patience and epoch > 0:
            return epoch + 1, best + 1
    return len(values), best + 1


# --- what goes in ---------------------------------------------------------------------------------


def _refuse_unsupported(unsupported):
    for name in unsupported:
        raise TypeError(
            f"fit_replicas cannot honour {name}="
            + (f": {_REMEDIES[name]}" if name in _REMEDIES else "; it takes no such argument")
        )


def _checked_count(name, value, least=1):
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def _checked_seeds(seeds):
    try:
        seeds = [_checked_count("seeds", seed, least=0) for seed in seeds]
    except TypeError:
        raise TypeError(f"seeds must be a sequence of whole numbers, got {seeds!r}") from None
    if not seeds or len(set(seeds)) < len(seeds) or max(seeds) >= 2**32:
        raise ValueError(
            "seeds must hold at least one whole number below 2**32, none of them twice, "
            f"got {seeds if len(seeds) < 9 else [*seeds[:8], '...']}"
        )
    return seeds


def _checked_numbers(name, values):
    try:
        values = np.asarray(values, "float32")
    except (TypeError, ValueError):
        kind = type(values).__name__
        raise TypeError(f"{name} must be an array of numbers, got {kind}") from None
    if not values.size or not np.isfinite(values).all():
        problem = "is empty" if not values.size else "holds NaN, an infinity or a number too large"
        raise ValueError(f"{name} {problem}; it must hold at least one row of finite numbers")
    return values


def _checked_rows(name, x, replicates, features):
    x = _checked_numbers(name, x)
    if x.ndim not in (2, 3) or (x.ndim == 3 and len(x) != replicates) or x.shape[-1] != features:
        raise ValueError(
            f"{name} must have shape (n, {features}), or ({replicates}, n, {features}) with one "
            f"draw for each of the {replicates} replicates, got {x.shape}"
        )
    return x


def _checked_split(name, split, model, replicates):
    try:
        x, y = split
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a tuple (x, y), got {type(split).__name__}") from None
    x = _checked_rows(f"{name} x", x, replicates, model.input_shape[-1])
    y = _checked_numbers(f"{name} y", y)
    if y.ndim == x.ndim - 1 and model.output_shape[-1] == 1:
        y = y[..., None]
    if y.shape[: x.ndim - 1] != x.shape[:-1] or y.ndim > x.ndim:
        raise ValueError(
            f"{name} y must have one label for each row of x, shape {x.shape[:-1]}, got {y.shape}"
        )
    return x, y


def _built(model, features):
    if not isinstance(model, keras.Model):
        raise TypeError(f"build_model must return a keras.Model, got {type(model).__name__}")
    if not model.built:
        model.build((None, features))
    return model


def _check_model(model):
    """Refuse by name what a batched program cannot honour."""
    if not model.compiled:
        raise ValueError("build_model must return a compiled model: call model.compile in it")
    for method in ("train_step", "test_step", "compute_loss"):
        if getattr(type(model), method) is not getattr(keras.Model, method):
            raise ValueError(f"fit_replicas cannot honour the model's own {method}: use model.fit")
    for end in ("input_shape", "output_shape"):
        if not isinstance(getattr(model, end, None), tuple):
            raise ValueError(
                "build_model must return a Sequential or functional model with one input and one "
                f"output, got {type(model).__name__} with {end} {getattr(model, end, None)}"
            )
    config = model.get_compile_config()
    for option in ("loss_weights", "weighted_metrics"):
        if config.get(option):
            raise ValueError(f"fit_replicas cannot honour {option}={config[option]!r}")
    if not isinstance(model.loss, (str, keras.losses.Loss)) and not callable(model.loss):
        raise ValueError(f"loss must be one loss, by name or as an object, got {model.loss!r}")
    _check_optimizer(model.optimizer)
    for v in model.trainable_variables:
        if v.dtype != "float32":
            raise ValueError(f"fit_replicas cannot honour the {v.dtype} of {v.path}: float32 only")
        if getattr(v, "constraint", None) is not None:
            raise ValueError(
                f"fit_replicas cannot honour the constraint {type(v.constraint).__name__} "
                f"of {v.path}: it would act on all replicates together"
            )


def _check_optimizer(optimizer):
    name = type(optimizer).__name__
    if getattr(keras.optimizers, name, None) is not type(optimizer) or (
        name not in _ELEMENTWISE_OPTIMIZERS
    ):
        raise ValueError(
            f"fit_replicas cannot honour the optimizer {name}: one that does not treat each weight "
            f"by itself would mix the replicates; allowed are {', '.join(_ELEMENTWISE_OPTIMIZERS)}"
        )
    for option in ("clipnorm", "global_clipnorm", "use_ema", "gradient_accumulation_steps"):
        if getattr(optimizer, option, None):
            raise ValueError(
                f"fit_replicas cannot honour {option}={getattr(optimizer, option)!r} of the "
                f"optimizer {name}: it would mix the replicates or needs a loop of its own"
            )


# --- where each replicate starts ------------------------------------------------------------------


def _replicate_variables(build_model, seeds, train):
    """Return a model and, for each of its variables, its initial values for all seeds.

    Building a Keras model takes about 15 ms, which for 100 replicates would be most of the time.
    Where the variables come from initializers, only the initializers are run again, each with the
    seed that it would have drawn. The last seed's model is built to see that this is so; where it
    is not, all are built.
    """
    if not callable(build_model):
        raise TypeError(f"build_model must be callable, got {type(build_model).__name__}")
    if not isinstance(train, (tuple, list)) or np.ndim(train[0]) < 2:
        raise TypeError("train must be a tuple (x, y) with x of shape (n, d) or (R, n, d)")
    features = np.shape(train[0])[-1]

    def build(seed):
        keras.utils.set_random_seed(seed)
        return _built(build_model(), features)

    states = random.getstate(), np.random.get_state()
    try:
        model = build(seeds[0])
        _check_model(model)
        drawn = _redrawn_variables(model, seeds)
        last = [v.numpy() for v in build(seeds[-1]).variables]
        if len(last) != len(drawn) or not all(
            np.array_equal(a[-1], b) for a, b in zip(drawn, last, strict=True)
        ):
            built = [[v.numpy() for v in build(seed).variables] for seed in seeds]
            drawn = [np.stack(group) for group in zip(*built, strict=True)]
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
    values = {id(v): value for v, value in zip(model.variables, drawn, strict=True)}
    return model, [
        [values[id(v)] for v in group]
        for group in (model.trainable_variables, model.non_trainable_variables)
    ]


def _redrawn_variables(model, seeds):
    # Keras takes the seed of each initializer and of each SeedGenerator from Python's generator.
    most = 8 * len(model.variables) + 8
    draws = np.array([_drawn_seeds(seed, most) for seed in seeds])
    place = {seed: i for i, seed in enumerate(draws[0].tolist())}

    initializers = {}
    for layer in model._flatten_layers(include_self=False):
        for v in layer.variables:
            initializer = getattr(layer, f"{v.name}_initializer", None)
            if getattr(initializer, "seed", None) in place:
                initializers[id(v)] = initializer

    random_ones = [v for v in model.variables if id(v) in initializers]
    columns = [place[initializers[id(v)].seed] for v in random_ones]
    redraw = _cached(
        ("initialize", *(_initializer_key(initializers[id(v)], v) for v in random_ones)),
        lambda: _redrawer([(initializers[id(v)], v.shape, v.dtype) for v in random_ones]),
    )
    redrawn = redraw(draws[:, columns]) if random_ones else []
    values = dict(zip(map(id, random_ones), redrawn, strict=True))
    result = []
    for v in model.variables:
        value = values.get(id(v))
        if value is None:
            value = np.repeat(v.numpy()[None], len(seeds), axis=0)
            if v.name == "seed_generator_state" and int(value[0, 0]) in place:
                value[:, 0] = draws[:, place[int(value[0, 0])]]
        result.append(np.asarray(value))
    return result


def _drawn_seeds(seed, count):
    source = random.Random(seed)
    return [source.randint(1, int(1e9)) for _ in range(count)]


def _initializer_key(initializer, v):
    config = {k: c for k, c in initializer.get_config().items() if k != "seed"}
    return type(initializer).__name__, json.dumps(config, default=str), tuple(v.shape), v.dtype


def _redrawer(initializers):
    class Given(keras.random.SeedGenerator):
        """A seed that is a tensor: Keras takes an int or a SeedGenerator, and asks it once."""

        def __init__(self, seed):
            self.seed = seed

        def next(self, ordered=True):
            return tf.stack([self.seed, 0])

    copies = [(i.__class__.from_config(i.get_config()), s, d) for i, s, d in initializers]

    def one(seeds):
        values = []
        for k, (initializer, shape, dtype) in enumerate(copies):
            initializer.seed = Given(seeds[k])
            values.append(initializer(shape, dtype=dtype))
        return values

    # Not compiled by XLA: it draws other random numbers than Keras does.
    return tf.function(
        lambda seeds: tf.map_fn(one, seeds, fn_output_signature=[d for _, _, d in copies]),
        input_signature=[tf.TensorSpec((None, len(copies)), tf.int64)],
        autograph=False,
    )


# --- the compiled program -------------------------------------------------------------------------

_programs = OrderedDict()


def _cached(key, make):
    """Keep the programs compiled last: a slider comes back to the same shapes again and again."""
    if key not in _programs:
        _programs[key] = make()
    _programs.move_to_end(key)
    while len(_programs) > 32:
        _programs.popitem(last=False)
    return _programs[key]


def _program(model, data, replicates, batch_size):
    shapes = tuple((name, x.shape, y.shape) for name, (x, y) in data.items())
    key = (*_signature(model), shapes, replicates, batch_size)
    return _cached(key, lambda: _Program(model, shapes, replicates, batch_size))


def _strengths(model):
    """Return (regularizer, attribute) of every L1 or L2 strength: inputs of the program."""
    penalties = {id(v.regularizer): v.regularizer for v in model.trainable_variables}
    return [
        (penalty, name)
        for penalty in penalties.values()
        if type(penalty) in (keras.regularizers.L1, keras.regularizers.L2)
        for name in ("l1", "l2")
        if hasattr(penalty, name)
    ]


@contextlib.contextmanager
def _with_strengths(model, values):
    slots = _strengths(model)
    before = [getattr(*slot) for slot in slots]
    try:
        for (penalty, name), value in zip(slots, values, strict=True):
            setattr(penalty, name, value)
        yield
    finally:
        for (penalty, name), value in zip(slots, before, strict=True):
            setattr(penalty, name, value)


def _signature(model):
    """Describe the computation, less what the program takes as an input."""
    try:
        with _with_strengths(model, [0.0] * len(_strengths(model))):
            described = json.loads(model.to_json())
        described.pop("compile_config", None)
        architecture = json.dumps(described)
        compiled = json.loads(json.dumps(model.get_compile_config(), default=repr))
    except (NotImplementedError, TypeError, ValueError):
        return (object(),)  # cannot be described: compiled anew at each call
    optimizer = compiled["optimizer"]["config"]
    optimizer["name"] = None
    if isinstance(optimizer["learning_rate"], float):
        optimizer["learning_rate"] = None
    # Keras numbers its automatic names; two models that differ in them alone are the same.
    for i, layer in enumerate([model, *model._flatten_layers(include_self=False)]):
        architecture = architecture.replace(f'"{layer.name}"', f'"layer {i}"')
    return architecture, json.dumps(compiled), _own_code(model)


def _own_code(model):
    """Return the functions and classes that the description only names: they may be redefined."""
    layers = model._flatten_layers(include_self=True)
    parts = [model.loss, *np.atleast_1d(model._compile_config.config.get("metrics") or [])]
    parts += [getattr(layer, "activation", None) for layer in layers]
    parts += [*layers, *(getattr(v, "regularizer", None) for v in model.trainable_variables)]
    return tuple(part if hasattr(part, "__name__") else type(part) for part in parts)


def _metrics(model, y):
    """Return the metric objects that `model.fit` would use."""
    configured = model._compile_config.config.get("metrics") or []
    if isinstance(configured, dict):
        raise ValueError(f"metrics must be a list, got {configured!r}")
    outputs = model.output_shape[-1]
    metrics = []
    for metric in configured if isinstance(configured, (list, tuple)) else [configured]:
        if str(metric).lower() in ("accuracy", "acc"):
            kind = (
                keras.metrics.BinaryAccuracy
                if outputs == 1
                else keras.metrics.CategoricalAccuracy
                if y[-1] == outputs and len(y) > 1
                else keras.metrics.SparseCategoricalAccuracy
            )
            metrics.append(kind(name=str(metric)))
            continue
        try:
            known = keras.metrics.get(metric)
        except ValueError:
            raise ValueError(f"fit_replicas does not know the metric {metric!r}") from None
        if not isinstance(known, keras.metrics.Metric):
            known = keras.metrics.MeanMetricWrapper(known, name=known.__name__)
        if isinstance(metric, str):
            known.name = metric
        metrics.append(known)
    return metrics


# TensorFlow's version of Keras' optimizer overrides these for tf.distribute, and loses
# stateless_apply by it. Keras' own are put back.
_KERAS_OPTIMIZER = next(c for c in keras.optimizers.Optimizer.__mro__ if "Base" in c.__name__)
_STATELESS = ("stateless_apply", "assign", "assign_add", "assign_sub", "_var_key",
              "_apply_weight_decay", "_backend_update_step")  # fmt: skip


def _stateless(optimizer):
    kind = type(optimizer)
    methods = {name: getattr(_KERAS_OPTIMIZER, name) for name in _STATELESS}
    return type(f"Stateless{kind.__name__}", (kind,), methods).from_config(optimizer.get_config())


def _loss_function(model):
    loss = keras.losses.get(model.loss)
    if isinstance(loss, keras.losses.Loss):
        return loss
    return lambda y, prediction: tf.reduce_mean(loss(y, prediction))


def _predictor(model):
    def predict(trainable, state, x):
        def one(weights, state, x):
            return model.stateless_call(weights, state, x, training=False)[0]

        if len(x.shape) == 3:
            return tf.vectorized_map(lambda a: one(*a), (trainable, state, x), warn=False)
        return tf.vectorized_map(lambda a: one(*a, x), (trainable, state), warn=False)

    return tf.function(predict, jit_compile=True, autograph=False, reduce_retracing=False)


class _Program:
    """Whole epochs of R replicates, compiled once for one architecture and one set of shapes."""

    def __init__(self, model, shapes, replicates, batch_size):
        self.model, self.replicates, self.batch_size = model, replicates, batch_size
        self.own = {name: len(x) == 3 for name, x, _ in shapes}
        self.rows = {name: x[-2] for name, x, _ in shapes}
        self.loss = _loss_function(model)
        label_shape = shapes[0][2][len(shapes[0][1]) - 2 :]
        self.metrics = _metrics(model, label_shape)
        self.names = ["loss", *(m.name for m in self.metrics)]
        for m in self.metrics:  # some create their variables when they first see data
            m.update_state(np.zeros((1, *label_shape[1:])), np.zeros((1, model.output_shape[-1])))
            m.reset_state()
        self.tally_start = [[v.numpy() for v in m.variables] for m in self.metrics]
        self.optimizer = _stateless(model.optimizer)
        stacked = [
            keras.Variable(np.zeros((replicates, *v.shape), v.dtype), name=v.name)
            for v in model.trainable_variables
        ]
        self.optimizer.build(stacked)
        self.slots = [v.numpy() for v in self.optimizer.variables]
        self.epochs = tf.function(self._epochs, jit_compile=True, autograph=False)

    def fit(self, model, start, data, seeds, epochs, shuffle):
        """Train from `start`.

        Returns the history, shape (epochs, splits * metrics, R), and the final values of
        ``model.trainable_variables`` and ``model.non_trainable_variables``.
        """
        variables = start[0], self._starting_slots(model), start[1]
        variables = [[tf.constant(value) for value in group] for group in variables]
        data = {name: tuple(map(tf.constant, split)) for name, split in data.items()}
        strengths = [tf.constant(getattr(*slot), "float32") for slot in _strengths(model)]
        draws = [np.random.default_rng(seed) for seed in seeds]
        history, done, count = [], 0, 1
        with tqdm(total=epochs, desc="epochs", delay=2, leave=False, disable=_QUIET) as progress:
            while done < epochs:
                count = min(count, epochs - done)
                order = np.zeros((_EPOCHS_PER_CALL, len(seeds), self.rows["train"]), "int32")
                order[:count] = _next_orders(draws, self.rows["train"], count, shuffle)
                began = time.perf_counter()
                values, variables = self.epochs(
                    tf.constant(count), tf.constant(order), strengths, variables, data
                )
                history.append(values.numpy()[:count])
                seconds = (time.perf_counter() - began) / count
                progress.update(count)
                done += count
                count = int(np.clip(_SECONDS_PER_CALL / seconds, 1, _EPOCHS_PER_CALL))
        return np.concatenate(history), variables[0], variables[2]

    def _starting_slots(self, model):
        rate = model.optimizer.get_config()["learning_rate"]
        if not isinstance(rate, float):  # a schedule: part of the program
            return self.slots
        return [
            np.float32(rate) if v is self.optimizer._learning_rate else value
            for v, value in zip(self.optimizer.variables, self.slots, strict=True)
        ]

    def _epochs(self, count, order, strengths, variables, data):
        def epoch(e, variables, rows):
            values, variables = self._train(order[e], variables, data["train"])
            for name in data:
                if name != "train":
                    values += self._evaluate(variables, name, *data[name])
            return e + 1, variables, tf.tensor_scatter_nd_update(rows, [[e]], [tf.stack(values)])

        width = len(self.names) * len(data)
        rows = tf.zeros((_EPOCHS_PER_CALL, width, self.replicates))
        with _with_strengths(self.model, strengths):
            _, variables, rows = tf.while_loop(
                lambda e, *_: e < count, epoch, (tf.constant(0), variables, rows)
            )
        return rows, variables

    def _train(self, order, variables, data):
        """Run one epoch; return its running means, (R,) each, and the new variables."""
        n, size = self.rows["train"], min(self.batch_size, self.rows["train"])

        def step(i, size, total, tallies, variables):
            rows = tf.slice(order, (0, i), (self.replicates, size))
            x, y = (tf.gather(array, rows, batch_dims=int(self.own["train"])) for array in data)
            loss, tallies, variables = self._step(x, y, tallies, variables)
            return i + size, total + size * loss, tallies, variables

        loop = tf.constant(0), tf.zeros(self.replicates), self._tallies(), variables
        loop = tf.while_loop(
            lambda i, *_: i + size <= n, lambda i, *rest: step(i, size, *rest), loop
        )
        if n % size:
            loop = step(n - n % size, n % size, *loop[1:])
        _, total, tallies, variables = loop
        return [total / n, *self._results(tallies)], variables

    def _step(self, x, y, tallies, variables):
        def differentiate(a):
            weights, state, x, y = a
            with tf.GradientTape() as tape:
                tape.watch(weights)
                prediction, state, penalties = self.model.stateless_call(
                    weights, state, x, training=True, return_losses=True
                )
                loss = self.loss(y, prediction) + sum(penalties)
            return loss, prediction, state, tape.gradient(loss, weights)

        weights, slots, state = variables
        loss, prediction, state, gradients = tf.vectorized_map(
            differentiate, (weights, state, x, y), warn=False
        )
        weights, slots = self.optimizer.stateless_apply(slots, gradients, weights)
        return loss, self._tally(tallies, y, prediction), [weights, slots, state]

    def _evaluate(self, variables, name, x, y):
        def forward(a):
            (weights, state), (x_, y_) = a[:2], a[2:] or (x, y)
            prediction, _, penalties = self.model.stateless_call(
                weights, state, x_, training=False, return_losses=True
            )
            return self.loss(y_, prediction) + sum(penalties), prediction

        weights, _, state = variables
        own = (x, y) if self.own[name] else ()
        loss, prediction = tf.vectorized_map(forward, (weights, state, *own), warn=False)
        labels = y if own else tf.repeat(y[None], self.replicates, axis=0)
        return [loss, *self._results(self._tally(self._tallies(), labels, prediction))]

    def _tallies(self):
        return [
            [tf.repeat(tf.constant(value)[None], self.replicates, 0) for value in values]
            for values in self.tally_start
        ]

    def _tally(self, tallies, y, prediction):
        if not self.metrics:
            return tallies
        return tf.vectorized_map(
            lambda a: [
                m.stateless_update_state(tally, a[1], a[2])
                for m, tally in zip(self.metrics, a[0], strict=True)
            ],
            (tallies, y, prediction),
        )

    def _results(self, tallies):
        if not self.metrics:
            return []
        return tf.vectorized_map(
            lambda a: [m.stateless_result(t) for m, t in zip(self.metrics, a, strict=True)], tallies
        )


def _next_orders(draws, rows, epochs, shuffle):
    order = np.broadcast_to(np.arange(rows, dtype="int32"), (epochs, rows))
    if shuffle:
        return np.stack([draw.permuted(order, axis=1) for draw in draws], axis=1)
    return np.repeat(order[:, None], len(draws), axis=1)


def _tidy(history, seeds, columns):
    epochs, width, replicates = history.shape
    splits, metrics = (list(dict.fromkeys(names)) for names in zip(*columns, strict=True))

    def category(names, which):
        codes = np.array([names.index(column[which]) for column in columns])
        return pd.Categorical.from_codes(np.tile(np.repeat(codes, epochs), replicates), names)

    return pd.DataFrame(
        {
            "seed": np.repeat(seeds, width * epochs),
            "epoch": np.tile(np.arange(1, epochs + 1), width * replicates),
            "split": category(splits, 0),
            "metric": category(metrics, 1),
            "value": history.transpose(2, 1, 0).ravel(),
        }
    )
