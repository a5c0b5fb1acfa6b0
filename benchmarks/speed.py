"""Compare the ways to train program 1.1 (200 epochs, with the validation curve), in one run.

    python benchmarks/speed.py

Prints seconds and the ratios that matter: machines differ, ratios much less. `MLPClassifier` has
no validation curve, which is in its favour. First calls are timed in processes of their own, one
with an empty store of compiled programs on disk, one that finds what the other left there.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from helpers import data, training  # isort: skip - sets what TensorFlow reads

import keras
from sklearn.neural_network import MLPClassifier

RUNS, EPOCHS = 100, 200
SEEDS = range(RUNS)


def build_model():
    """Build program 1.1's network."""
    model = keras.Sequential(
        [
            keras.layers.Input((2,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def seconds(work, *arguments):
    """Time one call."""
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


def main():
    """Run every way in turn, three rounds of the quick ones, and print the table."""
    draw = data.per_seed(lambda rng: data.circle(100, rng), SEEDS)
    train, validation = data.cut(*draw, 80)

    def replicas(seeds):
        part = slice(0, len(seeds))
        training.fit_replicas(
            build_model,
            (train[0][part], train[1][part]),
            (validation[0][part], validation[1][part]),
            epochs=EPOCHS,
            seeds=seeds,
        )

    def keras_fit():
        build_model().fit(
            train[0][0],
            train[1][0],
            validation_data=(validation[0][0], validation[1][0]),
            epochs=EPOCHS,
            verbose=0,
        )

    def scikit_learn():
        MLPClassifier(
            (64, 64), batch_size=32, max_iter=EPOCHS, n_iter_no_change=EPOCHS, tol=0, alpha=0
        ).fit(train[0][0], train[1][0])

    if "--first" in sys.argv:
        print(seconds(replicas, SEEDS))
        return
    with tempfile.TemporaryDirectory() as folder:
        flags = f"--tf_xla_persistent_cache_directory={folder}"
        command = [sys.executable, __file__, "--first"]
        environ = {**os.environ, "TF_XLA_FLAGS": flags}
        first, kept = (
            float(subprocess.run(command, env=environ, check=True, capture_output=True).stdout)
            for _ in range(2)
        )
    fit = seconds(keras_fit)
    replicas(SEEDS)
    again = statistics.median(seconds(replicas, SEEDS) for _ in range(3))
    seconds(replicas, range(1))
    alone = statistics.median(seconds(replicas, range(1)) for _ in range(3))
    mlp = statistics.median(seconds(scikit_learn) for _ in range(3))

    print(f"{'way':58}{'seconds':>9}{'per run':>10}")
    for way, total, runs in (
        ("model.fit on arrays, one run", fit, 1),
        ("MLPClassifier, no validation curve, one run", mlp, 1),
        (f"fit_replicas, {RUNS} runs, first call: builds and compiles", first, RUNS),
        (f"fit_replicas, {RUNS} runs, first call, compiled on disk", kept, RUNS),
        (f"fit_replicas, {RUNS} runs, once compiled", again, RUNS),
        ("fit_replicas, 1 run, once compiled", alone, 1),
    ):
        print(f"{way:58}{total:9.3f}{total / runs:10.4f}")
    print(f"first call of {RUNS} runs / one model.fit: {first / fit:.2f} (at most 0.25)")
    print(f"the same, compiled on disk: {kept / fit:.2f} (at most 0.15)")
    print(f"1 run, once compiled / one model.fit: {alone / fit:.4f} (at most 0.006)")
    print(f"model.fit / fit_replicas, per run: {fit * RUNS / again:,.0f} (at least 1,000)")
    print(f"MLPClassifier / fit_replicas, per run: {mlp * RUNS / again:.0f} (at least 5)")


if __name__ == "__main__":
    main()
