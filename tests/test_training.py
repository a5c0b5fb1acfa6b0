"""`training` against Keras itself: the oracle is `model.fit`, epoch by epoch."""

import keras
import numpy as np
import pytest

from helpers import batched, training

layers = keras.layers
SEEDS = [3, 11, 7]
EPOCHS = 6
TOLERANCE = 1e-4


def mlp(*hidden, inputs=2, outputs=1, activation="sigmoid", **compile_options):
    """Return a build_model function for a small network."""
    options = {"optimizer": "adam", "loss": "binary_crossentropy", "metrics": ["accuracy"]}
    options.update(compile_options)

    def build_model():
        model = keras.Sequential(
            [
                layers.Input((inputs,)),
                *(make() for make in hidden),
                layers.Dense(outputs, activation=activation),
            ]
        )
        optimizer = options["optimizer"]  # an optimizer object serves one model
        model.compile(**{**options, "optimizer": optimizer() if callable(optimizer) else optimizer})
        return model

    return build_model


def dense(units=16, **options):
    return lambda: layers.Dense(units, activation="relu", **options)


def draws(replicates=3, rows=40, features=2, seed=0):
    """One draw per replicate: training rows and 10 validation rows."""
    rng = np.random.default_rng(seed)
    x = rng.random((replicates, rows + 10, features)).astype("float32")
    y = (x.sum(axis=-1) > features / 2).astype("float32")
    return (x[:, :rows], y[:, :rows]), (x[:, rows:], y[:, rows:])


def keras_histories(build_model, train, validation, epochs=EPOCHS, batch_size=32, shuffle=True):
    """Train one model after another with model.fit, with the batch orders of the helper."""
    orders = training.batch_orders(SEEDS, train[0].shape[1], epochs, shuffle=shuffle)
    histories, weights = [], []
    for r, seed in enumerate(SEEDS):
        keras.utils.set_random_seed(seed)
        model = build_model()
        history = []
        for order in orders[:, r]:
            epoch = model.fit(
                train[0][r][order],
                train[1][r][order],
                validation_data=(validation[0][r], validation[1][r]),
                batch_size=batch_size,
                shuffle=False,
                verbose=0,
            )
            history.append({name: values[0] for name, values in epoch.history.items()})
        histories.append(history)
        weights.append(model.get_weights())
    return histories, weights


def assert_equals_keras(build_model, train, validation, **options):
    expected, expected_weights = keras_histories(build_model, train, validation, **options)
    runs = training.fit_replicas(
        build_model, train, validation, seeds=SEEDS, **{"epochs": EPOCHS, **options}
    )
    for name in expected[0][0]:
        split, metric = ("validation", name[4:]) if name.startswith("val_") else ("train", name)
        reference = [[epoch[name] for epoch in history] for history in expected]
        np.testing.assert_allclose(runs[split, metric], reference, atol=TOLERANCE)
    for r in range(len(SEEDS)):
        for ours, theirs in zip(runs.weights, expected_weights[r], strict=True):
            np.testing.assert_allclose(ours[r], theirs, atol=TOLERANCE)


def test_many_epochs_in_several_calls_equal_keras(monkeypatch):
    monkeypatch.setattr(batched, "EPOCHS_PER_CALL", 4)
    assert_equals_keras(mlp(dense(4)), *draws(rows=20), epochs=10)


def test_a_shared_draw_is_the_same_as_one_draw_repeated():
    (x, y), (vx, vy) = draws()
    build_model = mlp(dense())
    options = {"epochs": 3, "seeds": SEEDS}
    shared = training.fit_replicas(build_model, (x[0], y[0]), (vx[0], vy[0]), **options)
    repeated = training.fit_replicas(
        build_model,
        (x[[0, 0, 0]], y[[0, 0, 0]]),
        (vx[[0, 0, 0]], vy[[0, 0, 0]]),
        **options,
    )
    np.testing.assert_allclose(
        shared["validation", "loss"], repeated["validation", "loss"], atol=1e-5
    )


@pytest.mark.parametrize("hidden", [[dense()], [dense(), lambda: layers.Dropout(0.5)]])
def test_a_replicate_does_not_depend_on_its_neighbours(hidden):
    (x, y), _ = draws(1)
    build_model = mlp(*hidden)
    alone = training.fit_replicas(build_model, (x[0], y[0]), epochs=3, seeds=[7])
    beside = training.fit_replicas(build_model, (x[0], y[0]), epochs=3, seeds=SEEDS)
    both = alone["train", "loss"][0], beside["train", "loss"][SEEDS.index(7)]
    np.testing.assert_allclose(*both, atol=1e-5)


def test_initial_weights_are_those_of_build_model_after_set_random_seed():
    def check(build_model):
        build = training._builder(build_model, (2,))
        start, _ = batched.starting_values(build, build(SEEDS[0]), SEEDS)
        for r, seed in enumerate(SEEDS):
            keras.utils.set_random_seed(seed)
            for v, values in zip(build_model().variables, start, strict=True):
                np.testing.assert_array_equal(values[r], np.asarray(v))

    check(mlp(dense(), lambda: layers.Dropout(0.2), dense(kernel_initializer="he_normal")))
    check(mlp(dense(kernel_initializer=keras.initializers.RandomNormal(seed=5))))
    check(mlp(lambda: layers.BatchNormalization(), dense(bias_initializer="random_uniform")))

    def by_hand():
        model = mlp(dense())()
        noise = np.random.default_rng(np.random.randint(1000))  # set_random_seed seeds this too
        model.set_weights([noise.normal(size=w.shape) for w in model.get_weights()])
        return model

    check(by_hand)


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
    training.fit_replicas(mlp(dense()), draws()[0], epochs=1, seeds=SEEDS)
    assert (random.random(), np.random.random()) == expected


def test_runs_give_arrays_and_a_tidy_table_of_the_same_numbers():
    train, validation = draws()
    runs = training.fit_replicas(
        mlp(dense()), train, validation, test=validation, epochs=2, seeds=SEEDS
    )
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
            mlp(dense()), train, validation, test=validation, test_freq=k, epochs=7, seeds=SEEDS
        )
        for k in (1, 3)
    )
    np.testing.assert_array_equal(every["validation", "loss"], some["validation", "loss"])
    measured = [2, 5, 6]
    np.testing.assert_array_equal(
        some["test", "loss"][:, measured], every["test", "loss"][:, measured]
    )
    assert np.isnan(np.delete(some["test", "loss"], measured, axis=1)).all()


def test_the_models_and_predictions_of_each_run_are_those_of_keras():
    train, (x, _) = draws()
    build_model = mlp(dense(), lambda: layers.Dropout(0.5), lambda: layers.BatchNormalization())
    runs = training.fit_replicas(build_model, train, epochs=3, seeds=SEEDS)
    own, shared = runs.predict(x), runs.predict(x[0], batch_size=3)
    for r, seed in enumerate(SEEDS):
        model = runs.model(seed)
        for ours, theirs in zip(runs.weights, model.get_weights(), strict=True):
            np.testing.assert_array_equal(ours[r], theirs)
        np.testing.assert_allclose(own[r], model.predict(x[r], verbose=0), atol=1e-5)
        np.testing.assert_allclose(shared[r], model.predict(x[0], verbose=0), atol=1e-5)
    with pytest.raises(ValueError, match=r"seed must be one of \[3, 11, 7\], got 4"):
        runs.model(4)
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\) or \(3, n, 2\)"):
        runs.predict(x[..., :1])


def test_the_same_shapes_compile_once_and_other_settings_need_no_new_program(monkeypatch):
    def build(strength, rate):
        return mlp(
            dense(kernel_regularizer=keras.regularizers.L2(strength)),
            optimizer=lambda: keras.optimizers.Adam(rate),
        )

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
        training.fit_replicas(mlp(dense()), draws()[0], **{"epochs": 1, "seeds": SEEDS, **options})


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
        training.fit_replicas(mlp(dense()), change(*train), epochs=1, seeds=SEEDS)


def test_an_interrupted_training_leaves_nothing_behind(monkeypatch):
    train, _ = draws()
    build_model = mlp(dense(5))
    options = {"epochs": 20, "seeds": SEEDS}
    expected = training.fit_replicas(build_model, train, **options)
    calls = []

    program = [p for p in batched.programs.values() if isinstance(p, batched.Program)][-1]
    compiled = program.epochs

    def epochs(*args):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compiled(*args)

    monkeypatch.setattr(program, "epochs", epochs)
    with pytest.raises(KeyboardInterrupt):
        training.fit_replicas(build_model, train, **options)
    monkeypatch.setattr(program, "epochs", compiled)
    again = training.fit_replicas(build_model, train, **options)
    np.testing.assert_array_equal(again["train", "loss"], expected["train", "loss"])
