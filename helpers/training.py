"""Train many replicates of one Keras model as a single batched program.

`fit_replicas` does what a loop over `model.fit` would do, once per seed, but all seeds at once. The
model, the loss, the optimizer and the metrics are Keras' own; only the loop is ours. This module
holds what a notebook calls and what is checked; the compiled program itself stands in `batched`,
a sibling that is imported from here alone.
"""

import html
import inspect
import weakref

import keras
import numpy as np
import pandas as pd
from tensorflow.python.eager.record import VariableWatcher

from helpers import batched, checks

_MOST_EPOCHS = 1_000_000
_MOST_ORDERED = 100_000_000  # 0.4 GB
_FLOAT32 = {"low": -1e38, "high": 1e38}

_refuse = batched.refuse

_REMEDIES = {
    "callbacks": "read early stopping off the result with runs.early_stopping",
    "validation_data": "pass it as `validation`",
    "validation_split": "split before, and pass the second part as `validation`",
    "class_weight": "train with model.fit",
    "sample_weight": "train with model.fit",
}


class Runs:
    """The runs of an experiment: their histories and their final weights. Made by `fit_replicas`.

    ``runs["test", "accuracy"]`` is the array of shape (R, epochs) of one metric on one split, one
    row per run in the order of `seeds`, one column per epoch. ``loss`` and the model's own metrics
    are what the history of ``model.fit`` holds: for the training rows the running mean over the
    batches of the epoch, for the others the value after it.

    Attributes
    ----------
    seeds : tuple of int, length R
    epochs : int
    splits, metrics : tuple of str
    weights : list of numpy.ndarray, each of shape (R, ...)
        In the order of ``model.get_weights()``.
    """

    def __init__(self, build, model, kind, batch, seeds, curves, values):
        self.seeds = tuple(seeds)
        by_variable = {id(v): value for v, value in zip(model.variables, values, strict=True)}
        self.weights = [by_variable[id(v)] for v in model.weights]
        self.epochs = next(iter(curves.values())).shape[1]
        self.splits, self.metrics = (
            tuple(dict.fromkeys(names)) for names in zip(*curves, strict=True)
        )
        self._build, self._model, self._kind, self._batch = build, model, kind, batch
        self._curves, self._values = curves, values
        self._predictors = {}

    def __getitem__(self, key):
        """Return one metric of one split, shape (R, epochs)."""
        if key not in self._curves:
            raise KeyError(
                f"runs[split, metric] has the splits {', '.join(self.splits)} and the metrics "
                f"{', '.join(self.metrics)}, got {checks.short(key)}"
            )
        return self._curves[key]

    def predict(self, x, batch_size=32):
        """Predict with the final weights of every run.

        Parameters
        ----------
        x : array-like, shape (n, ...) or (R, n, ...)
            The same rows for all runs, or rows of its own for each.
        batch_size : int, default 32
            Rows predicted at a time, at most, as in ``model.predict``.

        Returns
        -------
        numpy.ndarray, shape (R, n, ...)
            The outputs of the model, in inference mode (no dropout).

        Raises
        ------
        TypeError, ValueError
            `x` does not have the shape of the model's rows, or holds no finite numbers.
        """
        batch_size = checks.whole("batch_size", batch_size)
        row = _row_shape(self._model)
        x = checks.numbers("x", x, ("n", *row), (len(self.seeds), "n", *row), **_FLOAT32)
        described, *_ = self._kind
        _check_rows({"x": x}, self._model, described)
        own = x.ndim > len(row) + 1
        if described:
            key = "predict", described, len(self.seeds), own
            program = batched.cached(key, lambda: batched.predictor(self._model, own))
        else:  # nobody else can use it
            program = self._predictors.setdefault(own, batched.predictor(self._model, own))
        blocks = np.split(_as_keras(x), range(batch_size, x.shape[own], batch_size), axis=int(own))
        values = [keras.ops.convert_to_tensor(value) for value in self._values]
        found = [program(values, block).numpy() for block in blocks]
        return np.concatenate(found, axis=1)

    def model(self, seed):
        """Return a Keras model with the final weights of one run.

        Parameters
        ----------
        seed : int
            One of `seeds`.

        Returns
        -------
        keras.Model
            Compiled, for ``predict``, ``evaluate`` or ``save``. Its optimizer has taken no step.

        Raises
        ------
        ValueError
            `seed` is none of `seeds`, or `build_model` now returns another model.
        """
        place = self.seeds.index(checks.one_of("seed", seed, self.seeds))
        with batched.random_states_kept():
            model = self._build(seed)
            if _kind([model], self._batch) != self._kind:
                raise ValueError(
                    "build_model must return the model that was trained, and now it returns "
                    "another one: does it read a variable that has changed since?"
                )
        model.set_weights([values[place] for values in self.weights])
        return model

    def early_stopping(self, *, patience, split="validation", metric="loss", mode="min", **options):
        """Say where `keras.callbacks.EarlyStopping` would have stopped each run.

        Parameters
        ----------
        patience : int
        split, metric : str, default "validation" and "loss"
            The monitored quantity.
        mode : {"min", "max"}, default "min"
        **options
            ``min_delta`` and ``start_from_epoch``, as for `training.early_stopping`.

        Returns
        -------
        stopped, best : numpy.ndarray of int, shape (R,)
            The last epoch trained, and the epoch whose weights would be restored, from 1.
        """
        return early_stopping(self[split, metric], patience=patience, mode=mode, **options)

    def to_frame(self):
        """Return the histories as a tidy table.

        Returns
        -------
        pandas.DataFrame
            Columns ``seed, epoch, split, metric, value``, one value a row. Epochs count from 1.
        """
        index = pd.MultiIndex.from_product(
            [self.seeds, range(1, self.epochs + 1)], names=["seed", "epoch"]
        )
        columns = pd.MultiIndex.from_tuples(self._curves, names=["split", "metric"])
        wide = np.stack([values.ravel() for values in self._curves.values()], axis=1)
        table = pd.DataFrame(wide, index, columns).stack(["split", "metric"], future_stack=True)
        return table.rename("value").reset_index()

    def __repr__(self):
        """Return what was trained, and the last epoch's means."""
        return "\n".join([self._title(), *(f"{name}: {mean}" for name, mean in self._means())])

    def _repr_html_(self):
        rows = "".join(f"<tr><td>{html.escape(n)}</td><td>{m}</td></tr>" for n, m in self._means())
        head = "<tr><th>split, metric</th><th>mean at the last epoch</th></tr>"
        return f"<p>{self._title()}</p><table>{head}{rows}</table>"

    def _title(self):
        return f"{len(self.seeds)} runs of {self.epochs} epochs"

    def _means(self):
        return [(", ".join(k), f"{v[:, -1].mean():.3f}") for k, v in self._curves.items()]


def fit_replicas(
    build_model,
    train,
    validation=None,
    *,
    epochs,
    seeds,
    batch_size=32,
    test=None,
    test_freq=1,
    shuffle=True,
    **unsupported,
):
    """Train one replicate of a compiled Keras model per seed, all in one batched program.

    Replicate ``seed`` starts from the weights that ``build_model()`` has after
    ``keras.utils.set_random_seed(seed)``, sees the batches of ``batch_orders([seed], ...)`` and
    draws its own dropout masks, so a replicate does not depend on which others run beside it. It
    equals what ``model.fit`` does on these batches; what cannot is refused by name.

    Parameters
    ----------
    build_model : callable
        Takes no argument and returns a new, compiled `keras.Model` with one input and one output.
        What it returns may depend on the global seed alone.
    train, validation, test : tuple (x, y)
        ``x`` of shape (n, ...) and ``y`` of shape (n,) or (n, k), shared by all replicates; or one
        draw per replicate, ``x`` of shape (R, n, ...) and ``y`` of shape (R, n) or (R, n, k).
        `validation` and `test` may be None.
    epochs : int
        Number of epochs, from 1 to 1,000,000; times R at most 10,000,000.
    seeds : sequence of int
        One seed per replicate, R in all, without repetition, each below 2**32.
    batch_size : int, default 32
        Rows per gradient step; the last batch of an epoch may be smaller.
    test_freq : int, default 1
        Evaluate the test rows after every so many epochs and after the last, as `validation_freq`
        of ``model.fit`` does for the validation rows. Their values between are NaN. Thousands of
        fresh rows take longer to evaluate than a small training set takes to train.
    shuffle : bool, default True
        Whether each epoch sees the rows in a new order.

    Returns
    -------
    Runs

    Raises
    ------
    TypeError, ValueError
        An argument has the wrong type, shape or value, or the model uses something that a batched
        program cannot honour. The message names it and says what is allowed.

    Notes
    -----
    The first call of a given architecture and shape compiles for about a second; later ones do
    not, also with other data, seeds, numbers of epochs, learning rates and L1 or L2 strengths. A
    model with code of the learner's own (a layer, a loss, a `Lambda`) is compiled at each call.
    Python's and NumPy's global random states are as before afterwards; Keras' is not.

    Of a run whose loss is NaN the metrics are NaN too. ``model.fit`` counts a prediction of NaN as
    this or that class.

    A layer with a seed of its own, ``Dropout(0.5, seed=5)``, draws the same masks in every
    replicate, as it would in a loop over ``model.fit``: such runs are not independent.

    A training can be interrupted about three times a second. While a model is built or compiled, a
    first interrupt waits until that is done; a second one does not wait, and may leave TensorFlow
    unusable until the kernel is restarted.
    """
    for name in unsupported:
        remedy = f": {_REMEDIES[name]}" if name in _REMEDIES else "; it takes no such argument"
        raise TypeError(f"fit_replicas cannot honour {name}={remedy}")
    checks.function("build_model", build_model, 0)
    epochs = checks.whole("epochs", epochs, most=_MOST_EPOCHS)
    seeds = checks.seeds(seeds, distinct=True)
    checks.whole("epochs times seeds", epochs * len(seeds))
    batch_size = checks.whole("batch_size", batch_size)
    test_freq = checks.whole("test_freq", test_freq)
    shuffle = checks.flag("shuffle", shuffle)
    splits = {"train": train, "validation": validation, "test": test}
    splits = {k: _pair(k, v) for k, v in splits.items() if v is not None or k == "train"}
    build = _builder(build_model, _row_of(*splits["train"], len(seeds)))
    with batched.random_states_kept():
        with VariableWatcher() as watcher:
            model = build(seeds[0])
        _check_model(model)
        data = {name: _split(name, *v, len(seeds), model) for name, v in splits.items()}
        start, models = batched.starting_values(build, model, seeds, watcher.watched_variables())
        batch = batched.first_batch(batch_size, *data["train"])
        described, *_ = kind = _kind(models, batch)  # before a model is called: that changes it
        _check_rows({f"{name} x": x for name, (_, x, _) in data.items()}, model, described)
        if not described:
            for name, split in data.items():
                _check_own_labels(f"{name} y", *split, model)
    program = batched.program_for(model, described, data, len(seeds), batch_size)
    history, values = program.fit(model, start, data, seeds, epochs, shuffle, test_freq)
    columns = [(split, name) for split in data for name in program.step.names]
    curves = {key: np.ascontiguousarray(history[..., i].T) for i, key in enumerate(columns)}
    return Runs(build, models[-1], kind, batch, seeds, curves, values)


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
    """
    seeds = checks.seeds(seeds, distinct=True)
    rows = checks.whole("rows", rows)
    epochs = checks.whole("epochs", epochs, most=_MOST_EPOCHS)
    shuffle = checks.flag("shuffle", shuffle)
    checks.whole("seeds times rows times epochs", len(seeds) * rows * epochs, most=_MOST_ORDERED)
    return batched.next_orders(batched.order_generators(seeds), rows, epochs, shuffle)


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


def _pair(name, split):
    if not isinstance(split, (tuple, list)) or len(split) != 2:
        raise TypeError(f"{name} must be a tuple (x, y), got {checks.short(split)}")
    return tuple(
        checks.numbers(f"{name} {part}", values, ("n", ...), **_FLOAT32)
        for part, values in zip("xy", split, strict=True)
    )


def _split(name, x, y, replicates, model):
    """Return (own, x, y): whether each replicate has rows of its own, and the rows."""
    row, outputs = _row_shape(model), model.output_shape[1:]
    checks.shaped(f"{name} x", x, ("n", *row), (replicates, "n", *row))
    own = x.ndim > len(row) + 1
    rows = x.shape[: 1 + own]
    checks.shaped(f"{name} y", y, rows, (*rows, 1), (*rows, *outputs))
    _check_labels(f"{name} y", y, model)
    return own, _as_keras(x), _as_keras(y)


def _check_rows(rows, model, described):
    """Refuse rows, by name, for which `model.fit` raises an error and XLA does not."""
    for name, x in rows.items() if not described or batched.may_index(model) else ():
        problem = batched.problem_of(model, x.reshape(-1, *_row_shape(model)))
        if problem:
            raise ValueError(f"{name} must be rows that the model can take, but {problem}")


def _check_labels(name, y, model):
    """Refuse a class that is none, for which XLA gives NaN where `model.fit` raises an error."""
    classes = model.output_shape[-1] if len(model.output_shape) > 1 else 1
    metrics = keras.tree.flatten(model._compile_config.config.get("metrics") or [])
    for one in (model.loss, *metrics):
        if one in ("crossentropy", "ce"):  # Keras chooses by the shapes
            sparse = classes > 1 and y.shape[-1] != classes
        else:
            function = getattr(one, "fn", getattr(one, "_fn", one))
            kind = one if isinstance(one, str) else getattr(function, "__name__", "")
            sparse = kind.lower().replace("_", "") == "sparsecategoricalcrossentropy"
        kept = y[y != getattr(one, "ignore_class", None)] if sparse else y[:0]
        if kept.size and not 0 <= kept.min() <= kept.max() < classes:
            raise ValueError(
                f"{name} must be from 0 to {classes - 1}, for the model has {classes} outputs, got "
                f"{kept.min()} to {kept.max()}"
            )


def _check_own_labels(name, own, x, y, model):
    """Refuse labels for which a loss or a metric of the learner's raises an error."""
    x, y = (np.concatenate(array) if own else array for array in (x, y))
    problem = batched.problem_of_labels(model, x, y)
    if problem:
        raise ValueError(f"{name} must be labels that the model can take, but {problem}")


def _as_keras(values):
    """Give floats the type that `model.fit` gives them, and leave whole numbers as they are."""
    return np.asarray(values, "float32" if values.dtype.kind == "f" else None)


def _row_shape(model):
    return tuple(model.input_shape[1:])


def _row_of(x, y, replicates):
    """Return the shape of a row, which a model without an Input does not tell."""
    own = x.ndim > 2 and x.shape[:2] == y.shape[:2] and len(x) == replicates
    return x.shape[1 + own :]


def _builder(build_model, row):
    """Return a function that builds the model of a seed, and refuses parts of an earlier one."""
    seen = weakref.WeakValueDictionary()

    @batched.interrupt_later()
    def build(seed):
        keras.utils.set_random_seed(seed)
        with batched.numbered_anew():
            model = build_model()
            if not isinstance(model, keras.Model):
                raise TypeError(
                    f"build_model must return a keras.Model, got {type(model).__name__}"
                )
            if not model.compiled:
                raise ValueError(
                    "build_model must return a compiled model: call model.compile in it"
                )
            if not model.built:
                model.build((None, *row))
        held = *model.variables, model.optimizer, *batched.metric_objects(model)
        parts = {id(part): part for part in (model, *held) if part is not None}
        if seen.keys() & parts.keys():
            raise ValueError(
                "build_model must return a new model at each call, with new layers, metrics and "
                "optimizer"
            )
        seen.update(parts)
        return model

    return build


_GLOBALS = {"max_epochs": None, "max_steps_per_epoch": None, "floatx": "float32"}

# What decides how Keras trains. A model that overrides one of these trains in its own way.
_OWN_WAYS = {
    name
    for kind in keras.Model.__mro__
    if kind.__name__.endswith("Trainer")
    for name in vars(kind)
    if not name.startswith("__")
} | {"metrics", "losses", "add_loss", "trainable_variables", "variables", "__call__"}


# The last one: of equal maxima XLA gives the gradient to one, Keras on a CPU to all.
_REFUSED = keras.layers.Masking, keras.layers.SpectralNormalization, keras.layers.MaxPooling3D


def _check_model(model):
    """Refuse by name what a batched program cannot honour."""
    for kind in type(model).__mro__:
        if kind.__module__.split(".")[0] == "keras":
            break
        for name in _OWN_WAYS & vars(kind).keys():
            _refuse(f"the model's own {name}")
    for name in vars(model):  # a method replaced on the object
        if name in _OWN_WAYS - {"loss"} and inspect.isfunction(getattr(keras.Model, name, None)):
            _refuse(f"the model's own {name}")
    for end in ("input_shape", "output_shape"):
        shape = getattr(model, end, None)
        if (
            not isinstance(shape, tuple)
            or isinstance(getattr(model, "_outputs_struct", None), dict)
            or None in shape[1:]
            or isinstance(shape[0], tuple)
        ):
            raise ValueError(
                "build_model must return a Sequential or functional model with one input and one "
                "output, whose shapes are known but for the number of rows, got "
                f"{type(model).__name__} with {end} {shape}"
            )
    config = model._compile_config.config
    for option in ("loss_weights", "weighted_metrics"):
        if config.get(option):
            _refuse(f"{option}={config[option]!r}")
    if model.run_eagerly:  # also set after compile
        _refuse("run_eagerly=True")
    if model._distribute_strategy:
        _refuse("a strategy of tf.distribute")
    if not isinstance(model.loss, (str, keras.losses.Loss)) and not callable(model.loss):
        raise ValueError(f"loss must be one loss, by name or as an object, got {model.loss!r}")
    if isinstance(config.get("metrics"), dict):
        raise ValueError(f"metrics must be a list, got {config['metrics']!r}")
    for metric in filter(inspect.isclass, keras.tree.flatten(config.get("metrics"))):
        raise ValueError(f"metrics must be names and objects, got the class {metric.__name__}")
    for setting, usual in _GLOBALS.items():
        if getattr(keras.config, setting)() != usual:
            _refuse(f"keras.config.{setting}() = {getattr(keras.config, setting)()}")
    for layer in batched.layers_of(model):
        policy = layer.dtype_policy.name
        if policy != "float32":
            _refuse(f"the dtype policy {policy} of {layer.name}: float32 is allowed")
        if getattr(layer, "stateful", False):
            _refuse(f"stateful=True of {layer.name}")
        if isinstance(layer, keras.layers.RNN) and not layer.unroll:
            _refuse(f"{type(layer).__name__} {layer.name} without unroll=True")
        for kind in _REFUSED:
            if isinstance(layer, kind):
                _refuse(f"the layer {kind.__name__}")
    for v in model.trainable_variables:
        if v.dtype != "float32":
            _refuse(f"the {v.dtype} of {v.path}: float32 is allowed")


def _check_optimizer(optimizer):
    name = type(optimizer).__name__
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        _refuse(f"the optimizer {optimizer!r}")
    parts = keras.tree.flatten(
        [list(v) if isinstance(v, list) else v for v in vars(optimizer).values()]
    )
    if any(isinstance(part, keras.optimizers.Optimizer) for part in parts):
        _refuse(f"the optimizer {name}, which is made of others")
    for kind in type(optimizer).__mro__:
        if "finalize_variable_values" in vars(kind) and kind.__name__ != "BaseOptimizer":
            _refuse(f"the optimizer {name}, which changes the weights at the end of a training")
    for option in ("use_ema", "gradient_accumulation_steps"):
        if getattr(optimizer, option, None):
            _refuse(f"{option}={getattr(optimizer, option)!r} of the optimizer {name}")
    if optimizer.built or int(optimizer.iterations):
        _refuse("an optimizer that is built, or has taken steps, in build_model")


def _kind(models, batch):
    """Describe what models compute; refuse some that differ in more than their variables' values.

    Returns
    -------
    described : str or None
        None if only a trace tells what is computed.
    settings : tuple of float
    traced : tuple or None
    """
    for model in models:
        _check_optimizer(model.optimizer)
    kinds = {(batched.description(one), tuple(batched.settings(one))) for one in models}
    if len(kinds) > 1:
        raise ValueError(
            "build_model must return the same architecture, optimizer and penalties for every seed"
        )
    described, settings = kinds.pop()
    return described, settings, None if described else batched.check_step(models, *batch)
