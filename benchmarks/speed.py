"""Compare the ways to train program 1.1 (200 epochs, with the validation curve), in one run.

    python benchmarks/speed.py           all of it
    python benchmarks/speed.py --fit     one `model.fit` alone: the unit in which times are counted

Prints seconds and the ratios that matter: machines differ, ratios much less. `MLPClassifier` has
no validation curve, which is in its favour. First calls are timed in processes of their own, one
with an empty store of compiled programs on disk, one that finds what the other left there. A second
table, on Linux, gives the memory that three programs take: as it is, and less each measure.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from helpers import batched, data, training  # isort: skip - sets what TensorFlow reads

import keras
import tensorflow as tf
from sklearn.neural_network import MLPClassifier

RUNS, EPOCHS = 100, 200
SEEDS = range(RUNS)
SIZES = (1, 20, RUNS)
MEMORY = ("compiled", "compiled, graphs kept", "compiled, free memory kept", "found on disk")


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


def child(environ, *arguments):
    """Return the numbers that this script prints in a process of its own."""
    command = [sys.executable, __file__, *map(str, arguments)]
    found = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    return [float(number) for number in found.stdout.split()]


def megabytes():
    """Return the peak of resident memory, and what now belongs to no file, on Linux."""
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":") for line in lines)
    return [int(found[name].split()[0]) / 1024 for name in ("VmHWM", "RssAnon")]


def leave_out(way):
    """Switch one measure off that saves memory."""
    if way == MEMORY[1]:

        def compiled(function):
            program = tf.function(function, jit_compile=True, autograph=False)
            return lambda *a: program(*tf.nest.map_structure(tf.convert_to_tensor, a))

        batched.compiled = compiled
    if way == MEMORY[2]:
        batched.give_back = lambda: None


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

    if "--fit" in sys.argv:
        print(seconds(keras_fit))
        return
    if "--first" in sys.argv:
        print(seconds(replicas, range(int(sys.argv[-1]))))
        return
    if "--memory" in sys.argv:
        leave_out(sys.argv[-1])
        before = megabytes()[1]
        for runs in SIZES:
            replicas(range(runs))
        print(before, *megabytes())
        return
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "TF_XLA_FLAGS": f"--tf_xla_persistent_cache_directory={folder}"}
        firsts = [[child(environ, "--first", n)[0] for _ in range(2)] for n in SIZES]
        first, kept = firsts[-1]
        memory = {}
        stored = Path(folder, "memory")  # TensorFlow's names differ from those of a first call
        stored.mkdir()
        environ["TF_XLA_FLAGS"] = f"--tf_xla_persistent_cache_directory={stored}"
        for way in MEMORY if sys.platform == "linux" else ():
            unstored = {"TF_XLA_FLAGS": ""} if way in MEMORY[1:3] else {}
            memory[way] = child({**environ, **unstored}, "--memory", way)
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
        *(
            (f"fit_replicas, {n} runs, first call{how}", total, n)
            for n, pair in zip(SIZES, firsts, strict=True)
            for how, total in zip(
                (": builds and compiles", ", compiled on disk"), pair, strict=True
            )
        ),
        (f"fit_replicas, {RUNS} runs, once compiled", again, RUNS),
        ("fit_replicas, 1 run, once compiled", alone, 1),
    ):
        print(f"{way:58}{total:9.3f}{total / runs:10.4f}")
    print(f"first call of {RUNS} runs / one model.fit: {first / fit:.2f} (at most 0.25)")
    print(f"the same, compiled on disk: {kept / fit:.2f} (at most 0.15)")
    print(f"1 run, once compiled / one model.fit: {alone / fit:.4f} (at most 0.006)")
    print(f"model.fit / fit_replicas, per run: {fit * RUNS / again:,.0f} (at least 1,000)")
    print(f"MLPClassifier / fit_replicas, per run: {mlp * RUNS / again:.0f} (at least 5)")
    if memory:
        print(f"\n{'three programs, MB':58}{'imports':>9}{'end':>10}{'peak':>10}")
    for way, (before, peak, end) in memory.items():
        print(f"{way:58}{before:9.0f}{end:10.0f}{peak:10.0f}")


if __name__ == "__main__":
    main()
