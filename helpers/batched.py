"""One program for many replicates of a Keras model: the machinery under `training`.

`tf.vectorized_map` maps Keras' own training step over the replicates: forward pass, loss,
penalties, gradient, optimizer and metrics, all on values that a
`keras.StatelessScope` lends to the model's variables. XLA compiles whole epochs into one program.

All state goes in and comes out as tensors, so that an interrupted call leaves nothing half changed.
What the map cannot carry is refused here or in `training`, by name.
"""

import collections
import contextlib
import ctypes
import gc
import hashlib
import inspect
import itertools
import json
import os
import random
import re
import signal
import threading
import time

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from tensorflow.python.eager import context
from tqdm.auto import tqdm

# One call of the compiled program runs at most this many epochs, so that a training can be
# interrupted and can show how far it is.
EPOCHS_PER_CALL = 50
SECONDS_PER_CALL = 0.3

# A bound on memory: the row orders of one call, in numbers of 4 bytes.
ORDERS_AT_ONCE = 2**20

# Another one: the rows that are tried without XLA.
ROWS_AT_ONCE = 2**12

# How many compiled programs are kept: each takes a second to make, and megabytes to keep.
PROGRAMS_KEPT = 12

# The allocator of Linux (glibc) raises the size from which it returns freed memory at once, to
# 32 MB, when arrays of up to that size are freed: a kernel then keeps memory that nobody uses. The
# -3 is M_MMAP_THRESHOLD of malloc.h, and set by hand it stays. Other systems have no mallopt.
_GLIBC = None
with contextlib.suppress(AttributeError, OSError, TypeError):
    _GLIBC = ctypes.CDLL(None)
    _GLIBC.mallopt(-3, 2**22)


# What the imports made stays: 400,000 objects that no collection needs to look at again.
gc.freeze()


def give_back():
    """Return free memory to the system: the compiler leaves 50 to 80 MB, drawing some more."""
    with contextlib.suppress(AttributeError):
        _GLIBC.malloc_trim(0)


# Each shape and architecture is a program of its own here; TensorFlow takes that for a mistake and
# writes a warning of ten lines. Another one says which gradients are mapped one by one.
_EXPECTED = re.compile("tf.function retracing|uses a while_loop. Fix that")
tf.get_logger().addFilter(lambda record: not _EXPECTED.search(record.getMessage()))

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


class NotMappableError(ValueError):
    """What `model.fit` would do cannot be done for many replicates in one program."""


def refuse(what, instead="train with model.fit"):
    """Say what `fit_replicas` cannot do as `model.fit` does it, and what to do instead."""
    raise NotMappableError(f"fit_replicas cannot honour {what}; {instead}")


# --- where each replicate starts ------------------------------------------------------------------


@contextlib.contextmanager
def numbered_anew():
    """Let Keras number its automatic names from the start: equal models get equal names.

    Names stand in the graph. The same name each time lets a program be found again.
    """
    before = global_state.get_global_attribute("object_name_uids")
    global_state.set_global_attribute("object_name_uids", collections.defaultdict(int))
    try:
        yield
    finally:
        global_state.set_global_attribute("object_name_uids", before)


@contextlib.contextmanager
def random_states_kept():
    """Leave the global random generators of Python and NumPy as they were."""
    states = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])


def starting_values(build, model, seeds, read):
    """Return the initial values of the model's variables for all seeds.

    Building a Keras model takes about 15 ms, which for 100 replicates would be most of the time.
    Where the variables come from initializers, only these are run again, each with the seed that it
    would have drawn. The last seed's model is built to see that this is so. Where it is not, or
    where building drew other random numbers too, or `read` a weight, all are built.

    Returns
    -------
    values : list of numpy.ndarray, each of shape (R, ...), in the order of ``model.variables``
    models : list of keras.Model
        Those that were built by ``build(seed)``, from `model`, of the first seed, to the last.
    """
    if len(seeds) == 1:
        return [np.asarray(v)[None] for v in model.variables], [model]
    states = _states()
    drawn, count = _redrawn_variables(model, seeds)
    alone = not read and states == _states_after(seeds[0], count)
    last = build(seeds[-1])
    built = [np.asarray(v) for v in last.variables]
    if (
        alone
        and len(built) == len(drawn)
        and all(np.array_equal(a[-1], b) for a, b in zip(drawn, built, strict=True))
    ):
        return drawn, [model, last]
    models = [model, *map(build, seeds[1:-1]), last]
    values = [[np.asarray(v) for v in one.variables] for one in models]
    if any([v.shape for v in found] != [v.shape for v in values[0]] for found in values):
        raise NotMappableError("build_model must return the same architecture for every seed")
    again = build(seeds[0]).variables
    if not all(np.array_equal(a, v) for a, v in zip(again, values[0], strict=True)):
        raise NotMappableError("build_model must return the same model for the same seed")
    return [np.stack(group) for group in zip(*values, strict=True)], models


def _states():
    """Return the states of the global generators from which building a model may draw."""
    return random.getstate(), context.context()._rng.getstate(), _state_of(np.random)


def _states_after(seed, count):
    """Return the states where, since the seed was set, Keras alone drew, and `count` seeds."""
    python = random.Random(seed)
    for _ in range(count):
        python.randint(1, int(1e9))
    numpy = np.random.RandomState(seed)
    return python.getstate(), random.Random(seed).getstate(), _state_of(numpy)


def _state_of(numpy):
    return [np.asarray(part).tolist() for part in numpy.get_state()]


def _redrawn_variables(model, seeds):
    """Return the variables' values for all seeds, and how many seeds Keras drew for them."""
    # Keras takes the seed of each initializer and of each SeedGenerator from Python's generator.
    most = 8 * len(model.variables) + 8
    draws = np.array([_drawn_seeds(seed, most) for seed in seeds])
    place = {seed: i for i, seed in enumerate(draws[0].tolist())}

    initializers = {}
    for layer in layers_of(model):
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
    result, used = [], set(columns)
    for v in model.variables:
        value = values.get(id(v))
        if value is None:
            value = np.repeat(np.asarray(v)[None], len(seeds), axis=0)
            if v.name == "seed_generator_state" and int(value[0, 0]) in place:
                used.add(place[int(value[0, 0])])
                value[:, 0] = draws[:, place[int(value[0, 0])]]
        result.append(np.asarray(value))
    return result, len(used)


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

programs = collections.OrderedDict()


def cached(key, make):
    """Keep the programs compiled last: a slider comes back to the same shapes again and again.

    Without a key the program is made anew.
    """
    if key is None:
        return make()
    if key not in programs:
        programs[key] = make()
    programs.move_to_end(key)
    while len(programs) > PROGRAMS_KEPT:
        programs.popitem(last=False)
    return programs[key]


def compiled(function):
    """Return `function` compiled by XLA at the first call with arguments of new shapes.

    TensorFlow keeps the graph that it has traced, for gradients and for other shapes. To run, it
    needs its own copy alone: the graph goes before XLA wants as much memory.
    """
    runs = {}

    def call(*arguments):
        arguments = tf.nest.map_structure(tf.convert_to_tensor, arguments)
        shapes = tuple((*part.shape, part.dtype) for part in tf.nest.flatten(arguments))
        if shapes in runs:
            return runs[shapes](*arguments)
        traced = tf.function(function, jit_compile=True, autograph=False)
        traced = traced.get_concrete_function(*arguments)
        kept, captured = traced.inference_fn, traced.captured_inputs
        parts = [kept]
        for part in parts:
            part._cached_graph = None
            parts += part.children
        del traced, parts
        gc.collect()
        give_back()
        found = kept.call_with_captures(arguments, {}, captured)
        give_back()
        runs[shapes] = lambda *arguments: kept.call_with_captures(arguments, {}, captured)
        return found

    return call


def program_for(model, described, data, replicates, batch_size):
    """Return the program for a model and the shapes of its data, compiled before or new."""
    shapes = tuple(
        (name, own, tuple((part.shape, str(part.dtype)) for part in parts))
        for name, (own, *parts) in data.items()
    )
    key = described and (described, shapes, replicates, batch_size)
    with interrupt_later():
        return cached(key, lambda: Program(model, data, replicates, batch_size))


def _penalties(model):
    """Return the distinct regularizers, and which of them each variable and each layer has."""
    found = [v.regularizer for v in model.trainable_variables]
    found += [layer.activity_regularizer for layer in layers_of(model)]
    distinct = {id(r): r for r in found if r is not None}
    return list(distinct.values()), [r and list(distinct).index(id(r)) for r in found]


def _strengths(model):
    """Return (regularizer, attribute) of every L1 or L2 strength: inputs of the program."""
    return [
        (penalty, name)
        for penalty in _penalties(model)[0]
        if type(penalty) in (keras.regularizers.L1, keras.regularizers.L2)
        for name in ("l1", "l2")
        if hasattr(penalty, name)
    ]


@contextlib.contextmanager
def _with_strengths(model, values):
    slots = _strengths(model)
    before = [getattr(*slot) for slot in slots]

    def put(values):
        for slot, value in zip(slots, values, strict=True):
            setattr(*slot, value)

    try:
        put(values)
        yield
    finally:
        put(before)


def settings(model):
    """Return the numbers that a program takes as inputs: the learning rate and the strengths."""
    rate = getattr(model.optimizer, "_learning_rate", None)
    rate = float(np.asarray(rate)) if isinstance(rate, keras.Variable) else None
    return [rate, *(float(np.asarray(getattr(*slot))) for slot in _strengths(model))]


def layers_of(model):
    """Return the model's layers, those inside other layers too."""
    return model._flatten_layers(include_self=False)


def operations_of(model):
    """Return the layers and operations in the graph of a model and of the models inside."""
    return [op for one in (model, *layers_of(model)) for op in getattr(one, "operations", ())]


def _parts(model):
    """Return what computes: layers and operations, penalties, optimizer, loss and metrics."""
    options = model._compile_config.config
    parts = [model, model.optimizer, *layers_of(model), *operations_of(model)]
    nodes = [node for one in operations_of(model) for node in one._inbound_nodes]
    given = keras.tree.flatten([[n.arguments.args, n.arguments.kwargs] for n in nodes])
    parts += [one for one in given if callable(one)]  # a branch of ops.switch
    parts += [one for v in model.trainable_variables for one in (v.regularizer, v.constraint)]
    return parts + keras.tree.flatten([options.get("loss"), options.get("metrics")])


def metric_objects(model):
    """Return the metrics that were passed as objects."""
    found = keras.tree.flatten(model._compile_config.config.get("metrics") or [])
    return [metric for metric in found if isinstance(metric, keras.metrics.Metric)]


def is_plain(model):
    """Tell whether all that is computed is Keras' own and said by the model's configuration.

    A function or a class of the learner's own may be redefined, or read a global that changes.
    `Normalization` and its kin keep what they adapted to outside of the configuration.
    """
    if any(
        isinstance(one, keras.layers.Lambda) or hasattr(one, "adapt") for one in layers_of(model)
    ):
        return False
    parts = _parts(model)
    kept = [value for part in parts for value in getattr(part, "__dict__", {}).values()]
    parts += [value for value in kept if callable(value) and not isinstance(value, tf.Module)]
    return all(part is None or isinstance(part, str) or _is_keras(part) for part in parts)


def _plain_data(part):
    """Return the numbers and texts that an object holds: not all stand in its configuration."""
    held = getattr(part, "__dict__", {})
    found = {
        name: value
        for name, value in held.items()
        if _is_plain_data(value) and name not in ("_called", "seed")  # calling sets the first
    }
    return [type(part).__name__, found, held.get("_fn_kwargs")]


def _is_plain_data(value):
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain_data, value))
    return isinstance(value, (bool, int, float, str, type(None)))


def _is_keras(part):
    kind = part if inspect.isroutine(part) or inspect.isclass(part) else type(part)
    return getattr(kind, "__module__", "").split(".")[0] == "keras"


def description(model):
    """Describe the computation, less what the program takes as an input; None if that is unsafe."""
    if not is_plain(model):
        return None
    try:
        with _with_strengths(model, [0.0] * len(_strengths(model))):
            described = json.loads(model.to_json(), object_hook=_without_seed)
            data = [_plain_data(part) for part in _parts(model)]
        described.pop("compile_config", None)
        compiled = json.loads(json.dumps(model.get_compile_config(), default=repr))
        optimizer = keras.optimizers.serialize(model.optimizer)  # it may have been replaced
    except (NotImplementedError, TypeError, ValueError):
        return None
    if isinstance(optimizer["config"]["learning_rate"], float):
        optimizer["config"]["learning_rate"] = None
    compiled["optimizer"] = optimizer
    decayed = [model.optimizer._use_weight_decay(v._value) for v in model.trainable_variables]
    place = {id(v): i for i, v in enumerate(model.variables)}
    held = [
        [(name, place.get(id(v))) for name, v in vars(layer).items() if id(v) in place]
        for layer in layers_of(model)
    ]
    settings = keras.config.epsilon(), keras.config.floatx(), keras.config.image_data_format()
    parts = described, compiled, decayed, held, data, _penalties(model)[1], settings
    return json.dumps(parts, default=repr)


def _without_seed(config):
    """Leave out a seed: it decides where variables start. `RandomCrop` draws one if given none."""
    return {name: value for name, value in config.items() if name != "seed"}


_TENSORFLOW, _KERAS = (
    next(c for c in keras.optimizers.Optimizer.__mro__ if c.__name__ == name)
    for name in ("TFOptimizer", "BaseOptimizer")
)


class _Stateless(_TENSORFLOW):
    """Keras' own methods where TensorFlow's, made for tf.distribute, want a tf.Variable."""

    assign = _KERAS.assign
    assign_add = _KERAS.assign_add
    assign_sub = _KERAS.assign_sub
    _apply_weight_decay = _KERAS._apply_weight_decay
    _backend_update_step = _KERAS._backend_update_step

    def _var_key(self, variable):
        return getattr(variable, "_value", variable)._unique_id

    def _use_weight_decay(self, variable):
        # Patterns of names are matched with the name of the tf.Variable.
        return _KERAS._use_weight_decay(self, getattr(variable, "_value", variable))


def _make_stateless(optimizer):
    """Put `_Stateless` before TensorFlow's version and behind the optimizer's own methods."""
    kind = type(optimizer)
    if not issubclass(kind, _Stateless):
        kept = {"__module__": kind.__module__}  # it still is Keras' own, or is not
        optimizer.__class__ = type(kind.__name__, (kind, _Stateless), kept)


class _Scope(keras.StatelessScope):
    """Lends values to variables. No gradient flows through a write, as with TensorFlow's own."""

    def add_update(self, update):
        super().add_update((update[0], tf.stop_gradient(update[1])))


def _refuse_changes():
    refuse("a layer that changes a variable when the model is evaluated or predicts")


class Step:
    """What one replicate does with one batch: Keras' own step, on values that are passed in.

    The model is built and compiled; its optimizer is changed for good. Of x and y, a batch, the
    shapes and types count.
    """

    def __init__(self, model, x, y):
        self.model = model
        _make_stateless(model.optimizer)
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        model._symbolic_build(data_batch=(x, y))
        model.reset_metrics()
        self.metrics = list(model.metrics_variables)
        tallies = {id(v) for v in self.metrics}
        self.weights = [v for v in model.variables if id(v) not in tallies]
        self.variables = [*self.weights, *model.optimizer.variables]
        # Equal for all replicates. Without an axis of replicates, what hangs on them (a schedule
        # has a condition) needs no map. An optimizer of the learner's own may do as it likes.
        common = {id(model.optimizer.iterations), id(getattr(model.optimizer, "_learning_rate", 0))}
        plain = _is_keras(model.optimizer)
        self.common = {i for i, v in enumerate(self.variables) if plain and id(v) in common}
        self.start = [np.asarray(v) for v in model.optimizer.variables]
        weights = [np.asarray(v) for v in model.trainable_variables]
        if any(w.any() and np.array_equal(w, v) for w in weights for v in self.start):
            name = type(model.optimizer).__name__
            refuse(f"the optimizer {name}, whose state starts from the weights of one seed")
        self.zeros = [np.asarray(v) for v in self.metrics]
        used = [(v, tf.ones_like(v.value)) for v in self.metrics]
        with keras.StatelessScope(state_mapping=used) as scope:
            model.reset_metrics()
        again = [np.asarray(scope.get_current_value(v)) for v in self.metrics]
        if not all(map(np.array_equal, self.zeros, again)):
            refuse("a metric whose reset_state does not bring it back to where it began")
        found = model.get_metrics_result()
        for name, value in found.items():
            if np.ndim(value):
                shape = tuple(np.shape(value))
                refuse(f"the metric {name}, whose values have shape {shape}: one number is allowed")
        self.names = list(found)

    def train(self, values, tallies, x, y):
        """Return the values, without the common ones, and the tallies after a step on a batch."""
        model, trained = self.model, self.model.trainable_variables
        with self._scope(values, tallies) as scope:
            weights = [v.value for v in trained]
            with tf.GradientTape() as tape:
                tape.watch(weights)
                loss, batch = self._forward(x, y, training=True)
                loss = model.optimizer.scale_loss(loss)
            if any(v.value is not w for v, w in zip(trained, weights, strict=True)):
                refuse("a layer, loss or metric that writes a trained weight")
            if weights:
                gradients = tape.gradient(loss, weights)
                model.optimizer.apply_gradients(zip(gradients, trained, strict=True))
            model.compute_metrics(**batch)  # behind the update: a metric may read the weights
        after = self._read(scope, self.variables)
        rate = getattr(model.optimizer, "_learning_rate", None)
        if any(self.variables[i] is rate and after[i] is not values[i] for i in self.common):
            refuse("a loss, metric or layer that sets the learning rate", "use a schedule")
        return self.own(after), self._read(scope, self.metrics)

    def own(self, values):
        """Return those values that each replicate has for itself."""
        return [v for i, v in enumerate(values) if i not in self.common]

    def whole(self, own, values):
        """Return own values with the common ones of `values` among them."""
        own = iter(own)
        return [v if i in self.common else next(own) for i, v in enumerate(values)]

    def ended(self, own, values):
        """Return all values after a step: Keras counts it once the weights have moved."""
        steps = self.model.optimizer.iterations
        pairs = zip(self.variables, values, strict=True)
        return self.whole(own, [value + 1 if v is steps else value for v, value in pairs])

    def test(self, values, tallies, x, y):
        """Return the tallies after evaluating a batch."""
        with self._scope(values, tallies) as scope:
            before = self._read(scope, self.variables)
            _, batch = self._forward(x, y, training=False)
            self.model.compute_metrics(**batch)
        if any(a is not b for a, b in zip(self._read(scope, self.variables), before, strict=True)):
            _refuse_changes()
        return self._read(scope, self.metrics)

    def results(self, tallies):
        """Return the loss and the metrics, in the order of `names`."""
        with keras.StatelessScope(state_mapping=list(zip(self.metrics, tallies, strict=True))):
            found = self.model.get_metrics_result().values()
            # In the scope: a metric may give a variable itself.
            found = tf.stack([keras.ops.cast(value, "float32") for value in found])
        # A prediction of NaN counts as this or that class, with XLA as another one than without.
        return tf.where(tf.math.is_nan(found[0]), np.nan, found)

    def _forward(self, x, y, training):
        model = self.model
        prediction = _call(model, x, training)
        batch = {"x": x, "y": y, "y_pred": prediction, "sample_weight": None}
        loss = model._compute_loss(**batch, training=training)
        model._loss_tracker.update_state(loss, sample_weight=tf.shape(x)[0])
        return loss, batch

    def _scope(self, values, tallies):
        pairs = zip([*self.variables, *self.metrics], [*values, *tallies], strict=True)
        return _Scope(state_mapping=list(pairs), collect_losses=True)

    def _read(self, scope, variables):
        known = {id(v) for v in [*self.variables, *self.metrics]}
        if not scope.state_mapping.keys() <= known:
            refuse(
                "a layer that draws random numbers without a keras.random.SeedGenerator of its "
                "own, or that writes a variable which is not the model's",
                "give it one, or use model.fit",
            )
        return [scope.get_current_value(v) for v in variables]


# Operations whose numbers come from a state that is not the model's, or from Python; and checks,
# which XLA leaves out.
_DRAW = "draw with keras.random and a SeedGenerator of the layer's own"
_REMEDIES = {
    "Random|TruncatedNormal|ParameterizedTruncatedNormal|Multinomial|.*PyFunc": _DRAW,
    "Assert|CheckNumerics": "check the data before, or use model.fit",
}


def check_step(models, x, y):
    """Refuse what one program cannot do for all replicates as `model.fit` does it for one.

    The step of each model is traced, without the map, that of the first one twice. Where two
    differ, a layer, a loss or a metric keeps numbers outside of its variables, or draws or counts
    in Python, and what the first trace met would be used for all. Return what the traces found.
    """
    steps = [Step(one, x, y) for one in models]
    found = {_traced(step, x, y) for step in [*steps, steps[0]]}
    if len(found) > 1:
        refuse(
            "a build_model whose layers, loss, metrics or optimizer compute with other numbers "
            "from one seed to the next, or from one trace to the next",
            "keep them in a layer's weights, or use model.fit",
        )
    return found.pop()


def _traced(step, x, y):
    """Return a digest of what a step computes and where its optimizer starts."""

    def both(values, tallies, x, y):
        return step.train(values, tallies, x, y), step.test(values, tallies, x, y)

    specs = [
        [tf.TensorSpec(v.shape, v.dtype) for v in variables]
        for variables in (step.variables, step.metrics)
    ]
    batch = [tf.TensorSpec(a.shape, a.dtype) for a in (x, y)]
    try:
        graph = tf.function(both, autograph=False).get_concrete_function(*specs, *batch).graph
    except NotMappableError:
        raise
    except Exception as error:
        raise _not_mappable(step.model, error) from error
    written = graph.as_graph_def()
    functions = {f.signature.name: f for f in written.library.function}
    for node in itertools.chain(written.node, *(f.node_def for f in functions.values())):
        for kind, remedy in _REMEDIES.items():
            if re.match(kind, node.op):
                refuse(f"TensorFlow's {node.op} in a layer, loss or metric", remedy)
    for op in graph.get_operations():
        if "GetKeyCounter" in op.type and not _is_given(op.inputs[0]):
            refuse("random numbers drawn from a seed that is a number", _DRAW)  # XLA draws others
    outside = [value for value, _ in graph.captures]
    if any(value.dtype == tf.resource for value in outside):
        refuse(
            "a variable that the model reads and that is not among model.variables",
            "make it a weight of a layer",
        )
    computed = _digest(written.node, [], [t.name for t in graph.outputs], functions)
    held = [np.asarray(v) for v in (*outside, *step.model.optimizer.variables)]
    return computed, *(value.tobytes() for value in held)


def _is_given(tensor):
    """Tell whether a number in a graph hangs on what the graph is given."""
    return tensor.op.type == "Placeholder" or any(map(_is_given, tensor.op.inputs))


def _digest(nodes, inputs, outputs, functions):
    """Reduce a graph to a hash without its names, which are new each time it is traced."""
    place = {name: i for i, name in enumerate([*inputs, *(node.name for node in nodes)])}

    def source(text):
        name, *port = text.lstrip("^").split(":")
        return place[name], port

    def setting(value):
        called = [functions[f.name] for f in (value.func, *value.list.func) if f.name]
        return [
            _digest(
                f.node_def,
                [a.name for a in f.signature.input_arg],
                [f.ret[a.name] for a in f.signature.output_arg],
                functions,
            )
            for f in called
        ] or value.SerializeToString(deterministic=True)

    found = [list(map(source, outputs))]
    for node in nodes:
        said = [(k, setting(v)) for k, v in sorted(node.attr.items()) if not k.startswith("_")]
        found.append((node.op, list(map(source, node.input)), said))
    return hashlib.sha256(repr(found).encode()).digest()


def _not_mappable(model, error):
    """Name what stands in a model that TensorFlow could not map or compile."""
    options = model._compile_config.config
    parts = [type(layer).__name__ for layer in layers_of(model)]
    parts += [
        str(getattr(part, "__name__", None) or getattr(part, "name", part))
        for part in keras.tree.flatten(
            [options.get("loss"), options.get("metrics") or [], model.optimizer]
        )
    ]
    return NotMappableError(
        "fit_replicas cannot honour this model: TensorFlow cannot map its step over replicates and "
        f"compile it ({type(error).__name__}). It is one of {', '.join(dict.fromkeys(parts))}. "
        "Train with model.fit"
    )


class Program:
    """Whole epochs of R replicates, compiled once for one architecture and one set of shapes.

    The model, built and compiled, belongs to the program from now on. `data` holds (own, x, y) by
    split, "train" first; `own` tells whether each replicate has rows of its own.
    """

    def __init__(self, model, data, replicates, batch_size):
        self.replicates, self.batch_size = replicates, batch_size
        self.own = {name: own for name, (own, _, _) in data.items()}
        self.rows = {name: x.shape[int(own)] for name, (own, x, _) in data.items()}
        self.step = Step(model, *first_batch(batch_size, *data["train"]))
        orders = ORDERS_AT_ONCE // (replicates * self.rows["train"])
        self.epochs_per_call = int(np.clip(orders, 1, EPOCHS_PER_CALL))
        self.traced = {}
        self.epochs = compiled(self._epochs)
        self.compiled = False

    def fit(self, model, start, data, seeds, epochs, shuffle, test_freq):
        """Train from `start`, arrays (R, ...) in the order of ``model.variables``.

        The learning rate and the strengths of L1 and L2 are those of `model`. The arrays of `data`,
        as for the class, become tensors in place. Test rows are evaluated after every `test_freq`
        epochs and after the last.

        Returns
        -------
        history : numpy.ndarray, shape (epochs, R, splits * metrics)
        values : list of numpy.ndarray, each of shape (R, ...)
            The values at the end, in the order of `start`.
        """
        values = [tf.constant(v) for v in [*start, *self._slots(model)]]
        for name, (_, *arrays) in data.items():  # in place: one copy of a large array is enough
            data[name] = tuple(map(tf.constant, arrays))
        strengths = [tf.constant(getattr(*slot), "float32") for slot in _strengths(model)]
        draws = order_generators(seeds)
        history, done, count = [], 0, 1
        with tqdm(total=epochs, desc="epochs", delay=2, leave=False, disable=_QUIET) as progress:
            while done < epochs:
                count = min(count, epochs - done)
                order = np.zeros((self.epochs_per_call, len(seeds), self.rows["train"]), "int32")
                order[:count] = next_orders(draws, self.rows["train"], count, shuffle)
                ended = done + 1 + np.arange(self.epochs_per_call)
                due = (ended % test_freq == 0) | (ended == epochs)
                began = time.perf_counter()
                with interrupt_later():
                    places = tf.constant(count), tf.constant(due), tf.constant(order)
                    found, values = self._call(*places, strengths, values, data)
                history.append(found.numpy()[:count])
                seconds = (time.perf_counter() - began) / count
                progress.update(count)
                done += count
                count = int(np.clip(SECONDS_PER_CALL / seconds, 1, self.epochs_per_call))
        gc.collect()  # figures drawn since the last training hold each other
        give_back()
        return np.concatenate(history), [v.numpy() for v in values[: len(start)]]

    def _call(self, *arguments):
        try:
            called = self.epochs(*arguments)
            self.compiled = True
            return called
        except (NotMappableError, tf.errors.ResourceExhaustedError):
            raise
        except Exception as error:
            if self.compiled:
                raise
            raise _not_mappable(self.step.model, error) from error

    def _slots(self, model):
        """Return where the optimizer starts; its rate is the one number that may differ."""
        rate = getattr(self.step.model.optimizer, "_learning_rate", None)
        place = len(self.step.weights)
        slots = []
        for v, value in zip(self.step.model.optimizer.variables, self.step.start, strict=True):
            value = np.asarray(model.optimizer._learning_rate) if v is rate else value
            common = place + len(slots) in self.step.common
            slots.append(value if common else np.broadcast_to(value, (self.replicates, *v.shape)))
        return slots

    def _epochs(self, count, due, order, strengths, values, data):
        def epoch(e, values, rows):
            values, found = self._train(order[e], values, *data["train"])
            found = [found]
            for name in data:
                if name != "train":
                    more = tf.cond(
                        tf.constant(name != "test") | due[e],
                        lambda name=name, values=values: self._evaluate(name, values, *data[name]),
                        lambda: np.nan * tf.ones_like(found[0]),
                    )
                    found.append(more)
            return e + 1, values, tf.tensor_scatter_nd_update(rows, [[e]], [tf.concat(found, 1)])

        with _with_strengths(self.step.model, strengths):
            width = len(self.step.names) * len(data)
            rows = tf.zeros((self.epochs_per_call, self.replicates, width))
            _, values, rows = tf.while_loop(
                lambda e, *_: e < count, epoch, (tf.constant(0), values, rows)
            )
        self.traced.clear()
        return rows, values

    def _train(self, order, values, x, y):
        own = int(self.own["train"])

        def step(i, size, carried):
            rows = tf.slice(order, (0, i), (self.replicates, size))
            batch = [tf.gather(array, rows, batch_dims=own) for array in (x, y)]
            moved, tallies = self._map(self.step.train, carried, batch, own=True)
            return self.step.ended(moved, carried[0]), tallies

        values, tallies = _in_blocks(
            self.rows["train"], self.batch_size, step, (values, self._tallies())
        )
        return values, self._results(tallies)

    def _evaluate(self, name, values, x, y):
        own = int(self.own[name])

        def step(i, size, tallies):
            batch = [_cut(array, own, i, size) for array in (x, y)]
            return self._map(self.step.test, (values, tallies), batch, own=bool(own))

        tallies = _in_blocks(self.rows[name], self.batch_size, step, self._tallies())
        return self._results(tallies)

    def _map(self, one, carried, batch, own):
        """Map a step over the replicates, traced once for batches of any size."""
        axis = int(own)
        specs = [
            tf.TensorSpec([*b.shape[:axis], None, *b.shape[axis + 1 :]], b.dtype) for b in batch
        ]
        key = one.__name__, own, *specs
        if key not in self.traced:

            def mapped(carried, batch):
                values, tallies = carried

                def of_one(a):
                    return one(self.step.whole(a[0], values), a[1], *(a[2] if own else batch))

                each = self.step.own(values), tallies
                return _over_replicates(of_one, (*each, batch) if own else each)

            like = tf.nest.map_structure(lambda t: tf.TensorSpec(t.shape, t.dtype), carried)
            self.traced[key] = tf.function(mapped, input_signature=(like, specs), autograph=False)
        return self.traced[key](carried, batch)

    def _tallies(self):
        stacked = [np.broadcast_to(v, (self.replicates, *v.shape)) for v in self.step.zeros]
        return [tf.constant(v) for v in stacked]

    def _results(self, tallies):
        if "results" not in self.traced:
            self.traced["results"] = tf.function(
                lambda tallies: _over_replicates(self.step.results, tallies), autograph=False
            )
        return self.traced["results"](tallies)


def first_batch(batch_size, own, x, y):
    """Return zeros, which take no memory, of the shapes and types of a replicate's first batch."""
    first = [(array[0] if own else array)[:batch_size] for array in (x, y)]
    return [np.broadcast_to(array.dtype.type(), array.shape) for array in first]


def _over_replicates(one, stacked):
    """Map a function over the first axis of all tensors; one replicate needs no map."""
    first = tf.nest.flatten(stacked)[0]
    if first.shape[0] == 1:
        alone = one(tf.nest.map_structure(lambda t: t[0], stacked))
        return tf.nest.map_structure(lambda t: t[None], alone)
    return tf.vectorized_map(tf.autograph.experimental.do_not_convert(one), stacked, warn=False)


def _in_blocks(rows, size, step, carried):
    """Carry something through blocks of `size` rows; the last block may be smaller."""
    size = min(size, rows)
    whole = rows - rows % size
    if whole == size:
        carried = step(0, size, carried)
    else:
        _, carried = tf.while_loop(
            lambda i, _: i < whole,
            lambda i, carried: (i + size, step(i, size, carried)),
            (tf.constant(0), carried),
        )
    return step(whole, rows - whole, carried) if whole < rows else carried


def predictor(model, own):
    """Return a compiled function (values of the variables, x) -> predictions (R, n, ...)."""

    def predict(values, x):
        if own:
            return _over_replicates(lambda a: _predict(model, *a), (values, x))
        return _over_replicates(lambda a: _predict(model, a, x), values)

    return interrupt_later()(compiled(predict))


def _predict(model, values, x):
    with _Scope(list(zip(model.variables, values, strict=True))) as scope:
        before = dict(scope.state_mapping)
        predictions = _call(model, x, training=False)
    if any(value is not before.get(v) for v, value in scope.state_mapping.items()):
        _refuse_changes()
    return predictions


def may_index(model):
    """Tell whether a model may look up rows in a table, by an Embedding or in its graph."""
    layer, embedding = keras.layers.Layer, keras.layers.Embedding
    indexed = any(isinstance(one, embedding) for one in layers_of(model))
    return indexed or not all(isinstance(one, layer) for one in operations_of(model))


def problem_of(model, x):
    """Return what TensorFlow says against these rows, of an index without a place for example.

    XLA has no such errors: it takes the nearest place.
    """

    def call(x):
        with _Scope([(v, v.value) for v in model.variables]):
            _call(model, x, training=False)

    return _said_against(model, call, x)


def problem_of_labels(model, x, y):
    """Return what TensorFlow says against these labels in a loss or a metric of the learner's."""
    step = Step(model, x, y)
    state = [v.value for v in step.variables], [tf.constant(v) for v in step.zeros]
    return _said_against(model, lambda *batch: step.test(*state, *batch), x, y)


def _said_against(model, call, *rows):
    """Return the message of an error in `call` on rows, or None."""
    size = model.input_shape[0] or ROWS_AT_ONCE
    try:
        for start in range(0, len(rows[0]), size):
            call(*(tf.constant(array[start : start + size]) for array in rows))
    except tf.errors.InvalidArgumentError as error:
        return re.search(r"\S+ = \S+ is not in \S+ \S+|$", error.message)[0] or error.message
    return None


def _call(model, x, training):
    return model(x, training=training) if model._call_has_training_arg else model(x)


def _cut(array, axis, start, size):
    """Take `size` rows from `start` on, along an axis."""
    begin = [0] * axis + [start] + [0] * (len(array.shape) - axis - 1)
    return tf.slice(array, begin, [*array.shape[:axis], size, *array.shape[axis + 1 :]])


def order_generators(seeds):
    """Return one generator per seed for the row orders.

    Data are drawn by ``default_rng(seed)``. A stream of its own, by NumPy's `SeedSequence`, keeps
    the order of the rows independent of their values.
    """
    return [np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,))) for seed in seeds]


def next_orders(draws, rows, epochs, shuffle):
    """Draw the row orders of the next epochs from one generator per replicate."""
    order = np.broadcast_to(np.arange(rows, dtype="int32"), (epochs, rows))
    if shuffle:
        return np.stack([draw.permuted(order, axis=1) for draw in draws], axis=1)
    return np.repeat(order[:, None], len(draws), axis=1)
