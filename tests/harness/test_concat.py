import numpy as np
import pandas as pd
import pyarrow as pa

from tfrl.harness.store import concat, tables


def test_rows_are_those_of_the_tables_one_under_the_other():
    generator = np.random.default_rng(0)
    parts = []
    for count in (3, 0, 50, 1):
        texts = np.array(["b", "a", "c"])[generator.integers(3, size=count)]
        numbers = {name: generator.integers(9, size=count) for name in tables.EVALUATIONS.names}
        labels = dict.fromkeys(("split", "variation", "policy"), texts)
        parts.append(tables.from_columns(numbers | labels, tables.EVALUATIONS))
    gathered = concat.TableConcatenator(tables.EVALUATIONS)
    for place, part in enumerate(parts):
        gathered.add(part, 10 + place)
    places, columns = gathered.finish()
    np.testing.assert_array_equal(places, np.repeat([10, 11, 12, 13], [3, 0, 50, 1]))
    expected = pa.concat_tables(parts).to_pandas()
    found = pd.DataFrame(columns)
    for name in ("split", "variation", "policy"):
        expected[name], found[name] = expected[name].astype(str), found[name].astype(str)
    pd.testing.assert_frame_equal(found, expected)


def test_without_tables_there_are_no_rows():
    places, columns = concat.TableConcatenator(tables.EVALUATIONS).finish()
    assert len(places) == 0 and list(columns) == tables.EVALUATIONS.names
    assert all(len(column) == 0 for column in columns.values())
