"""What `training` takes, refuses and returns; test_zoo.py compares its numbers with Keras."""

import keras
import numpy as np
import pytest

from helpers import batched, training

layers = keras.layers
SEEDS = [3, 11, 7]


def mlp(optimizer=lambda: "adam", **options):
    """Return a build_model function for a small network; the options are of its hidden layer."""

    def build_model():
        hidden = layers.Dense(16, activation="relu", **options)
        model = keras.Sequential([layers.Input((2,)), hidden, layers.Dense(1, "sigmoid")])
        model.compile(optimizer=optimizer(), loss="binary_crossentropy", metrics=["accuracy"])
        return model

    return build_model


def draws(replicates=3, rows=40, features=2, seed=0):
    """One draw per replicate: training rows and 10 validation rows."""
    rng = np.random.default_rng(seed)
    x = rng.random((replicates, rows + 10, features)).astype("float32")
    y = (x.sum(axis=-1) > features / 2).astype("float32")
    return (x[:, :rows], y[:, :rows]), (x[:, rows:], y[:, rows:])


def test_the_order_of_the_rows_is_drawn_from_another_stream_than_the_data():
    drawn = np.random.default_rng(7).permuted(np.arange(40))
    assert (training.batch_orders([7], 40, 1)[0, 0] != drawn).any()


def test_random_states_of_python_and_numpy_are_left_alone():
    import random

    random.seed(1)
    np.random.seed(1)
    expected = random.random(), np.random.random()
    random.seed(1)
    np.random.seed(1)
    training.fit_replicas(mlp(), draws()[0], epochs=1, seeds=SEEDS)
    assert (random.random(), np.random.random()) == expected


def test_runs_give_arrays_and_a_tidy_table_of_the_same_numbers():
    train, validation = draws()
    runs = training.fit_replicas(mlp(), train, validation, test=validation, epochs=2, seeds=SEEDS)
    assert (runs.seeds, runs.epochs) == (tuple(SEEDS), 2)
    assert runs.splits == ("train", "validation", "test") and runs.metrics == ("loss", "accuracy")
    np.testing.assert_array_equal(runs["test", "loss"], runs["validation", "loss"])
    table = runs.to_frame()
    assert list(table.columns) == ["seed", "epoch", "split", "metric", "value"]
    assert len(table) == len(SEEDS) * 2 * 3 * 2
    for (split, metric), rows in table.groupby(["split", "metric"]):
        wide = rows.pivot(index="seed", columns="epoch", values="value").loc[SEEDS]
        np.testing.assert_array_equal(wide.to_numpy(), runs[split, metric])
    assert f"test, loss: {runs['test', 'loss'][:, -1].mean():.3f}" in repr(runs)
    assert "3 runs of 2 epochs" in runs._repr_html_()
    with pytest.raises(KeyError, match="splits train, validation, test and the metrics loss, acc"):
        runs["tests", "loss"]


def test_test_rows_may_be_evaluated_after_every_k_th_epoch_and_the_last():
    train, validation = draws()
    every, some = (
        training.fit_replicas(
            mlp(), train, validation, test=validation, test_freq=k, epochs=7, seeds=SEEDS
        )
        for k in (1, 3)
    )
    np.testing.assert_array_equal(every["validation", "loss"], some["validation", "loss"])
    measured = [2, 5, 6]
    np.testing.assert_array_equal(
        some["test", "loss"][:, measured], every["test", "loss"][:, measured]
    )
    assert np.isnan(np.delete(some["test", "loss"], measured, axis=1)).all()


def test_runs_refuse_another_seed_and_rows_of_another_width():
    runs = training.fit_replicas(mlp(), draws()[0], epochs=1, seeds=SEEDS)
    with pytest.raises(ValueError, match=r"seed must be one of \[3, 11, 7\], got 4"):
        runs.model(4)
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\) or \(3, n, 2\)"):
        runs.predict(np.ones((5, 1)))


@pytest.mark.parametrize("plain", [True, False])
def test_runs_give_no_model_that_is_not_the_one_trained(plain):
    now = {"factor": 1.0}

    def build_model():
        factor = now["factor"]
        change = layers.Rescaling(factor) if plain else layers.Lambda(lambda x: x * factor)
        model = keras.Sequential([layers.Input((2,)), change, layers.Dense(1, "sigmoid")])
        model.compile("sgd", "mse")
        return model

    runs = training.fit_replicas(build_model, draws()[0], epochs=1, seeds=SEEDS)
    runs.model(11).predict(np.ones((4, 2)), verbose=0)
    runs.model(11)
    now["factor"] = 2.0
    with pytest.raises(ValueError, match="build_model must return the model that was trained"):
        runs.model(11)


def test_the_same_shapes_compile_once_and_other_settings_need_no_new_program(monkeypatch):
    def build(strength, rate):
        penalty = keras.regularizers.L2(strength)
        return mlp(lambda: keras.optimizers.Adam(rate), kernel_regularizer=penalty)

    train, _ = draws()
    batched.programs.clear()
    options = {"seeds": SEEDS, "epochs": 5}
    weak = training.fit_replicas(build(1e-6, 0.01), train, **options)
    before = list(batched.programs)
    program = next(p for p in batched.programs.values() if isinstance(p, batched.Program))
    monkeypatch.setattr(program.step, "train", None)  # tracing again would call it
    strong = training.fit_replicas(build(0.5, 0.02), train, seeds=[1, 2, 3], epochs=9)
    assert list(batched.programs) == before
    assert strong["train", "loss"].max() > 2 * weak["train", "loss"].max()
    again = training.fit_replicas(build(1e-6, 0.01), train, **options)
    np.testing.assert_array_equal(weak["train", "loss"], again["train", "loss"])


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("patience", [0, 1, 3, 10])
@pytest.mark.parametrize("options", [{}, {"min_delta": 0.05}, {"start_from_epoch": 4}])
def test_early_stopping_is_the_rule_of_the_callback(mode, patience, options):
    rng = np.random.default_rng(patience)
    values = rng.normal(size=(40, 30)).cumsum(axis=1) * 0.1
    values[:5] = values[:5].round(1)  # ties
    stopped, best = training.early_stopping(values, patience=patience, mode=mode, **options)
    for row, last, epoch in zip(values, stopped, best, strict=True):
        assert (last, epoch) == run_callback(row, patience, mode, options)


def run_callback(row, patience, mode, options):
    """Drive Keras' own callback over a curve; a weight that counts the epochs is restored."""
    model = keras.Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile()
    callback = keras.callbacks.EarlyStopping(
        "value", patience=patience, mode=mode, restore_best_weights=True, **options
    )
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    for epoch, value in enumerate(row):
        model.set_weights([np.array([[epoch + 1.0]])])
        callback.on_epoch_end(epoch, {"value": value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, int(model.get_weights()[0][0, 0])


def test_early_stopping_of_one_curve_and_bad_arguments():
    assert training.early_stopping([3.0, 2.0, 2.5, 2.6], patience=2) == (4, 2)
    with pytest.raises(ValueError, match=r"mode must be one of \['min', 'max'\], got 'least'"):
        training.early_stopping([1.0], patience=1, mode="least")
    with pytest.raises(ValueError, match="patience must be a whole number from 0 .* got -1"):
        training.early_stopping([1.0], patience=-1)
    with pytest.raises(ValueError, match="values must hold 1 to .* empty"):
        training.early_stopping([], patience=1)


REFUSED = {
    "a callback": ({"callbacks": []}, TypeError, "callbacks=: read early stopping off"),
    "class weights": ({"class_weight": {}}, TypeError, "class_weight=: train with model.fit"),
    "a misspelt argument": ({"epoch": 3}, TypeError, "cannot honour epoch="),
    "no epochs": ({"epochs": 0}, ValueError, "epochs must be .* from 1 to 1,000,000, got 0"),
    "half an epoch": ({"epochs": 1.5}, TypeError, "epochs must be .* got 1.5"),
    "no batch": ({"batch_size": -2}, ValueError, "batch_size must be .* got -2"),
    "no seeds": ({"seeds": []}, ValueError, "seeds must be a sequence of 1 "),
    "a seed twice": ({"seeds": [1, 1, 2]}, ValueError, "seeds must hold no number twice"),
    "one number as seeds": ({"seeds": 3}, TypeError, "seeds must be a sequence"),
    "a negative seed": ({"seeds": [-1, 2, 3]}, ValueError, r"seeds\[0\] must be .* got -1"),
}


@pytest.mark.parametrize("options, error, message", REFUSED.values(), ids=REFUSED)
def test_bad_options_are_refused_by_name(options, error, message):
    with pytest.raises(error, match=message):
        training.fit_replicas(mlp(), draws()[0], **{"epochs": 1, "seeds": SEEDS, **options})


BAD_DATA = {
    "no tuple": (lambda x, y: 3, TypeError, "train must be a tuple"),
    "NaN": (
        lambda x, y: (x * np.nan, y),
        ValueError,
        "train x must hold finite numbers .* got NaN",
    ),
    "text": (lambda x, y: (x, np.full(y.shape, "a")), TypeError, "train y must be an array"),
    "empty": (lambda x, y: (x[:, :0], y[:, :0]), ValueError, "train x must hold 1 to .* empty"),
    "other replicates": (lambda x, y: (x[:2], y[:2]), ValueError, r"or \(3, n, 2\), got .*\(2, 40"),
    "one label short": (
        lambda x, y: (x, y[:, 1:]),
        ValueError,
        r"train y must have shape \(3, 40\)",
    ),
    "another width": (lambda x, y: (x[..., :1], y), ValueError, "(must have shape|incompatible)"),
}


@pytest.mark.parametrize("change, error, message", BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_refused_by_name(change, error, message):
    train, _ = draws()
    with pytest.raises(error, match=message):
        training.fit_replicas(mlp(), change(*train), epochs=1, seeds=SEEDS)
