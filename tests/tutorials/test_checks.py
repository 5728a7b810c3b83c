"""The checks of exercises take the right answer and refuse plausible wrong ones, with a hint."""

import ast
import importlib

import numpy as np
import pytest

from tests.tutorials.wrong_answers import WRONG
from tfrl.tutorials import Exercise
from tutorials.build import lesson as lessons

LESSONS = {path.stem[3:]: path for path in lessons.paths()}


def checks(name):
    """The checks of a lesson, by name; none if it has no exercise."""
    try:
        module = importlib.import_module(f"tfrl.tutorials.checks.{name}")
    except ModuleNotFoundError:
        return {}
    return {key: value for key, value in vars(module).items() if isinstance(value, Exercise)}


def statements(name, wanted):
    """Statements of a lesson's cells of code for which `wanted(tags, statement)` holds."""
    for cell in lessons.read(LESSONS[name]).cells:
        if cell.kind == "code":
            for statement in ast.parse(cell.source).body:
                if wanted(cell.tags, statement):
                    yield statement


def solutions(name):
    """What a learner has after the lesson's imports and solutions, and the arguments of checks."""

    def defines(tags, statement):
        imports = isinstance(statement, ast.Import | ast.ImportFrom)
        return imports or ("solution" in tags and not isinstance(statement, ast.Expr))

    def asks(tags, statement):
        return "solution" in tags and isinstance(statement, ast.Expr)

    names = {}
    body = list(statements(name, defines))
    exec(compile(ast.Module(body, []), LESSONS[name].name, "exec"), names)
    for call in (one.value for one in statements(name, asks)):
        arguments = [eval(compile(ast.Expression(arg), "", "eval"), names) for arg in call.args]
        yield call.func.attr, arguments


@pytest.mark.parametrize("name", LESSONS)
def test_each_check_takes_the_solution_of_its_lesson(name):
    answered = dict(solutions(name))
    assert answered.keys() == checks(name).keys()
    for check, arguments in answered.items():
        assert checks(name)[check].hint(*arguments) is None


@pytest.mark.parametrize("name", LESSONS)
def test_each_check_refuses_three_wrong_answers_with_a_fitting_hint(name):
    assert WRONG.get(name, {}).keys() == checks(name).keys()
    for check, wrong in WRONG.get(name, {}).items():
        assert len(wrong) >= 3, check
        for answer, hint in wrong:
            answers = answer if isinstance(answer, tuple) else (answer,)
            given = checks(name)[check].hint(*answers)
            assert given is not None and hint in given, (check, answer, given)


@pytest.mark.parametrize("name", LESSONS)
def test_each_check_has_a_hint_for_answers_of_any_type(name):
    strange = ["x", [], {}, {1}, object(), [[1], [1, 2]], ["x", 1], np.nan, 1j, lambda: 1]
    for check, arguments in solutions(name):
        for value in strange:
            of_functions = [
                (lambda *_, value=value: value) if callable(argument) else value
                for argument in arguments
            ]
            assert checks(name)[check].hint(*of_functions), (check, value)


def test_a_gap_that_is_not_filled_is_no_mistake():
    check = Exercise(lambda answer: None)
    assert "Replace the `...`" in check.hint(...)
    assert check.hint(1) is None


def test_a_check_shows_its_answer(capsys):
    Exercise(lambda answer: None)(1)
    assert "Markdown" in capsys.readouterr().out
