"""Train many replicates of one Keras model as a single batched program.

`fit_replicas` does what a loop over `model.fit` would do, once per seed, but all seeds at once. The
layers, the loss, the penalties and the optimizer are Keras' own; only the loop is ours. This module
holds what a notebook calls and what is checked; the compiled program itself stands in `batched`,
a sibling that is imported from here alone.
"""

import keras
import numpy as np
import pandas as pd

from helpers import batched, checks

_MOST_EPOCHS = 1_000_000
_MOST_ORDERED = 100_000_000  # 0.4 GB
_FLOAT32 = {"low": -1e38, "high": 1e38}

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
        Number of epochs, from 1 to 1,000,000; times R at most 10,000,000.
    seeds : sequence of int
        One seed per replicate, R in all, without repetition, each below 2**32.
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

    A training can be interrupted about three times a second. While a model is built or compiled, a
    first interrupt waits until that is done; a second one does not wait, and may leave TensorFlow
    unusable until the kernel is restarted.
    """
    _refuse_unsupported(unsupported)
    checks.function("build_model", build_model, 0)
    epochs = checks.whole("epochs", epochs, most=_MOST_EPOCHS)
    seeds = checks.seeds(seeds, distinct=True)
    checks.whole("epochs times seeds", epochs * len(seeds))
    batch_size = checks.whole("batch_size", batch_size)
    shuffle = checks.flag("shuffle", shuffle)
    return_weights = checks.flag("return_weights", return_weights)
    splits = {"train": train, "validation": validation, "test": test}
    data = {
        name: _checked_split(name, split, len(seeds))
        for name, split in splits.items()
        if split is not None or name == "train"
    }

    def check(model):
        _check_model(model)
        for name, split in data.items():
            _check_fit(name, *split, model)

    build = _builder(build_model, data["train"][0].shape[-1])
    model, start = batched.starting_variables(build, seeds, check)
    data = {name: (x, _as_column(x, y, model)) for name, (x, y) in data.items()}
    program = batched.program_for(model, data, len(seeds), batch_size)
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
        Rows predicted at a time, at most: many replicates of a wide model take fewer. It changes
        the speed and the memory, not the result.

    Returns
    -------
    numpy.ndarray, shape (R, n, k)
        The k outputs of the model, in inference mode (no dropout).

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    checks.function("build_model", build_model, 0)
    batch_size = checks.whole("batch_size", batch_size)
    weights = [
        checks.numbers(f"weights[{i}]", w, ("R", ...), **_FLOAT32)
        for i, w in enumerate(checks.sequence("weights", weights, "arrays"))
    ]
    x = checks.numbers("x", x, ("n", "d"), (len(weights[0]), "n", "d"), **_FLOAT32)
    model = _built(build_model, x.shape[-1])
    expected = [(len(weights[0]), *v.shape) for v in model.weights]
    if [w.shape for w in weights] != expected:
        raise ValueError(
            "weights do not fit build_model: they must have the shapes (R, ...) "
            f"{checks.short(expected)}, got {checks.short([w.shape for w in weights])}"
        )
    checks.shaped("x", x, (*x.shape[:-1], model.input_shape[-1]))
    x, *weights = (np.asarray(values, "float32") for values in (x, *weights))
    values = {id(v): w for v, w in zip(model.weights, weights, strict=True)}
    trainable, state = (
        [values.get(id(v), np.repeat(v.numpy()[None], len(weights[0]), 0)) for v in group]
        for group in (model.trainable_variables, model.non_trainable_variables)
    )
    # One function per shape: TensorFlow warns when one is traced for many.
    key = ("predict", len(weights[0]), x.shape, batch_size, *batched.signature(model))
    program = batched.cached(key, lambda: batched.predictor(model, batch_size))
    return program(trainable, state, x).numpy()


def batch_orders(seeds, rows, epochs, shuffle=True):
    """Return the order in which each replicate sees its training rows.

    Parameters
    ----------
    seeds : sequence of int
        One per replicate, without repetition, each below 2**32.
    rows, epochs : int
        Number of training rows, number of epochs. Times R at most 100,000,000.
    shuffle : bool, default True
        Without it every epoch sees the rows as they stand.

    Returns
    -------
    numpy.ndarray of int32, shape (epochs, R, rows)

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    seeds = checks.seeds(seeds, distinct=True)
    rows = checks.whole("rows", rows)
    epochs = checks.whole("epochs", epochs, most=_MOST_EPOCHS)
    shuffle = checks.flag("shuffle", shuffle)
    checks.whole("seeds times rows times epochs", len(seeds) * rows * epochs, most=_MOST_ORDERED)
    draws = [np.random.default_rng(seed) for seed in seeds]
    return batched.next_orders(draws, rows, epochs, shuffle)


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
        Smallest change that counts as an improvement; its sign does not matter, as in Keras.
    start_from_epoch : int, default 0
        Epochs that are not watched at first.

    Returns
    -------
    stopped, best : numpy.ndarray of int, shape () or (R,)
        The last epoch trained, and the epoch whose weights ``restore_best_weights=True`` would
        restore. Epochs count from 1. A training that never stops ends at its last epoch.

    Raises
    ------
    TypeError, ValueError
        An argument is not as above. The message names it and says what is allowed.
    """
    values = checks.numbers("values", values, ("epochs",), ("R", "epochs")).astype(float)
    patience = checks.whole("patience", patience, least=0)
    checks.one_of("mode", mode, ("min", "max"))
    min_delta = checks.number("min_delta", min_delta)
    start_from_epoch = checks.whole("start_from_epoch", start_from_epoch, least=0)
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


def _checked_split(name, split, replicates):
    if not isinstance(split, (tuple, list)) or len(split) != 2:
        raise TypeError(f"{name} must be a tuple (x, y), got {checks.short(split)}")
    x, y = split
    x = checks.numbers(f"{name} x", x, ("n", "d"), (replicates, "n", "d"), **_FLOAT32)
    rows = x.shape[:-1]
    y = checks.numbers(f"{name} y", y, rows, (*rows, "k"), **_FLOAT32)
    return np.asarray(x, "float32"), np.asarray(y, "float32")


def _check_fit(name, x, y, model):
    """Refuse rows whose width is not the model's; Keras would stretch some of them."""
    rows, outputs = x.shape[:-1], model.output_shape[-1]
    checks.shaped(f"{name} x", x, (*rows, model.input_shape[-1]))
    checks.shaped(f"{name} y", y, rows, (*rows, 1), (*rows, outputs))


def _as_column(x, y, model):
    """Give the labels of a model with one output the shape of its predictions."""
    return y[..., None] if y.ndim < x.ndim and model.output_shape[-1] == 1 else y


def _check_model(model):
    """Refuse by name what a batched program cannot honour."""
    if not model.compiled:
        raise ValueError("build_model must return a compiled model: call model.compile in it")
    for method in ("train_step", "test_step", "compute_loss"):
        if getattr(type(model), method) is not getattr(keras.Model, method):
            raise ValueError(f"fit_replicas cannot honour the model's own {method}: use model.fit")
    for end in ("input_shape", "output_shape"):
        shape = getattr(model, end, None)
        if not isinstance(shape, tuple) or len(shape) != 2:
            raise ValueError(
                "build_model must return a Sequential or functional model with one input of shape "
                "(rows, d) and one output of shape (rows, k), got "
                f"{type(model).__name__} with {end} {shape}"
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


def _builder(build_model, features):
    """Return a function that builds the model of a seed."""

    def build(seed):
        keras.utils.set_random_seed(seed)
        return _built(build_model, features)

    return build


@batched.interrupt_later()
def _built(build_model, features):
    model = build_model()
    if not isinstance(model, keras.Model):
        raise TypeError(f"build_model must return a keras.Model, got {type(model).__name__}")
    if not model.built:
        model.build((None, features))
    return model


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
