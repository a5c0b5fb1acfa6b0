"""One program for many replicates of a Keras model: the machinery under `training`.

Weights, optimizer state and batches get a leading axis of replicates. `tf.vectorized_map` maps the
model's own `stateless_call`, loss, penalties and gradient over that axis, Keras' own optimizer
works on the stacked weights, and XLA compiles whole epochs into one program.

Two choices shaped this. The gradient is taken inside the mapped function: taken through
`tf.vectorized_map` it makes XLA treat the data as constants and compile again at each call. And all
state goes in and comes out as tensors, so that an interrupted call leaves nothing half changed.
"""

import contextlib
import ctypes
import json
import os
import random
import signal
import threading
import time
from collections import OrderedDict

import keras
import numpy as np
import tensorflow as tf
from tqdm.auto import tqdm

# One call of the compiled program runs at most this many epochs, so that a training can be
# interrupted and can show how far it is.
EPOCHS_PER_CALL = 50
SECONDS_PER_CALL = 0.3

# Bounds on memory, in numbers of 4 bytes: one layer's outputs for all replicates where no gradient
# is needed, and the row orders of one call.
OUTPUTS_AT_ONCE = 2**21
ORDERS_AT_ONCE = 2**20

# How many compiled programs are kept: each takes a second to make, and megabytes to keep.
PROGRAMS_KEPT = 12

# The allocator of Linux (glibc) raises the size from which it returns freed memory at once, to
# 32 MB, when arrays of up to that size are freed: a kernel then keeps memory that nobody uses. The
# -3 is M_MMAP_THRESHOLD of malloc.h, and set by hand it stays. Other systems have no mallopt.
with contextlib.suppress(AttributeError, OSError, TypeError):
    ctypes.CDLL(None).mallopt(-3, 2**22)

# Each shape and architecture is a program of its own here; TensorFlow takes that for a mistake and
# writes a warning of ten lines.
tf.get_logger().addFilter(lambda record: "tf.function retracing" not in record.getMessage())

# tqdm's own variable, which its notebook form does not read: a stored notebook holds no bar.
_QUIET = bool(os.environ.get("TQDM_DISABLE"))


@contextlib.contextmanager
def interrupt_later():
    """Hold an interrupt back until the block has ended; a second one goes through at once.

    TensorFlow enters and leaves a graph, a tape or a scope by generators. One that is interrupted
    on its way out stays inside, for as long as the traceback lives, and so does all later code.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield  # no interrupt comes here
        return
    noted = []

    def note(*received):
        noted.append(received)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if noted:
            before(*noted[0])


# --- where each replicate starts ------------------------------------------------------------------


def starting_variables(build, seeds, check):
    """Return a model and, for each of its variables, its initial values for all seeds.

    Building a Keras model takes about 15 ms, which for 100 replicates would be most of the time.
    Where the variables come from initializers, only the initializers are run again, each with the
    seed that it would have drawn. The last seed's model is built to see that this is so; where it
    is not, all are built.

    Parameters
    ----------
    build : callable
        Takes a seed and returns the built model of that seed.
    seeds : list of int
    check : callable
        Takes the first model, and raises if it cannot be trained here.

    Returns
    -------
    model : keras.Model
    start : list of two lists of numpy.ndarray, each of shape (R, ...)
        Values of the trainable and of the other variables.
    """
    states = random.getstate(), np.random.get_state()
    try:
        model = build(seeds[0])
        check(model)
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
    redraw = cached(
        ("initialize", *(_initializer_key(initializers[id(v)], v) for v in random_ones)),
        lambda: _redrawer([(initializers[id(v)], v.shape, v.dtype) for v in random_ones]),
    )
    with interrupt_later():
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

programs = OrderedDict()


def cached(key, make):
    """Keep the programs compiled last: a slider comes back to the same shapes again and again."""
    if key not in programs:
        programs[key] = make()
    programs.move_to_end(key)
    while len(programs) > PROGRAMS_KEPT:
        programs.popitem(last=False)
    return programs[key]


def program_for(model, data, replicates, batch_size):
    """Return the program for a model and the shapes of its data, compiled before or new."""
    shapes = tuple((name, x.shape, y.shape) for name, (x, y) in data.items())
    key = (*signature(model), shapes, replicates, batch_size)
    with interrupt_later():
        return cached(key, lambda: Program(model, shapes, replicates, batch_size))


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


def signature(model):
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


def _compact(array):
    """Return an array of equal numbers, which most optimizers start from, in the room of one."""
    first = array.flat[0]
    return np.broadcast_to(first, array.shape) if np.all(array == first) else array


def _loss_function(model):
    loss = keras.losses.get(model.loss)
    if isinstance(loss, keras.losses.Loss):
        return loss
    return lambda y, prediction: tf.reduce_mean(loss(y, prediction))


def predictor(model, batch_size):
    """Return a compiled function (trainable, other variables, x) -> predictions (R, n, k)."""
    predict = tf.function(
        lambda trainable, state, x: _inference(model, trainable, state, x, batch_size)[0],
        jit_compile=True,
        autograph=False,
    )
    return interrupt_later()(predict)


def _inference(model, trainable, state, x, most):
    """Return the predictions (R, n, k) and the penalties (R,) of x, (n, d) or (R, n, d).

    At most `most` rows are in work at a time, or fewer: the outputs of a hidden layer for all rows
    of all replicates can be a hundred times what comes out.
    """

    def forward(start, size):
        def one(weights, state, rows):
            prediction, _, penalties = model.stateless_call(
                weights, state, rows, training=False, return_losses=True
            )
            return prediction, tf.add_n([tf.zeros(()), *penalties])

        outer = len(x.shape) - 2
        rows = tf.slice(x, [0] * outer + [start, 0], [*x.shape[:outer], size, x.shape[-1]])
        if outer:
            return tf.vectorized_map(lambda a: one(*a), (trainable, state, rows), warn=False)
        return tf.vectorized_map(lambda a: one(*a, rows), (trainable, state), warn=False)

    replicates, n = trainable[0].shape[0], x.shape[-2]
    size = rows_per_block(model, replicates, n, most)
    if size == n:
        return forward(0, n)
    blocks = n // size
    predictions, penalties = tf.map_fn(
        lambda start: forward(start, size),
        tf.range(blocks) * size,
        fn_output_signature=(tf.float32, tf.float32),
    )
    predictions = tf.reshape(
        tf.transpose(predictions, (1, 0, 2, 3)), (replicates, blocks * size, -1)
    )
    penalty = tf.reduce_mean(penalties, axis=0)
    if n % size:
        last, last_penalty = forward(blocks * size, n % size)
        predictions = tf.concat([predictions, last], axis=1)
        penalty += (last_penalty - penalty) * ((n % size) / n)
    return predictions, penalty


def rows_per_block(model, replicates, rows, most):
    """Return how many rows, at most `most`, all replicates take through the model at once."""
    widest = max(v.shape[-1] for v in model.trainable_variables)
    most = int(np.clip(OUTPUTS_AT_ONCE // (replicates * widest), 1, most))
    if rows <= most:
        return rows
    # Blocks of one size need one forward pass in the program, a rest would need another.
    return next((size for size in range(most, most // 2, -1) if rows % size == 0), most)


class Program:
    """Whole epochs of R replicates, compiled once for one architecture and one set of shapes."""

    def __init__(self, model, shapes, replicates, batch_size):
        self.model, self.replicates, self.batch_size = model, replicates, batch_size
        self.own = {name: len(x) == 3 for name, x, _ in shapes}
        self.rows = {name: x[-2] for name, x, _ in shapes}
        self.loss = _loss_function(model)
        label_shape = shapes[0][2][len(shapes[0][1]) - 2 :]
        self.metrics = _metrics(model, label_shape)
        self.names = ["loss", *(m.name for m in self.metrics)]
        orders = ORDERS_AT_ONCE // (replicates * self.rows["train"])
        self.epochs_per_call = int(np.clip(orders, 1, EPOCHS_PER_CALL))
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
        rate = getattr(self.optimizer, "_learning_rate", None)
        self.rate = next((i for i, v in enumerate(self.optimizer.variables) if v is rate), None)
        self.slots = [_compact(v.numpy()) for v in self.optimizer.variables]
        self.epochs = tf.function(self._epochs, jit_compile=True, autograph=False)

    def fit(self, model, start, data, seeds, epochs, shuffle):
        """Train from `start`. Takes `data` over: its arrays become tensors.

        Returns the history, shape (epochs, splits * metrics, R), and the final values of
        ``model.trainable_variables`` and ``model.non_trainable_variables``.
        """
        variables = start[0], self._starting_slots(model), start[1]
        variables = [[tf.constant(value) for value in group] for group in variables]
        for name, split in data.items():  # in place: the arrays can be large, one copy is enough
            data[name] = tuple(map(tf.constant, split))
        strengths = [tf.constant(getattr(*slot), "float32") for slot in _strengths(model)]
        draws = [np.random.default_rng(seed) for seed in seeds]
        history, done, count = [], 0, 1
        with tqdm(total=epochs, desc="epochs", delay=2, leave=False, disable=_QUIET) as progress:
            while done < epochs:
                count = min(count, epochs - done)
                order = np.zeros((self.epochs_per_call, len(seeds), self.rows["train"]), "int32")
                order[:count] = next_orders(draws, self.rows["train"], count, shuffle)
                began = time.perf_counter()
                with interrupt_later():
                    values, variables = self.epochs(
                        tf.constant(count), tf.constant(order), strengths, variables, data
                    )
                self.optimizer = None  # traced: its variables, as many as all weights, may go
                history.append(values.numpy()[:count])
                seconds = (time.perf_counter() - began) / count
                progress.update(count)
                done += count
                count = int(np.clip(SECONDS_PER_CALL / seconds, 1, self.epochs_per_call))
        return np.concatenate(history), variables[0], variables[2]

    def _starting_slots(self, model):
        rate = model.optimizer.get_config()["learning_rate"]
        slots = list(self.slots)
        if isinstance(rate, float):  # else a schedule: part of the program
            slots[self.rate] = np.float32(rate)
        return slots

    def _epochs(self, count, order, strengths, variables, data):
        def epoch(e, variables, rows):
            values, variables = self._train(order[e], variables, data["train"])
            for name in data:
                if name != "train":
                    values += self._evaluate(variables, name, *data[name])
            return e + 1, variables, tf.tensor_scatter_nd_update(rows, [[e]], [tf.stack(values)])

        width = len(self.names) * len(data)
        rows = tf.zeros((self.epochs_per_call, width, self.replicates))
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
        weights, _, state = variables
        prediction, penalty = _inference(self.model, weights, state, x, self.rows[name])
        labels = y if self.own[name] else tf.repeat(y[None], self.replicates, axis=0)
        loss = tf.vectorized_map(lambda a: self.loss(*a), (labels, prediction), warn=False)
        return [loss + penalty, *self._results(self._tally(self._tallies(), labels, prediction))]

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
            warn=False,
        )

    def _results(self, tallies):
        if not self.metrics:
            return []
        return tf.vectorized_map(
            lambda a: [m.stateless_result(t) for m, t in zip(self.metrics, a, strict=True)],
            tallies,
            warn=False,
        )


def next_orders(draws, rows, epochs, shuffle):
    """Draw the row orders of the next epochs from one generator per replicate."""
    order = np.broadcast_to(np.arange(rows, dtype="int32"), (epochs, rows))
    if shuffle:
        return np.stack([draw.permuted(order, axis=1) for draw in draws], axis=1)
    return np.repeat(order[:, None], len(draws), axis=1)
