"""Marks, and the first difference between two runs."""

import numpy as np
import pyarrow as pa
import pytest

from tests.harness import fake
from tfrl.analysis.returns import evaluation_means
from tfrl.harness.store import fingerprints, tables

STEPS = [0, 200, 400]


def results(seed=0):
    """Returns the tables of a fake run, with episodes after the last of three evaluations."""
    result = fake.Trainer(fake.Config(), steps=400, every=200, episodes=2).run(seed)
    assert result.episodes["step"][-2] > 400
    return {
        name: tables.from_columns(getattr(result, name), schema)
        for name, schema in tables.SCHEMAS.items()
    }


def changed(whole, name, row, column="return"):
    """Returns the tables with one value changed by the last bit of its mantissa."""
    table = whole[name]
    values = table[column].to_numpy().copy()
    values[row] = np.nextafter(values[row], np.inf) if column == "return" else values[row] + 1
    position = table.column_names.index(column)
    return {**whole, name: table.set_column(position, table.schema.field(column), [values])}


def digests(whole):
    return [mark.digest for mark in fingerprints.marks(whole)]


def test_there_is_a_mark_for_each_evaluation():
    marks = fingerprints.marks(results())
    assert [mark.step for mark in marks] == STEPS
    assert len({mark.digest for mark in marks}) == 3
    assert all(len(mark.digest) == 16 and int(mark.digest, 16) for mark in marks)
    assert marks == fingerprints.marks(results())
    assert not {*digests(results(0))} & {*digests(results(1))}


def test_the_score_is_the_one_that_the_report_has():
    whole = results()
    frame = whole["evaluations"].to_pandas().assign(environment="e", configuration="c", seed=0)
    expected = evaluation_means(frame)
    marks = fingerprints.marks(whole)
    np.testing.assert_allclose([mark.score for mark in marks], expected["score"], rtol=1e-14)


@pytest.mark.parametrize("name", ["episodes", "evaluations"])
def test_the_last_bit_of_any_value_shows_from_its_step_on(name):
    whole = results()
    before, steps = digests(whole), whole[name]["step"].to_numpy()
    for row in range(len(steps)):
        first = sum(step < steps[row] for step in STEPS)  # the first mark that covers the row
        first = min(first, 2)  # the last mark covers all later rows
        for column in ("return", "length", "episode"):
            after = digests(changed(whole, name, row, column))
            assert [one == other for one, other in zip(before, after, strict=True)] == [
                position < first for position in range(3)
            ]


def test_texts_show_too():
    whole = results()
    for column in ("split", "variation", "policy"):
        table = whole["evaluations"]
        texts = table[column].to_pylist()
        row = next(i for i in range(8, 16) if table["policy"][i].as_py() == "stochastic")
        texts[row] = "other"
        position, field = table.column_names.index(column), table.schema.field(column)
        other = table.set_column(position, field, pa.array(texts, field.type))
        alike, apart = fingerprints.first_difference(
            fingerprints.marks(whole), fingerprints.marks({**whole, "evaluations": other})
        )
        assert (alike, apart) == (0, 200)


def test_it_does_not_matter_how_rows_of_other_steps_are_ordered_or_chunked():
    whole = results()
    shuffled = {
        name: pa.concat_tables([table.slice(20), table.slice(0, 20)])
        for name, table in whole.items()
    }
    assert digests(changed(whole, "episodes", 0)) != digests(whole)
    ordered = {name: table.sort_by("step") for name, table in shuffled.items()}
    assert digests(shuffled) == digests(ordered)
    chunked = {name: pa.concat_tables([t.slice(0, 7), t.slice(7)]) for name, t in whole.items()}
    assert digests(chunked) == digests(whole)


def test_where_two_runs_part():
    def marks(*digests, steps=(0, 10, 20)):
        pairs = zip(steps, digests, strict=False)
        return tuple(fingerprints.Mark(step, 0.0, digest) for step, digest in pairs)

    one = marks("a", "b", "c")
    assert fingerprints.first_difference(one, one) == (20, None)
    assert fingerprints.first_difference(one, marks("a", "b", "d")) == (10, 20)
    assert fingerprints.first_difference(one, marks("a", "x", "d")) == (0, 10)
    assert fingerprints.first_difference(one, marks("x", "y", "z")) == (None, 0)
    assert fingerprints.first_difference(one, marks("a", "b")) == (
        10,
        20,
    )  # the second is shorter
    assert fingerprints.first_difference(marks("a", "b"), one) == (10, 20)
    assert fingerprints.first_difference(one, marks("a", "b", "c", steps=(0, 5, 10))) == (0, 5)
    assert fingerprints.first_difference((), ()) == (None, None)
