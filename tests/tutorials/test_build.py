"""The rules of lessons, and their translation."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from tutorials.build import lesson as lessons
from tutorials.build import notebook, translation
from tutorials.build.__main__ import write_pages
from tutorials.build.lesson import Cell, Lesson

ROOT = Path(__file__).parents[2]
SOURCES = lessons.paths()
TERMS = {"return": "a sum"}


def broken(kind, source):
    """The rules that a cell breaks."""
    return list(lessons.problems(Lesson(Path("x.py"), (Cell(kind, source),)), TERMS))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_lesson_keeps_the_rules(path):
    assert list(lessons.problems(lessons.read(path), lessons.glossary())) == []


@pytest.mark.parametrize(
    "text",
    [
        "It returns 475 points.",
        "In 20% of the runs.",
        "After 70,000 steps.",
        "Of twenty seeds.",
        "A gap of 1.5 points.",
    ],
)
def test_a_typed_number_is_refused(text):
    (problem,) = broken("text", text)
    assert "is typed" in problem
    assert broken("say", text)
    assert broken("say", f"{text} It is {{value:.1f}}.")


@pytest.mark.parametrize(
    "text",
    [
        "CartPole-v1 and `gamma=0.99` and $0.5^2$.",
        "By Schulman et al. (2017).",
        "See lesson 3, or lessons 4 and 5, or [it](02_dqn.ipynb).",
        "1. One thing.\n2. Two things.",
        "Its *return* is what counts.",
    ],
)
def test_other_digits_are_not(text):
    assert broken("text", text) == []


def test_a_computed_number_is_what_is_asked_for():
    assert broken("say", "It returns {value:.0f} points, {100 * share:.0f}% of all.") == []


def test_code_figures_and_unknown_terms_are_refused():
    assert "code cell" in broken("text", "```\nx = y\n```")[0]
    assert "code cell" in broken("text", "![x](y.png)")[0]
    assert "'regret'" in broken("text", "Its *regret*.")[0]


def test_every_term_of_the_glossary_is_explained_in_a_lesson():
    texts = [
        lessons.literal(cell)
        for path in SOURCES
        for cell in lessons.read(path).cells
        if cell.kind != "code"
    ]
    explained = {
        term.lower()
        for text in texts
        for term in lessons._TERM.findall(lessons._NOT_RESULTS.sub(" ", text))
    }
    assert lessons.glossary().keys() - explained == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_translation_holds_all_texts_and_nothing_else(path):
    lesson = lessons.read(path)
    text = translation.extract(lesson)
    same = translation.apply(lesson, text)
    stripped = tuple(replace(cell, source=cell.source.strip()) for cell in lesson.cells)
    assert tuple(replace(cell, source=cell.source.strip()) for cell in same.cells) == stripped
    shorter = text[: text.rindex("<!-- cell")]
    with pytest.raises(ValueError, match="in one language only"):
        translation.apply(lesson, shorter)


def test_a_lesson_that_is_not_there_is_named():
    command = [sys.executable, "-m", "tutorials.build", "99"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "there is no lesson 99\n")


def test_a_copy_to_work_in_has_no_results_and_is_kept(tmp_path):
    command = [sys.executable, "-m", "tutorials.build", "00", "--copy", "--into", str(tmp_path)]
    printed = subprocess.check_output(command, text=True, cwd=ROOT)
    copy = tmp_path / "my_00_first_look.ipynb"
    assert printed == f"{copy}\n"
    content = nbformat.read(copy, 4)
    sources = [lessons.code(cell) for cell in lessons.read(SOURCES[0]).cells]
    assert [cell.source for cell in content.cells] == sources
    assert not any(cell.get("outputs") for cell in content.cells)
    content.cells[0].source = "mine"
    nbformat.write(content, copy)
    subprocess.check_output(command, cwd=ROOT)
    assert nbformat.read(copy, 4).cells[0].source == "mine"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_a_notebook_has_the_cells_of_its_source(path):
    written = [cell.source for cell in nbformat.read(path.with_suffix(".ipynb"), 4).cells]
    assert written == [lessons.code(cell) for cell in lessons.read(path).cells]


def test_every_link_of_a_lesson_leads_to_a_file():
    for path in SOURCES:
        links = re.findall(r"\]\(([^)#:]+)\)", path.read_text())
        assert [link for link in links if not (path.parent / link).exists()] == [], path.stem


def test_the_pages_are_those_of_the_notebooks(tmp_path):
    (tmp_path / "pages").mkdir()
    for path in SOURCES:
        shutil.copy(path.with_suffix(".ipynb"), tmp_path)
    write_pages([lessons.read(path) for path in SOURCES], "en", tmp_path)
    for path in SOURCES:
        committed = path.parent / "pages" / f"{path.stem}.html"
        written = (tmp_path / "pages" / committed.name).read_text()
        assert written == committed.read_text(), path.stem  # else: make tutorials


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import sys\nprint('oh', file=sys.stderr)", "cell 1 wrote to stderr: oh"),
        ("import os\nos._exit(1)", "the process that ran its cells died"),
        ("import time\ntime.sleep(60)", "longer than 5 s"),
        (
            "from tfrl.tutorials import begin\nfrom matplotlib import pyplot as plt\nbegin()\n"
            "plt.title('$\\\\x$')\nplt.show()",
            "cell 1 ",
        ),
    ],
)
def test_a_cell_that_fails_is_named_in_one_message(source, message, tmp_path):
    lesson = Lesson(Path("07_x.py"), (Cell("code", source),))
    with pytest.raises(notebook.Failed, match=f"(?s)07_x.py.*{message}"):
        notebook.execute(lesson, tmp_path, seconds=5 if "sleep" in source else 60)


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_executing_a_lesson_gives_the_committed_texts_and_numbers(path, tmp_path):
    command = [sys.executable, "-m", "tutorials.build", path.stem[:2], "--into", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    executed, committed = (folder / f"{path.stem}.ipynb" for folder in (tmp_path, path.parent))
    assert texts(executed) == texts(committed)


def texts(file):
    """The computed texts of a notebook, which are the same on every processor.

    Pixels of figures may differ, and so may what a command says of the processor.
    """
    return [
        output["data"]["text/markdown"]
        for cell in nbformat.read(file, 4).cells
        for output in cell.get("outputs", ())
        if "text/markdown" in output.get("data", {})
    ]
