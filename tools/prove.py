"""Put the course to the test: what makes its claims true, and what a learner may do to it.

    python3 course.py prove causes              take away each claim's cause: its verdict moves
    python3 course.py prove drift               other seeds: how many verdicts change
    python3 course.py prove disorder            cells twice, left out, in random orders
    python3 course.py prove surroundings        no network, no rights, little memory, odd letters
    python3 course.py prove resources           seconds and memory of every notebook

Each takes the names of notebooks, 01 for example, to look at these alone.
"""

import argparse
import multiprocessing
import random
import sys
import tempfile
import tomllib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import course
from helpers import batched
from tools import replay, store_notebooks
from tools import surroundings as _surroundings

CAUSES = Path(__file__).with_name("causes")
STEP = 10_000  # from one round's seeds to the next: more than any experiment uses


def stored_verdicts():
    """Return the verdict of every claim as the notebooks are stored."""
    claims = course.read_claims(store_notebooks.ROOT)
    return {claim["id"]: claim["verdict"] for claim in claims}


def read_causes(path):
    """Return the changes that take away a cause of a notebook's claims.

    Parameters
    ----------
    path : pathlib.Path
        The notebook.

    Returns
    -------
    list of dict
        ``what`` (in words), ``changes`` (pairs of old and new code) and ``moves`` (ids of the
        claims whose verdict must turn).
    """
    text = (CAUSES / f"{path.stem}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["change"]


def notebook(number):
    """Return the path of the notebook with this number."""
    for path in replay.NOTEBOOKS:
        if path.name.startswith(f"{number}_"):
            return path
    known = ", ".join(path.name[:2] for path in replay.NOTEBOOKS)
    raise argparse.ArgumentTypeError(f"notebook must be one of {known}, got {number!r}")


def decided(path, claims, changes=(), **settings):
    """Run the cells that claims hang on, changed, and return the claims by id."""
    cells = replay.Replay(path, changes, **settings)
    found = {}
    for outcome in cells.run(cells.needed_for(claims)):
        if outcome.advice or outcome.error:
            raise RuntimeError(f"{path.name}, code cell {outcome.place + 1}: {outcome}")
        if outcome.claim:
            found[outcome.claim["id"]] = outcome.claim
    return {name: found[name] for name in claims}


def numbers(claim):
    """Write what a claim measured."""
    return (
        f"{claim['verdict']}, mean {claim['estimate']:.4g} ({claim['low']:.4g} to "
        f"{claim['high']:.4g}), threshold {claim['threshold']:g}, {claim['runs']} runs"
    )


# --- each looks at one notebook, in a process of its own, and returns lines and counts ------------


def causes(path, options):
    """Apply every change of a notebook; a verdict must turn into its opposite, or be decided."""
    before, lines, moved, count = stored_verdicts(), [], 0, 0
    for cause in read_causes(path):
        if not set(options.claims or cause["moves"]) & set(cause["moves"]):
            continue
        after = decided(path, cause["moves"], cause["changes"])
        for name, claim in after.items():
            turned = claim["verdict"] != "undecided" and claim["verdict"] != before[name]
            moved, count = moved + turned, count + 1
            lines.append(
                f"{'moved' if turned else 'NOT MOVED'}: {name}, stored {before[name]}. "
                f"{cause['what']}: {numbers(claim)}"
            )
    return lines, {"moved": moved, "claims": count}


def drift(path, options):
    """Decide all claims of a notebook again under other seeds, round by round."""
    before, lines = stored_verdicts(), []
    claims = list(replay.Replay(path).places_of_claims())
    count = {"verdicts": 0, "undecided": 0, "opposite": 0}
    settings = {"QUICK": True} if options.quick else {}
    for k in range(options.first, options.first + options.rounds):
        for name, claim in decided(path, claims, SEED=k * STEP, **settings).items():
            count["verdicts"] += 1
            if claim["verdict"] != before[name]:
                kind = "undecided" if claim["verdict"] == "undecided" else "opposite"
                count[kind] += 1
                lines.append(f"{name}, round {k}, stored {before[name]}: {numbers(claim)}")
    return lines, count


def disorder(path, options):
    """Run a notebook's cells as learners do; compare each claim with the one of a proper run."""
    before, lines = stored_verdicts(), []
    cells = replay.Replay(path, QUICK=True)
    everything = range(len(cells.sources))
    proper = {}
    for outcome in cells.run():
        if outcome.advice or outcome.error:
            lines.append(f"top to bottom, code cell {outcome.place + 1}: {outcome}")
        if outcome.claim:
            proper[outcome.claim["id"]] = outcome.claim
    for name, claim in proper.items():
        if claim["verdict"] not in (before[name], "undecided"):
            lines.append(f"{name} is wrong in the quick setting: {numbers(claim)}")
    shuffle = random.Random(options.seed)
    ways = [("each cell twice", [place for place in everything for _ in range(2)])]
    for gap in sorted(shuffle.sample(everything, min(options.skips, len(everything)))):
        ways.append((f"without code cell {gap + 1}", [p for p in everything if p != gap]))
    for i in range(options.orders):
        order = shuffle.sample(everything, len(everything))
        ways.append((f"random order {i + 1}", order))
    count = {"ways": len(ways), "cells": 0, "sent to another cell": 0, "claims": 0}
    for way, places in ways:
        for outcome in cells.run(places):
            count["cells"] += 1
            count["sent to another cell"] += outcome.advice is not None
            count["claims"] += outcome.claim is not None
            if outcome.error:
                lines.append(f"{way}, code cell {outcome.place + 1}: {outcome.error}")
            if outcome.claim and outcome.claim != proper[outcome.claim["id"]]:
                lines.append(f"{way}: {outcome.claim['id']} becomes {numbers(outcome.claim)}")
    return lines, count


def surroundings(path, options):
    """Run a notebook where nothing is as it should be; its verdicts must be those stored."""
    before = stored_verdicts()
    with tempfile.TemporaryDirectory() as folder:
        try:
            conditions = [c for c in _surroundings.CONDITIONS if c != "locale C"]  # one locale fits
            found = _surroundings.run(path, conditions, Path(folder))
        except _surroundings.NotPossibleError as error:
            return [f"not tried: {error}"], {"notebooks": 0}
    if "error" in found:
        return [found["error"]], {"notebooks": 1}
    lines = [
        f"{name} becomes {verdict}"
        for name, verdict in found["verdicts"].items()
        if verdict != before[name]
    ]
    return lines, {"notebooks": 1, "claims": len(found["verdicts"])}


def resources(path, options):
    """Run a notebook in a kernel; return its seconds and its memory."""
    _, first, core, seconds, peak, private = store_notebooks.execute(path)
    times = {"first output, s": first, "end of the core, s": core, "end, s": seconds}
    times = {name: round(value) for name, value in times.items()}
    return [], {**times, "peak MB": peak, "private MB at the end": private}


COMMANDS = {f.__name__: f for f in (causes, drift, disorder, surroundings, resources)}
FAIL_ON_LINES = {"disorder", "surroundings"}  # elsewhere a line is a finding, here it is a fault


def parser():
    """Return the parser of the command line."""
    made = argparse.ArgumentParser("course.py prove", description=__doc__.splitlines()[0])
    commands = made.add_subparsers(dest="command", required=True)
    for name, function in COMMANDS.items():
        command = commands.add_parser(name, help=function.__doc__.splitlines()[0])
        command.add_argument("notebooks", nargs="*", type=notebook, help="01, for example")
        command.add_argument("--jobs", type=int, default=1, help="notebooks at a time")
        if name == "causes":
            command.add_argument("--claims", nargs="+", help="ids, to look at these alone")
        if name == "drift":
            command.add_argument("--rounds", type=int, default=10)
            command.add_argument("--first", type=int, default=1, help="number of the first round")
            command.add_argument("--quick", action="store_true", help="with QUICK = True")
        if name == "disorder":
            command.add_argument("--orders", type=int, default=30, help="random orders")
            command.add_argument("--skips", type=int, default=5, help="cells left out, each alone")
            command.add_argument("--seed", type=int, default=0)
    return made


def _work(task):
    command, path, options = task
    batched.PROGRAMS_KEPT = 200  # the same cells run many times
    return (path.name[:2], *COMMANDS[command](path, options))


def _work_alone(task):
    """Work in a process of its own: what it takes is given back.

    One pool for all tasks, with `max_tasks_per_child=1`, has been seen to hang at its end.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_work, task).result()


def main(arguments=None):
    """Run the command line and return the exit code: 1 if something did not hold."""
    options = parser().parse_args(arguments)
    tasks = [(options.command, path, options) for path in options.notebooks or replay.NOTEBOOKS]
    total, faults = Counter(), 0
    with ThreadPoolExecutor(options.jobs) as threads:
        for number, lines, count in threads.map(_work_alone, tasks):
            for line in lines:
                print(f"  {line}")
            print(f"{number}: " + ", ".join(f"{n} {name}" for name, n in count.items()), flush=True)
            total.update(count)
            faults += len(lines) if options.command in FAIL_ON_LINES else 0
    if options.command != "resources":
        print("all: " + ", ".join(f"{n} {name}" for name, n in total.items()))
    if options.command == "causes":
        faults += total["claims"] - total["moved"]
    if options.command == "drift":
        faults += total["opposite"]
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
