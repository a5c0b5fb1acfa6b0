"""The copies in workbook/: brought up to date, and nothing that a learner made is lost."""

import json
import sys
import threading
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel

import course

ROOT = Path(__file__).parents[1]


def write(path, *sources, output=None, **metadata):
    """Write a notebook of code cells, as JupyterLab would."""
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    for place, source in enumerate(sources):
        cell = nbformat.v4.new_code_cell(source, id=f"c{place}")
        if output:
            cell.update(execution_count=3, outputs=[nbformat.v4.new_output("stream", text=output)])
        notebook.cells.append(cell)
    nbformat.write(notebook, path)


@pytest.fixture
def root(tmp_path):
    """A course of two notebooks, stored with outputs, and its shim."""
    (tmp_path / "notebooks").mkdir()
    write(tmp_path / course.START, "a = 1", output="one")
    write(tmp_path / "notebooks/01_b.ipynb", "b = 1", output="one")
    (tmp_path / "notebooks/helpers.py").write_text("answer = 42\n")
    return tmp_path


def lab(root, capsys):
    """Do what `lab` does before it starts; return the page and what was said."""
    page = course.working_copies(root)
    return page, capsys.readouterr().out


def sources(path):
    return [cell.source for cell in nbformat.read(path, 4).cells]


def names(root):
    """Return the files that a learner sees."""
    return sorted(p.name for p in (root / "workbook").iterdir() if p.name[0] != ".")


ALL = ["00_start_here.ipynb", "01_b.ipynb", "helpers.py"]


def test_copies_are_made_without_outputs_and_come_back(root, capsys):
    assert lab(root, capsys) == ("workbook/00_start_here.ipynb", "")
    assert names(root) == ALL
    (cell,) = nbformat.read(root / "workbook/01_b.ipynb", 4).cells
    assert (cell.source, cell.outputs, cell.execution_count) == ("b = 1", [], None)
    nbformat.validate(nbformat.read(root / "workbook/01_b.ipynb", 4))
    for name in ("workbook/01_b.ipynb", "notebooks/01_b.ipynb"):
        (root / name).unlink()
    write(root / "notebooks/02_c.ipynb", "c = 1")
    (root / "workbook/.ipynb_checkpoints").mkdir()
    (root / "workbook/helpers.py").unlink()
    assert lab(root, capsys)[1] == ""
    assert names(root) == [ALL[0], "02_c.ipynb", "helpers.py"]


def test_a_copy_that_was_run_or_is_untouched_follows_the_course(root, capsys):
    lab(root, capsys)
    # JupyterLab writes its own metadata; running a cell leaves counts and outputs.
    write(root / "workbook/01_b.ipynb", "b = 1", output="mine", toc={})
    before = (root / "workbook/01_b.ipynb").read_bytes()
    assert lab(root, capsys)[1] == ""
    assert (root / "workbook/01_b.ipynb").read_bytes() == before
    write(root / "notebooks/01_b.ipynb", "b = 2")
    (root / "notebooks/helpers.py").write_text("answer = 43\n")
    assert lab(root, capsys)[1] == (
        "Brought up to date, without outputs: 01_b.ipynb, helpers.py. You had not changed them.\n"
    )
    assert sources(root / "workbook/01_b.ipynb") == ["b = 2"]
    assert names(root) == ALL


@pytest.mark.parametrize("mine", [["b = 1 + 1"], ["b = 1", "more"], [], ["b = 1 "]])
def test_a_changed_copy_stays_until_the_course_changes_and_is_then_renamed(mine, root, capsys):
    lab(root, capsys)
    copy = root / "workbook/01_b.ipynb"
    write(copy, *mine, output="mine")
    work = copy.read_bytes()
    assert lab(root, capsys)[1] == ""
    assert copy.read_bytes() == work
    for round in (2, 3):  # on one day: no name is used twice
        write(root / "notebooks/01_b.ipynb", f"b = {round}")
        out = lab(root, capsys)[1]
        assert out.startswith("01_b.ipynb changed, and so did your copy. Yours is now '01_b (my ")
        assert (root / "workbook" / out.split("'")[1]).read_bytes() == work
        assert sources(copy) == [f"b = {round}"]
        copy.write_bytes(work)
    assert len(names(root)) == 5


@pytest.mark.parametrize("record", [None, "", "{", "[1]", '{"01_b.ipynb": 3}'])
@pytest.mark.parametrize("copy", [b"", b"<<<<<<< \xff", b'{"cells": [{"source": 1}]}'])
def test_no_damage_costs_work(record, copy, root, capsys):
    lab(root, capsys)
    (root / "workbook/01_b.ipynb").write_bytes(copy)
    place = root / "workbook/.delivered.json"
    place.unlink() if record is None else place.write_text(record)
    out = lab(root, capsys)[1]
    assert (root / "workbook" / out.split("'")[1]).read_bytes() == copy
    assert sources(root / "workbook/01_b.ipynb") == ["b = 1"]
    write(root / "notebooks/00_start_here.ipynb", "a = 2")  # its entry was written anew
    assert "00_start_here.ipynb. You had not changed" in lab(root, capsys)[1]


def test_a_picture_pasted_into_a_text_cell_is_work(root, capsys):
    cell = nbformat.v4.new_markdown_cell("t")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), root / "notebooks/01_b.ipynb")
    lab(root, capsys)
    cell["attachments"] = {"image.png": {"image/png": "aGk="}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), root / "workbook/01_b.ipynb")
    write(root / "notebooks/01_b.ipynb", "b = 2")
    assert "Yours is now" in lab(root, capsys)[1]


def test_a_damaged_notebook_of_the_course_is_left_out(root, capsys):
    lab(root, capsys)
    (root / course.START).write_text("<<<<<<< ours")
    write(root / "notebooks/01_b.ipynb", "b = 2")
    page, out = lab(root, capsys)
    assert "00_start_here.ipynb is damaged" in out and "Brought up to date" in out
    assert sources(root / page) == ["a = 1"]


def test_a_folder_that_cannot_be_written_opens_the_stored_notebooks(root, capsys):
    (root / "workbook").write_text("a file where the folder should be")
    page, out = lab(root, capsys)
    assert page == course.START
    assert "were not brought up to date" in out and out.count("\n") == 1


@pytest.mark.parametrize("step", range(1, 5))
def test_a_crash_at_any_write_costs_nothing(step, root, capsys, monkeypatch):
    lab(root, capsys)
    write(root / "workbook/00_start_here.ipynb", "mine")
    for name, cell in ((course.START, "a = 2"), ("notebooks/01_b.ipynb", "b = 2")):
        write(root / name, cell)
    done, write_text = [], Path.write_text

    def crash(path, text, **options):
        done.append(path)
        if len(done) == step:
            write_text(path, text[: len(text) // 2], **options)
            raise SystemError
        write_text(path, text, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", crash)
        with pytest.raises(SystemError):
            course.working_copies(root)
    lab(root, capsys)
    found = [name for name in names(root) if "my copy" in name]
    assert [sources(root / "workbook" / name) for name in found] == [["mine"]]
    assert sources(root / "workbook/00_start_here.ipynb") == ["a = 2"]
    assert sources(root / "workbook/01_b.ipynb") == ["b = 2"]
    assert lab(root, capsys)[1] == ""


def test_a_second_call_waits_for_the_first(root, monkeypatch):
    (root / "workbook").mkdir()
    waiting = threading.Event()
    monkeypatch.setattr(course, "say", lambda text: waiting.set())
    second = threading.Thread(target=course.working_copies, args=[root])
    with course.only_one(root / "workbook/.lock"):
        second.start()
        assert waiting.wait(60)
        assert names(root) == []
    second.join()
    assert names(root) == ALL


def test_lab_opens_the_copies_or_what_is_stored(root, monkeypatch, capsys):
    started = []
    monkeypatch.setattr(course, "ensure_environment", lambda root: Path(sys.executable))
    monkeypatch.setattr(course, "run_child", lambda command, *_: started.append(command) or 0)
    course.main(["lab", "--stored", "--no-browser"], root=root)
    assert not (root / "workbook").exists()
    course.main(["lab", "--no-browser"], root=root)
    for command, page in zip(started, ["notebooks", "workbook"], strict=True):
        assert command[-1] == "--no-browser" and "--stored" not in command
        assert f"--LabApp.default_url=/lab/tree/{page}/00_start_here.ipynb" in command


def test_the_metadata_is_what_jupyterlab_would_write():
    """Otherwise a notebook shows unsaved changes as soon as its kernel is up."""
    copy = json.loads(course.blank((ROOT / course.START).read_text(encoding="utf-8")))
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        reply = client.kernel_info(reply=True, timeout=60)["content"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    spec = KernelSpecManager().get_kernel_spec("python3")
    assert copy["metadata"] == {
        "language_info": reply["language_info"],
        "kernelspec": {
            "name": "python3", "display_name": spec.display_name, "language": spec.language,
        },
    }  # fmt: skip
