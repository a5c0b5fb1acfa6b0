"""The teaching material: its minutes, odds and answers are still true, and its pages are whole."""

import html
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from test_course import SOURCE, call, make_wheel, root  # noqa: F401 - a fixture

import course
from tools.teaching import kit, lesson, odds, pages, plans, precheck

NUMBERS = [lesson.number(path) for path in lesson.NOTEBOOKS]
WITHOUT_NOTES = {"08", "09", "10"}  # still to be written
NOTED = [path.stem for path in plans.NOTES]
EACH = pytest.mark.parametrize("wanted", NUMBERS)
EACH_NOTED = pytest.mark.parametrize("wanted", NOTED)
CLAIMS = {claim["id"]: claim for claim in course.read_claims(lesson.ROOT)}
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser"])), None)


def notes(wanted):
    return (lesson.CLASS / "notes" / f"{wanted}.md").read_text(encoding="utf-8")


# --- plans ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [*plans.PLANS, *plans.NOTES], ids=lambda p: f"{p.parent.name}-{p.stem}"
)
def test_minutes_and_odds_are_those_of_the_rule(path):
    known = odds.read()
    text = path.read_text(encoding="utf-8")
    assert plans.dressed(path, known) == text, "run python -m tools.teaching.plans"


@pytest.mark.parametrize("length", [45, 90, 180])
def test_a_plan_fits_its_time(length):
    text = (lesson.CLASS / "plans" / f"{length}.md").read_text(encoding="utf-8")
    total = plans.plan(text)[1]
    assert text.startswith(f"# {length} minutes")
    assert 0.8 * length <= total <= length
    assert all(word in text for word in ("**Before:**", "**Where to stop:**", "**When late:**"))


def test_minutes_are_counted():
    row = '| 0 | 0 | [01, "Predict"](x), [00, the core](y) | Votes (+2), talks (+3) |\n'
    text = f"<!-- plan: begin -->\n| a |\n|---|\n{row}{row}<!-- plan: end -->\n"
    spent = plans.minutes("01", "Predict") + plans.minutes("00") + 5
    dressed, total = plans.plan(text)
    assert total == 2 * spent
    assert f"| 0 | {spent} |" in dressed and f"| {spent} | {spent} |" in dressed
    with pytest.raises(KeyError, match="Luck"):
        plans.minutes("01", "Luck")


# --- notes ----------------------------------------------------------------------------------------


def test_every_notebook_has_notes():
    assert set(NUMBERS) - set(NOTED) <= WITHOUT_NOTES
    assert set(NOTED) <= set(NUMBERS) - WITHOUT_NOTES


@EACH_NOTED
def test_notes_are_whole_and_point_at_what_is_there(wanted):
    text = notes(wanted)
    assert text.startswith(f"# Notes on {pages.title_of(wanted)}\n")
    parts = ("The one idea", "Three wrong ideas", "Questions to ask", "What may go wrong live")
    assert re.findall("^## (.+)$", text, re.MULTILINE) == [*parts, "Answers to the exercises"]
    assert re.findall(r"^(\d)\. ", text, re.MULTILINE) == ["1", "2", "3"]
    source = "\n".join(c.source for c in lesson.core(wanted) + lesson.further(wanted))
    links = re.findall(r'\["([^"]+)"\]\(\.\./\.\./notebooks/(\w+)\.ipynb\)', text)
    assert links
    for section, stem in links:
        assert stem == lesson.by_number(wanted).stem
        assert f"## {section}\n" in source, section


@EACH_NOTED
def test_claims_in_the_notes_have_the_verdict_that_is_told(wanted):
    text = re.sub(r"\s+", " ", notes(wanted))
    told = re.findall(r"`([a-z]+(?:-[a-z0-9]+)+)`", text)
    for name in told:
        assert CLAIMS[name]["notebook"] == lesson.by_number(wanted).stem
    for name, verdict in re.findall(r"`([\w-]+)` (?:is|are both) (refuted|supported)", text):
        assert CLAIMS[name]["verdict"] == verdict


@EACH_NOTED
def test_every_exercise_has_its_usual_wrong_answers(wanted):
    """What the check is said to answer stands in the tables of the exercises' own tests."""
    told = re.findall(r"^### `(\w+)`\n((?:(?!^#).*\n)*)", notes(wanted), re.MULTILINE)
    exercises = pages.exercises_of(wanted)
    assert [name for name, _ in told] == list(exercises)
    if not exercises:
        return
    tables = importlib.import_module(f"test_exercises_{wanted}")
    for answer, text in told:
        (name,) = [n for n, e in vars(tables.exercises).items() if e is exercises[answer]]
        wrong = {reason for rows in tables.WRONG[name].values() for _, reason in rows}
        phrases = re.findall(r'→ "([^"]+)"', text)
        assert len(phrases) == len(re.findall("^- ", text, re.MULTILINE)) >= 2
        assert set(phrases) <= wrong, set(phrases) - wrong
        assert pages.solution(exercises[answer]) not in text


# --- odds -----------------------------------------------------------------------------------------


def test_the_odds_are_those_of_the_demonstrations():
    kept = json.loads(odds.ODDS.read_text(encoding="utf-8"))
    assert list(kept) == list(odds.DEMONSTRATIONS)
    for name, shown in odds.DEMONSTRATIONS.items():
        assert lesson.cell(name.split("-")[0], shown.cell)
        assert len(kept[name]["values"]) == odds.SEEDS
        assert kept[name]["first"] == shown.first
        assert bool(shown.once) == ("typed" in kept[name])


# Those that take a second or less; slow: all, and the seeds that a teacher types.
QUICK = {"02b-coin": 0, "02b-zeros": 0, "02b-corner": 0, "05-nothing-added": 0, "07-ninety": 0.01}


def few(name):
    """Measure three seeds again and return them beside those in the file."""
    kept = json.loads(odds.ODDS.read_text(encoding="utf-8"))[name]
    seeds = [kept["first"] + i for i in range(3)]
    return odds.measured(name, seeds), kept["values"][:3]


@pytest.mark.parametrize("name", QUICK)
def test_a_few_seeds_give_the_odds_on_file(name):
    found, kept = few(name)
    np.testing.assert_allclose(found, kept, atol=QUICK[name])


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in odds.DEMONSTRATIONS if n not in QUICK])
def test_a_few_seeds_of_a_training_give_the_odds_on_file(name):
    found, kept = few(name)
    np.testing.assert_allclose(found, kept, atol=1 if name == "04-early" else 0.03)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n, shown in odds.DEMONSTRATIONS.items() if shown.once])
def test_the_seeds_to_type_show_what_is_promised(name):
    found, shown = odds.read()[name], odds.DEMONSTRATIONS[name]
    for seed, promised in ((found["see"], True), (found["not_see"], False)):
        if seed is not None:
            assert bool(shown.shows(shown.once(seed))) == promised


def test_a_piece_of_code_that_is_gone_is_noticed():
    with pytest.raises(ValueError, match="gone"):
        lesson.run("01", ["cell-05"], [("gone", "here")])


# --- questions ------------------------------------------------------------------------------------


def test_ten_questions_rest_on_claims_that_still_hold():
    asked = pages.questions()
    assert len(asked) == 10
    assert len({question["right"] for question in asked}) >= 3
    for question in asked:
        assert len(set(question["order"])) == 4
        assert question["order"][pages.LETTERS.index(question["right"])] == question["choices"][0]
        assert question["section"] in lesson.sections(question["notebook"])
        assert [CLAIMS[name]["verdict"] for name in question["claims"]] == question["verdicts"]
    assert len({question["notebook"] for question in asked}) >= 8


# --- pages ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return {name: (folder / f"{name}.html").read_text("utf-8") for name in pages.build(folder)}


def test_pages_need_nothing_else(built):
    assert len(built) == 2 * len(NUMBERS) + len(plans.NOTES) + len(plans.PLANS) + 4
    for name, text in built.items():
        outside = re.findall(r'(?:src|href)=["\'](?!data:|https://)([^"\']+)', text)
        assert set(outside) <= ({f"{n}.html" for n in built} if name == "index" else set())
        assert not re.search(r"<script src|@import|url\(|<link|src=[\"']http", text)
        assert "/home" not in text and str(lesson.ROOT) not in text


@EACH
def test_slides_show_each_figure_and_keep_each_word(built, wanted):
    text = html.unescape(built[f"slides-{wanted}"])
    pictures = 0
    for cell in lesson.core(wanted):
        pictures += "".join(pages.shown(cell)).count("data:image/png")
        if cell.cell_type == "code":
            assert cell.source in text
        for words in re.findall(r"^[A-Z][a-z]+ [a-z]+ [a-z]+ [a-z]+", cell.source, re.MULTILINE):
            assert words in text
    assert text.count("data:image/png") == pictures > 0


def test_the_speaker_s_notes_say_how_often_one_run_shows_it(built):
    for name, found in odds.read().items():
        said = f"{found['shows']} of {found['runs']} seeds show it:</strong> "
        assert said + odds.DEMONSTRATIONS[name].says in built[f"slides-{name.split('-')[0]}"]


@EACH
def test_a_handout_has_the_rule_the_limits_a_picture_and_the_claims(built, wanted):
    text = built[f"handout-{wanted}"]
    assert text.count("data:image/png") == 1 and text.count("<li>") >= 3
    assert wanted == "00" or re.search("When this fails|It fails", text)
    for claim in pages.claims_of(wanted):
        assert html.escape(claim["sentence"]) in text


def test_formulas_are_pictures_with_their_source_as_text():
    assert pages.to_html(r"$\nonsense{x}$") == "<p><code>\\nonsense{x}</code></p>\n"
    found = pages.to_html(r"Take $\tfrac{1}{2} \le \sqrt{p(1-p)/n}$ of it.")
    assert r'alt="\tfrac{1}{2} \le \sqrt{p(1-p)/n}"' in found and "data:image/svg+xml" in found


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this computer")
def test_slides_fit_the_screen_and_paper(built, tmp_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        for name, text in built.items():
            (tmp_path / "page.html").write_text(text, encoding="utf-8")
            page.goto((tmp_path / "page.html").as_uri())
            over = page.evaluate(
                "[...document.querySelectorAll('.body')].filter("
                "b => b.scrollHeight > b.clientHeight + 1).length"
            )
            paper = page.pdf(prefer_css_page_size=True)
            sheets = len(re.findall(rb"/Type\s*/Page[^s]", paper))
            if name.startswith(("handout", "questions")):
                assert sheets == 1, name
            if name.startswith("slides"):
                assert over == 0, name
                assert sheets == text.count("<section"), name
                page.keyboard.press("End")
                page.keyboard.press("ArrowLeft")
                page.keyboard.press("n")
                assert page.locator(".notes").last.is_visible()
        browser.close()


# --- the commands ---------------------------------------------------------------------------------


def test_class_commands_run_in_the_environment(tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(course, "ensure_environment", lambda folder: folder / ".venv/bin/python")
    monkeypatch.setattr(course, "run_child", lambda *call: called.append(call) or 7)
    monkeypatch.chdir(tmp_path)
    assert course.main(["class", "kit", "--to", "a folder"], tmp_path / "course") == 7
    command, folder, _ = called[0]
    assert folder == tmp_path / "course"
    assert command[1:] == ["-m", "tools.teaching", "kit", "--to", str(tmp_path / "a folder")]


def test_the_precheck_needs_no_environment(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "ensure_environment", None)
    (tmp_path / "tools/teaching").mkdir(parents=True)
    (tmp_path / "tools/teaching/precheck.py").write_text("import sys; sys.exit(5)")
    assert course.main(["class", "check"], tmp_path) == 5


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "tools.teaching", *arguments],
        cwd=lesson.ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_slides_alone(tmp_path):
    done = run("slides", "--to", str(tmp_path))
    assert done.returncode == 0, done.stderr
    names = {path.stem for path in tmp_path.iterdir()}
    assert names == {f"slides-{wanted}" for wanted in NUMBERS} | {"index"}


# --- the pre-check --------------------------------------------------------------------------------


def test_the_precheck_says_what_is_bad_and_names_no_folder(tmp_path, capsys):
    def fails():
        raise OSError(f"cannot write {tmp_path}/x")

    steps = {"Python": lambda: "3.11", "Disk": fails, "Training": lambda: "31 s"}
    assert not precheck.check(tmp_path, steps)
    text = (tmp_path / precheck.PAGE).read_text(encoding="utf-8")
    assert "Python       good  3.11\n" in text
    assert "Disk         BAD   cannot write this folder/x\n" in text
    assert "Training     BAD   not tried" in text and "To be mended: Disk, Training." in text
    assert str(tmp_path) not in text
    assert text.splitlines()[2] in capsys.readouterr().out


def test_the_precheck_passes_where_all_is_good(tmp_path):
    steps = {
        "Disk": lambda: precheck.disk(tmp_path),
        "Memory": precheck.memory,
        "Ports": precheck.ports,
    }
    assert precheck.check(tmp_path, steps)
    assert "All is good." in (tmp_path / precheck.PAGE).read_text(encoding="utf-8")


def test_the_precheck_refuses_too_little(tmp_path, monkeypatch):
    monkeypatch.setattr(precheck, "DISK", 1e9)
    monkeypatch.setattr(precheck, "MEMORY", 1e9)
    for step in (lambda: precheck.disk(tmp_path), precheck.memory):
        with pytest.raises(course.CourseError, match="GB are free"):
            step()


def test_the_precheck_trains(monkeypatch):
    """Its half minute, cut to one epoch of two runs; then what it says of other outcomes."""
    short = precheck.TRAINING.replace("epochs=200", "epochs=1").replace("range(100)", "range(2)")
    assert short.count("epochs=1") == 2
    monkeypatch.setattr(precheck, "TRAINING", short)
    monkeypatch.setattr(course, "venv_python", lambda venv: Path(sys.executable))
    assert re.fullmatch(r"import \d+ s, 100 runs .* s", precheck.training(lesson.ROOT))
    monkeypatch.setattr(precheck, "TRAINING", "print('SECONDS[1, 2, 100]')")
    assert "QUICK = True" in precheck.training(lesson.ROOT)
    monkeypatch.setattr(precheck, "TRAINING", "import nothing_of_that_name")
    with pytest.raises(course.CourseError, match="nothing_of_that_name"):
        precheck.training(lesson.ROOT)


# --- the kit --------------------------------------------------------------------------------------


def test_the_kit_leaves_the_packages_of_the_tests_out():
    lock = (lesson.ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = (lesson.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    kept = {pin.name for pin, *_ in kit.entries(kit.without_tests(lock, project))}
    assert {"tensorflow", "tensorflow-cpu", "jupyterlab", "setuptools", "nbformat"} <= kept
    assert not {"pytest", "nbval", "ruff", "playwright", "hypothesis", "execnet"} & kept


@pytest.mark.parametrize("name", kit.PLATFORMS)
@pytest.mark.parametrize("python", kit.PYTHONS)
def test_each_platform_gets_its_own_pins(name, python):
    lock = (lesson.ROOT / "requirements.lock").read_text(encoding="utf-8")
    groups = list(kit.pins_for(lock, name, python).values())
    names = [re.findall(r"^([\w.-]+)==", group, re.MULTILINE) for group in groups]
    assert all(len(set(group)) == len(group) for group in names)
    assert ("tensorflow-cpu" in names[0]) == (name == "linux-x86_64")
    assert ("tensorflow" in names[0]) == (name != "linux-x86_64")
    assert ("appnope" in names[0]) == (name == "macos-arm64")
    assert ("pywinpty" in names[0]) == (name == "windows-amd64")
    assert len(groups) == (2 if python == "3.11" else 1)
    assert " ; " not in "".join(groups) and "--hash=sha256:" in groups[0]


@pytest.mark.parametrize(
    "name, tag",
    [
        ("linux-x86_64", "manylinux_2_28_x86_64"),
        ("linux-aarch64", "manylinux2014_aarch64"),
        ("macos-arm64", "macosx_12_0_arm64"),
        ("windows-amd64", "win_amd64"),
    ],
)
def test_pip_is_asked_for_the_other_computer_s_wheels(name, tag, tmp_path):
    asked = []
    pin = "needed==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
    done = subprocess.CompletedProcess([], 0)
    kit.download(pin, name, "3.13", tmp_path, lambda command: asked.append(command) or done)
    (command,) = asked
    pairs = list(zip(command, command[1:], strict=False))
    wanted = [("--platform", tag), ("--abi", "cp313"), ("--abi", "abi3"), ("--abi", "none")]
    wanted += [("--python-version", "3.13.0"), ("--dest", str(tmp_path))]
    assert set(wanted) <= set(pairs)
    assert {"--require-hashes", "--no-deps"} <= set(command)
    assert not any(b.endswith("_x86_64") for a, b in pairs if name != "linux-x86_64")


def test_a_kit_installs_without_an_index(root, tmp_path, monkeypatch):  # noqa: F811
    """With a small index, a package of the tests among its own, and then with none at all."""
    index = tmp_path / "index"
    index.mkdir()
    pins = {
        "needed": make_wheel(index, "needed", {"pytest.py": "", "jupyterlab.py": ""}),
        "extra": make_wheel(index, "extra", {"extra.py": ""}),
        "probe": make_wheel(index, "probe", {"probe.py": ""}),
    }
    asked = {"needed": "fake-course (pyproject.toml)", "extra": "needed", "probe": "nobody"}
    lock = "".join(
        pin.replace(" --hash", " \\\n    --hash") + f"    # via {asked[name]}\n"
        for name, pin in pins.items()
    )
    (root / "requirements.lock").write_text(lock)
    with (root / "pyproject.toml").open("a") as file:
        file.write('[project]\nname = "fake-course"\nversion = "1.0"\ndependencies = ["needed"]\n')
    to = tmp_path / "kit ✓"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    kit.make(root, to, ["linux-x86_64"], ["3.11"])
    fetched = sorted(path.name for path in (to / "course" / kit.WHEELS).iterdir())
    assert fetched == ["extra-1.0-py3-none-any.whl", "needed-1.0-py3-none-any.whl"]
    assert "3.11" in (to / "READ_ME_FIRST.txt").read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match="holds something"):
        kit.make(root, to, ["linux-x86_64"], ["3.11"])

    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    (to / "course" / "notebooks").mkdir(exist_ok=True)
    shutil.copy(SOURCE, to / "course")
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    code, out, err = call(to / "course", "test", **nowhere)
    assert code == 0, out + err
    assert os.path.isdir(to / "course" / ".venv")


def test_a_wheel_of_another_hash_stops_the_kit(tmp_path, capfd, monkeypatch):
    index = tmp_path / "index"
    index.mkdir()
    make_wheel(index, "needed", {"a.py": ""})
    lock = "needed==1.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    with pytest.raises(SystemExit, match="could not fetch"):
        kit.download(lock, "linux-x86_64", "3.11", tmp_path / "to")
    assert "DO NOT MATCH" in capfd.readouterr().err


def test_a_kit_inside_the_course_is_refused(root):  # noqa: F811
    with pytest.raises(SystemExit, match="outside"):
        kit.make(root, root / "kit", [], [])


# --- servers --------------------------------------------------------------------------------------

SERVER = lesson.CLASS / "server"


def test_the_kernel_of_a_server_starts_in_the_shared_environment():
    folder = SERVER / "jupyter" / "kernels" / "python3"
    spec = json.loads((folder / "kernel.json").read_text(encoding="utf-8"))
    python = spec["argv"][0].format(resource_dir=folder)
    assert os.path.normpath(python) == str(lesson.ROOT / ".venv" / "bin" / "python")
    wanted = course.course_environ(lesson.ROOT / ".venv/bin/python", "lab", {})
    assert spec["env"].items() <= wanted.items()


def test_server_files_can_be_read_and_say_what_was_never_run():
    values = yaml.safe_load((SERVER / "values.yaml").read_text(encoding="utf-8"))
    assert values["singleuser"]["memory"] == {"guarantee": "1.5G", "limit": "3G"}
    assert values["hub"]["config"]["JupyterHub"]["authenticator_class"] != "dummy"
    text = (lesson.ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8")
    json.loads(re.sub(r"^//.*$", "", text, flags=re.MULTILINE))
    shell = subprocess.run(["bash", "-n", SERVER / "install_tljh.sh"], check=False)
    assert shell.returncode == 0
    for name in ("values.yaml", "Dockerfile", "install_tljh.sh", "jupyterhub_config.py"):
        text = (SERVER / name).read_text(encoding="utf-8")
        assert re.search(r"[Nn]ever\s+(deployed|built|run)|were\s+never\s+run", text), name
        assert "2026-11-22" in text


def test_what_the_image_copies_is_there():
    text = (SERVER / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (\S+) ", text, re.MULTILINE)
    assert copied and all((lesson.ROOT / path).exists() for path in copied)
    for variable in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):
        place = re.search(rf"{variable}=/srv/overfitting-course/(\S+)", text)[1]
        assert (lesson.ROOT / place / "jupyter_server_config.json").exists()


def test_the_lock_of_the_server_has_hashes_and_no_host():
    text = (SERVER / "requirements.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==.*\\\n    --hash=sha256:", text, re.MULTILINE)
    asked = (SERVER / "requirements.in").read_text(encoding="utf-8")
    assert set(re.findall(r"^([\w-]+)>", asked, re.MULTILINE)) <= set(pins)
    assert len(pins) == text.count("==") - text.count(" == '")
    assert "://" not in text
