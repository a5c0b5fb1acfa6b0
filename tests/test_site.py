"""The site: what is staged, and in the slow tests what is built and what a browser makes of it."""

import ast
import html
import importlib
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_browser import CHROMIUM, browser  # noqa: F401 - a fixture

import course
from helpers.exercises import Exercise

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "site"))
cells, stage = map(importlib.import_module, ("cells", "stage"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
CLAIMS = course.read_claims(ROOT)


def files(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    before = [files(ROOT / name) for name in ("notebooks", "site/static", "tools")]
    made = stage.Stage(ROOT, tmp_path_factory.mktemp("site") / "pages")
    made.all()
    assert before == [files(ROOT / name) for name in ("notebooks", "site/static", "tools")]
    return made


def text_of(staged, name):
    """Return a staged page; of a notebook, all that its cells say and show."""
    text = (staged.out / name).read_text(encoding="utf-8")
    if name.endswith(".md"):
        return text
    found = []
    for cell in json.loads(text)["cells"]:
        found.append(cell["source"])
        for output in cell.get("outputs", []):
            found.append(output.get("text") or output["data"].get("text/html", ""))
    return "\n".join("".join(part) for part in found)


def pages(staged):
    found = [path for kind in ("md", "ipynb") for path in staged.out.rglob(f"*.{kind}")]
    return {path.relative_to(staged.out).as_posix(): path for path in found}


# --- What is staged -------------------------------------------------------------------------------


def test_every_notebook_is_a_page_with_its_code_and_its_prints(staged):
    for path in NOTEBOOKS:
        stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
        made = json.loads((staged.out / "notebooks" / path.name).read_text())["cells"]
        assert [c["source"] for c in made if c["cell_type"] == "code"] == [
            "".join(c["source"]) for c in stored if c["cell_type"] == "code"
        ]
        printed = [
            [o["text"] for o in c["outputs"] if o["output_type"] == "stream"]
            for c in stored
            if c["cell_type"] == "code" and "exercise" not in c["metadata"]["tags"]
        ]
        shown = [
            [o["text"] for o in c["outputs"] if o["output_type"] == "stream"]
            for c in made
            if c["cell_type"] == "code" and not re.search(r"exercises\.\w+\.check", c["source"])
        ]
        assert shown == printed
        assert path.stem in text_of(staged, "notebooks/index.md")


def test_every_picture_is_shown_once_and_can_be_heard(staged):
    for path in NOTEBOOKS:
        stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
        alts = [
            re.search(r'alt="([^"]+)"', "".join(o["data"]["text/html"]))[1]
            for c in stored
            for o in c.get("outputs", [])
            if "<img" in "".join(o.get("data", {}).get("text/html", ""))
        ]
        images = re.findall(r"<img [^>]+>", text_of(staged, f"notebooks/{path.name}"))
        assert [re.search(r'alt="([^"]+)"', image)[1] for image in images] == alts
        for image in images:
            name = re.search(r'src="\.\./([^"]+)"', image)[1]
            assert (staged.out / "extra" / name).read_bytes().startswith(b"\x89PNG")
        raw = (staged.out / "notebooks" / path.name).read_text()
        assert "image/png" not in raw


def test_no_output_brings_a_heading_of_its_own(staged):
    stored = [path.read_text(encoding="utf-8") for path in NOTEBOOKS]
    assert any("<h4>" in text for text in stored)
    for path in NOTEBOOKS:
        assert not re.search(r"<h[1-6]\b", text_of(staged, f"notebooks/{path.name}"))
    assert "<p><strong>overfit: yes</strong></p>" in text_of(staged, "notebooks/10_clinic.ipynb")


def test_going_further_is_one_section_that_can_be_folded(staged):
    for path in NOTEBOOKS:
        text = re.sub(r"```.*?```", "", text_of(staged, f"notebooks/{path.name}"), flags=re.DOTALL)
        stored = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "markdown"]
        stored = "\n".join("".join(c["source"]) for c in stored)
        after = stored.partition("\n# Going further")[2]
        titles = re.findall(r"^(#+) (.+)$", after, re.MULTILINE)
        for level, title in titles:
            assert f"\n{level}# {title}" in text
        assert ("\n## Going further\n" in text) == bool(after)


def test_exercises_stand_with_the_hints_and_solutions_of_the_course(staged, capsys):
    found = 0
    for path in NOTEBOOKS:
        text = text_of(staged, f"notebooks/{path.name}")
        module = re.search(r"from helpers\.exercises import (\w+) as exercises", text)
        if not module:
            continue
        module = importlib.import_module(f"helpers.exercises.{module[1]}")
        assert "Not attempted yet" not in text
        for name in re.findall(r"exercises\.(\w+)\.check\(", text):
            exercise = getattr(module, name)
            assert isinstance(exercise, Exercise)
            exercise.solution()
            assert f"```python\n{capsys.readouterr().out.strip()}\n```" in text
            for hint in exercise._hints:
                assert f"</summary>\n\n{hint}\n\n</details>" in text
            assert text.count(f'id="exercise-{name}"') == 1
            listed = f'href="notebooks/{path.stem}.html#exercise-{name}"'
            assert text_of(staged, "exercises.md").count(listed) == 1
            found += 1
    assert found == text_of(staged, "exercises.md").count("#exercise-") > 20


def test_predictions_ask_what_the_notebook_asks(staged):
    clinic = importlib.import_module("helpers.clinic")
    recorder = SimpleNamespace(Prediction=lambda *given, **named: (given, named))
    for path in NOTEBOOKS:
        text = text_of(staged, f"notebooks/{path.name}")
        asked = re.findall(r'<p class="predict" data-asked="([^"]+)">(.+?)</p>', text)
        calls = [
            eval(ast.unparse(node), {"explore": recorder, "clinic": clinic})
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if "explore.Prediction(" in "".join(cell["source"])
            for node in ast.walk(ast.parse("".join(cell["source"])))
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "explore.Prediction"
        ]
        assert len(asked) == len(calls) >= 1
        for (data, question), ((said, *choices), named) in zip(asked, calls, strict=True):
            assert html.unescape(question) == said
            kept = json.loads(html.unescape(data))
            assert kept["choices"] == (list(choices[0]) if choices else None)
            assert {key: kept[key] for key in named} == named


def test_a_question_whose_range_is_computed_is_asked_without_a_form(tmp_path):
    made = cells.prediction('explore.Prediction("How <many>?", high=rows)', "How <many>?", tmp_path)
    assert made == '<p class="sentence">How &lt;many&gt;?</p>'


FRAMES = sorted((ROOT / "site" / "frames").glob("*/*/said.json"))


@pytest.mark.parametrize("path", FRAMES, ids=lambda path: path.parts[-3])
def test_the_frames_of_a_slider_are_those_of_its_notebook(path, staged):
    """A slider is left still on the site if its frames are not those of the stored picture."""
    stem, cell = path.parts[-3:-1]
    said = json.loads(path.read_text(encoding="utf-8"))
    count = len(said["settings"])
    pictures = sorted(picture.name for picture in path.parent.glob("*.webp"))
    assert pictures == [f"{i:02d}.webp" for i in range(count)]
    text = text_of(staged, f"notebooks/{stem}.ipynb")
    slider = re.search(r'<div class="slider".*?</table></details></div>', text, re.DOTALL)
    assert slider and f'data-frames="../frames/{stem}/{cell}/"' in slider[0], "store the notebook"
    start = int(re.search(r'data-start="(\d+)"', slider[0])[1])
    value, sentence = said["settings"][start]
    told = html.escape(f"{said['label']} = {value}. {sentence}")
    assert f'alt="{told}"' in slider[0]
    for value, sentence in said["settings"]:
        value, sentence = html.escape(value), html.escape(sentence)
        assert f'<th scope="row">{value}</th><td>{sentence}</td>' in slider[0]
    assert (staged.out / "extra" / "frames" / stem / cell / pictures[-1]).exists()


def test_plans_and_notes_for_teachers_become_pages_when_there_are_some(tmp_path):
    (tmp_path / "class" / "plans").mkdir(parents=True)
    (tmp_path / "class" / "notes.txt").touch()
    claim = CLAIMS[0]["id"]
    (tmp_path / "class" / "plans" / "45.md").write_text(
        "# One hour\n\n[00](../../notebooks/00_start_here.ipynb), [a script](../make.py#x), "
        f"[seed](../../notebooks/glossary.md#seed), `{claim}`, [out](https://example.org)\n"
    )
    made = stage.Stage(ROOT, tmp_path / "pages")
    made.notebooks()
    made.register()
    made.teaching(tmp_path / "nothing")
    assert not (made.out / "teaching.md").exists()
    made.teaching(tmp_path / "class")
    page = (made.out / "class" / "plans" / "45.md").read_text(encoding="utf-8")
    assert "[00](../../notebooks/00_start_here.ipynb), a script, <a" in page
    assert 'href="../../notebooks/glossary.html#seed"' in page
    assert f"[`{claim}`](../../claims/{claim}.md), [out](https://example.org)" in page
    assert "- [](class/plans/45.md)" in (made.out / "teaching.md").read_text()
    assert "class/plans/45.html" in made.addresses()


# --- The register ---------------------------------------------------------------------------------


def test_every_claim_stands_in_the_register_with_its_numbers(staged):
    rows = re.findall(r'<tr role="row" data-.*?</tr>', text_of(staged, "claims/index.md"))
    assert len(rows) == len(CLAIMS)
    for row, claim in zip(rows, CLAIMS, strict=True):
        assert f'href="{claim["id"]}.html"' in row and html.escape(claim["sentence"]) in row
        for key in ("notebook", "verdict", "kind", "origin"):
            assert f'data-{key}="{claim[key] or ""}"' in row
        for value in (*course.numbers(claim), claim["runs"]):
            assert re.search(rf">{re.escape(str(value))}<(/td|br)>", row)
        low, high = map(float, re.search(r'class="interval" d="M(\S+) 8H(\S+)"', row).groups())
        sides = {"supported": low >= 60, "refuted": high <= 60, "undecided": low < 60 < high}
        assert sides[claim["verdict"]]  # of the threshold, in the middle


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
def test_a_claims_page_says_all_that_is_known_of_it(staged, claim):
    text = text_of(staged, f"claims/{claim['id']}.md")
    stored = json.loads((ROOT / "notebooks" / f"{claim['notebook']}.ipynb").read_text())["cells"]
    cell = next(cell for cell in stored if cell.get("id") == claim["cell"])
    for part in (claim["sentence"], claim["quantity"], claim["why"], "".join(cell["source"])):
        assert part in text
    for value in course.numbers(claim):
        assert value in text
    assert text.count("<img ") == 1 and f"over {claim['runs']} runs" in text
    assert course.verdict(claim).capitalize() in text
    assert ("fifteen_programs.md#" in text) == (claim["program"] != "own")
    notebook = text_of(staged, f"notebooks/{claim['notebook']}.ipynb")
    assert notebook.count(f'id="claim-{claim["id"]}"') == 1
    causes = stage.read_causes(ROOT / "tools" / "causes").get(claim["id"], [])
    assert causes or claim["verdict"] == "undecided"  # which no change can turn round
    for change in causes:
        assert change["what"] in text
        for old, new in change["changes"]:
            for sign, code in (("-", old), ("+", new)):
                for line in filter(str.strip, code.split("\n")):
                    assert f"{sign} {line}".rstrip() in text


def test_the_verdict_is_said_in_words_for_every_kind():
    register = importlib.import_module("register")
    kinds = cells.constant(ROOT / "helpers" / "evidence.py", "KINDS")
    assert {kind for _, kind in register.WORDS} == set(kinds)
    words = {claim["id"]: register.in_words(claim) for claim in CLAIMS}
    assert "opposite" in words["l2-improves-circle"]
    assert "there is an effect" in words["circle-validation-falls"]
    assert "effect" not in words["circle-memorised"]  # its mean is compared with 0.99 alone


# --- Addresses ------------------------------------------------------------------------------------


def test_every_address_is_listed_and_none_is_lost(staged):
    listed = stage.published(ROOT)
    new = set(staged.addresses()) - set(listed)
    assert not new, "run python3 site/stage.py --addresses"
    moved = {old for old, to in listed.items() if to}
    assert set(listed) - moved == set(staged.addresses())


def test_a_page_that_moves_leaves_a_redirect_or_stops_the_build(tmp_path, monkeypatch):
    made = stage.Stage(ROOT, tmp_path / "pages")
    made.all()
    monkeypatch.setattr(stage, "published", lambda root: {"claims/old.html": None})
    with pytest.raises(ValueError, match="claims/old.html was published and leads nowhere"):
        made.redirects()
    to = f"claims/{CLAIMS[0]['id']}.html"
    monkeypatch.setattr(stage, "published", lambda root: {"claims/old.html": to})
    made.redirects()
    assert f'href="../{to}"' in (tmp_path / "pages/extra/claims/old.html").read_text()


def test_links_that_run_a_notebook_come_from_one_setting(tmp_path):
    assert stage.run_links("01_overfit_mlp", "") == ""
    told = stage.run_links("01_overfit_mlp", "https://github.com/someone/course/")
    assert "/gh/someone/course/HEAD?urlpath=lab/tree/notebooks/01_overfit_mlp.ipynb" in told
    path = NOTEBOOKS[1]
    made = stage.Stage(ROOT, tmp_path / "pages")
    assert "mybinder" not in json.dumps(cells.staged(path, made.site))
    assert told in cells.staged(path, made.site, told)["cells"][0]["source"]


def test_the_lock_of_the_site_holds_what_is_asked_for():
    lock = (ROOT / "site" / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pins = re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)
    pins = {canonicalize_name(name): version for name, version in pins}
    asked = (ROOT / "site" / "requirements.in").read_text(encoding="utf-8").splitlines()
    for line in map(Requirement, (line for line in asked if not line.startswith("#"))):
        assert line.specifier.contains(pins[canonicalize_name(line.name)])
    assert lock.count("\n    --hash=sha256:") >= len(pins)


# --- What is built, and what a browser makes of it ------------------------------------------------

KINDS = [
    "index.html", "symptoms.html", "exercises.html", "cite.html", "search.html",
    "notebooks/index.html", "notebooks/01_overfit_mlp.html", "notebooks/10_clinic.html",
    "notebooks/fifteen_programs.html", "notebooks/glossary.html", "claims/index.html",
    "claims/l2-improves-circle.html", "claims/dropout-improves-line.html",
]  # fmt: skip
WORDS = [
    "overfitting", "SMOTE", "patience", "dropout", "lasso", "epoch", "calibration", "variance",
    "imbalance", "seed",
]  # fmt: skip
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no chromium found")


@pytest.fixture(scope="module")
def served():
    """Build the site as a user does, serve it, and return its address."""
    command = [sys.executable, "course.py", "site", "--serve", "--no-open"]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        told = []
        for line in process.stdout:
            told.append(line)
            if address := re.match(r"The site is at (http://127\.0\.0\.1:\d+/)\.", line):
                break
        else:
            pytest.fail("".join(told))
        assert "warning" not in "".join(told).lower()
        yield address[1]
        process.terminate()


@pytest.fixture(scope="module")
def built(served):
    return ROOT / "build" / "site"


class Links(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self, path):
        super().__init__()
        self.anchors, self.links, self.images = {""}, [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.anchors |= {given[key] for key in ("id", "name") if given.get(key)}
        self.links += [given[key] for key in ("href", "src") if given.get(key)]
        if tag == "img":
            self.images.append(given)


@pytest.mark.slow
def test_every_link_anchor_and_picture_of_the_built_site_exists(built):
    pages = [path for path in built.rglob("*.html") if "_static" not in path.parts]
    read = {path.resolve(): Links(path) for path in pages}
    assert len(read) > len(CLAIMS)
    lost = []
    for path, page in read.items():
        assert all((image.get("alt") or "").strip() for image in page.images), path
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or link.startswith("//"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = read.get(target)
            if not target.exists() or (
                known and parts.fragment and unquote(parts.fragment) not in known.anchors
            ):
                lost.append(f"{path.name}: {link}")
    assert not lost


@pytest.mark.slow
def test_the_site_is_small(built):
    sizes = {path: path.stat().st_size for path in built.rglob("*") if path.is_file()}
    assert sum(sizes.values()) <= 25e6
    for path in (built / "notebooks").glob("*.html"):
        images = {image["src"] for image in Links(path).images}
        whole = sizes[path] + sum(sizes[(path.parent / src).resolve()] for src in images)
        assert whole <= 1.5e6, path.name


@pytest.fixture
def visit(browser):  # noqa: F811
    """Open pages that record what they ask for and what they complain of."""
    opened = []

    def open_page(address, width=1024, theme="light", script=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, java_script_enabled=script
        )
        opened.append((context, []))
        told = opened[-1][1]
        context.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
        context.on("weberror", lambda event: told.append(str(event.error)))
        context.on("request", lambda request: told.append(request.url))
        page = context.new_page()
        page.goto(address)
        page.wait_for_load_state("networkidle")
        return page

    yield open_page
    for context, told in opened:
        context.close()
        # The theme says in the console which of its modes is on; that is no complaint.
        fine = re.compile(r"(file|data|blob|http)://(127\.0\.0\.1|/)|data:|log: \[PST\]")
        assert not [line for line in told if not fine.match(line)]


@in_browser
@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("scheme", ["file", "http"])
def test_a_page_is_quiet_and_fits_a_phone(name, scheme, built, served, visit):
    address = (built / name).as_uri() if scheme == "file" else served + name
    page = visit(address, width=360)
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """Return the code of axe-core, if npm can fetch it."""
    folder, npm = tmp_path_factory.mktemp("axe"), shutil.which("npm")
    if (
        npm is None
        or subprocess.run(
            [npm, "pack", "axe-core@4.14.1", "--silent"], cwd=folder, capture_output=True
        ).returncode
    ):
        pytest.skip("axe-core could not be fetched with npm")
    shutil.unpack_archive(next(folder.glob("*.tgz")), folder)
    return (folder / "package" / "axe.min.js").read_text(encoding="utf-8")


@in_browser
@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", KINDS)
def test_axe_finds_nothing(name, theme, built, visit, axe):
    page = visit((built / name).as_uri(), theme=theme)
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    page.evaluate(axe)
    found = page.evaluate(
        "async () => (await axe.run({preload: false})).violations.map(v => [v.id, v.nodes.map("
        "n => n.html.slice(0, 200) + n.failureSummary)])"
    )
    assert not found


@in_browser
@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"verdict": "refuted"},
        {"verdict": "refuted", "kind": "opposite"},
        {"notebook": "05_smote", "origin": "planned"},
        {"words": "SMOTE threshold"},
    ],
    ids=str,
)
def test_the_register_filters_as_the_claims_say(asked, built, visit):
    page = visit((built / "claims" / "index.html").as_uri() + f"?{urlencode(asked)}")
    words = asked.get("words", "").lower().split()
    wanted = [
        claim["id"]
        for claim in CLAIMS
        if all(claim[key] == value for key, value in asked.items() if key != "words")
        and all(word in f"{claim['sentence']} {claim['id']}".lower() for word in words)
    ]
    shown = page.locator("#register tbody tr:not([hidden]) td:first-child code").all_inner_texts()
    assert shown == wanted
    assert page.locator("#shown").inner_text() == f"{len(wanted)} of {len(CLAIMS)} claims"
    assert dict(parse_qsl(urlsplit(page.url).query)) == asked


@in_browser
@pytest.mark.slow
def test_the_register_sorts_by_number_and_keeps_it_in_the_address(built, visit):
    page = visit((built / "claims" / "index.html").as_uri())
    for key, reverse in (("mean", False), ("mean", True)):
        page.get_by_role("button", name="Mean").press("Enter")
        shown = page.locator("#register tbody td:first-child code").all_inner_texts()
        by = {claim["id"]: claim["estimate"] for claim in CLAIMS}
        assert [by[name] for name in shown] == sorted(by.values(), reverse=reverse)
        assert f"sort={'-' * reverse}{key}" in page.url
    again = visit(page.url)
    assert again.locator("#register tbody td:first-child code").all_inner_texts() == shown
    again.get_by_role("button", name="Show all").click()
    first = again.locator("#register tbody td:first-child code").first
    first.filter(has_text=CLAIMS[0]["id"]).wait_for()


@in_browser
@pytest.mark.slow
def test_a_visitor_plays_predicts_and_searches(built, visit):
    page = visit((built / "index.html").as_uri())
    question = page.locator(".question:visible")
    assert question.count() == 1
    said = {"supported": "It holds", "refuted": "It does not"}
    for n in (1, 2):
        question.get_by_role("button", name=said[question.get_attribute("data-verdict")]).click()
        assert f"{n} of {n} right" in page.locator(".quiz [role=status]").inner_text()
        assert question.locator("img").is_visible()
        page.get_by_role("button", name="Another one").press("Enter")
    page = visit((built / "notebooks" / "01_overfit_mlp.html").as_uri() + "#exercise-honest_fall")
    assert page.locator("details.further").get_attribute("open") is not None
    slider = page.get_by_role("slider").first
    slider.press("End")
    page.get_by_role("button", name="This is my answer").first.press("Enter")
    assert page.get_by_text("(you said 0.5)").count() == 1
    clinic = visit((built / "notebooks" / "10_clinic.html").as_uri())
    for choice in clinic.locator("fieldset").first.get_by_role("radio").all()[:2]:
        choice.check()
    answer = (
        clinic.locator(".predict [role=status]").first.inner_text().removeprefix("Your answer: ")
    )
    printed = clinic.locator(".output.stream pre").filter(has_text="you said").inner_text()
    assert f" (you said {answer}).\n" in printed and printed.count("you said") == 1
    term = page.locator("a.term").first
    term.focus()
    assert page.locator("#tip").inner_text() == term.get_attribute("data-tip")
    for word in WORDS:
        page = visit((built / "search.html").as_uri() + f"?q={word}")
        page.locator("#search-results li a").first.wait_for()


@in_browser
@pytest.mark.slow
@pytest.mark.parametrize("path", FRAMES, ids=lambda path: path.parts[-3])
def test_a_slider_moves_by_keyboard_and_reads_out(path, built, visit):
    said = json.loads(path.read_text(encoding="utf-8"))
    page = visit((built / "notebooks" / f"{path.parts[-3]}.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(box => box.open = true)")
    box = page.locator(".slider")
    for key, (value, sentence) in (("Home", said["settings"][0]), ("End", said["settings"][-1])):
        box.get_by_role("slider").press(key)
        told = f"{said['label']} = {value}. {sentence}"
        assert box.get_by_role("status").inner_text() == told
        assert box.get_by_role("slider").get_attribute("aria-valuetext") == value
        assert box.locator("img").get_attribute("alt") == told
        assert box.locator("img").evaluate("async i => (await i.decode(), i.naturalWidth)") > 300


@in_browser
@pytest.mark.slow
def test_the_pages_read_without_a_script(built, visit):
    page = visit((built / "claims" / "index.html").as_uri(), script=False)
    assert page.locator("#register tbody tr:visible").count() == len(CLAIMS)
    assert not page.locator("#filter").is_visible()
    page = visit((built / "index.html").as_uri(), script=False)
    answers = page.locator(".question summary")
    answers.first.click()
    assert page.locator(".question .verdict").first.is_visible()
    page = visit((built / "notebooks" / "01_overfit_mlp.html").as_uri(), script=False)
    page.locator("details.further > summary").click()
    assert page.get_by_role("heading", name="Is the remaining fall real?").is_visible()
