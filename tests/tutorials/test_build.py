"""The rules of lessons, and their translation."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tutorials.build import lesson as lessons
from tutorials.build import translation
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


@pytest.mark.slow
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_executing_a_lesson_gives_the_committed_notebook_and_page(path, tmp_path):
    command = [sys.executable, "-m", "tutorials.build", path.stem[:2], "--into", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    for name in (f"{path.stem}.ipynb", f"pages/{path.stem}.html"):
        assert (tmp_path / name).read_bytes() == (path.parent / name).read_bytes(), name
