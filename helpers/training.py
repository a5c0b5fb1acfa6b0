"""Train many replicates of one Keras model as a single batched program.

`fit_replicas` does what a loop over `model.fit` would do, once per seed, but all seeds at once. The
layers, the loss, the penalties and the optimizer are Keras' own; only the loop is ours. This module
holds what a notebook calls and what is checked; the compiled program itself stands in `batched`,
the one sibling that a helper imports, and it is imported from here alone.
"""

import keras
import numpy as np
import pandas as pd

from helpers import batched

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

    model, start = batched.starting_variables(_builder(build_model, train), seeds, _check_model)
    splits = {"train": train, "validation": validation, "test": test}
    data = {
        name: _checked_split(name, split, model, len(seeds))
        for name, split in splits.items()
        if split is not None or name == "train"
    }
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
    key = ("predict", len(weights[0]), *batched.signature(model))

    def predict(part):
        # One function per shape: TensorFlow warns when one is traced for many.
        program = batched.cached((*key, part.shape), lambda: batched.predictor(model))
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


def _builder(build_model, train):
    """Return a function that builds the model of a seed."""
    if not callable(build_model):
        raise TypeError(f"build_model must be callable, got {type(build_model).__name__}")
    if not isinstance(train, (tuple, list)) or not train or np.ndim(train[0]) < 2:
        raise TypeError("train must be a tuple (x, y) with x of shape (n, d) or (R, n, d)")
    features = np.shape(train[0])[-1]

    def build(seed):
        keras.utils.set_random_seed(seed)
        return _built(build_model(), features)

    return build


def _built(model, features):
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
