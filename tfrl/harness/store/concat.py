"""The tables of many runs, gathered into one without holding any of them twice."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tfrl.harness.store.tables import LABEL

_ROOM = 1.25  # what columns grow by, beyond what is needed


class TableConcatenator:
    """Rows of the tables of one schema, in columns that grow as tables are added."""

    def __init__(self, schema: pa.Schema):
        """Starts without rows."""
        self._texts: dict[str, dict[str, int]] = {
            field.name: {} for field in schema if field.type == LABEL
        }
        self._columns = {
            field.name: np.empty(
                0, np.int16 if field.name in self._texts else field.type.to_pandas_dtype()
            )
            for field in schema
        }
        self._places: list[int] = []
        self._counts: list[int] = []
        self._num_rows = 0

    def add(self, table: pa.Table, place: int) -> None:
        """Appends the rows of a table; `place` is what `finish` is to say of each."""
        begin, self._num_rows = self._num_rows, self._num_rows + len(table)
        self._places.append(place)
        self._counts.append(len(table))
        for name, column in self._columns.items():
            if self._num_rows > len(column):
                # Grows in place, where the system can; nobody else has the array.
                column.resize(int(_ROOM * self._num_rows), refcheck=False)
            column[begin : self._num_rows] = self._values(name, table[name])

    def finish(self) -> tuple[np.ndarray, dict[str, Any]]:
        """The place of each row, int64 `[rows]`, and the columns; nothing can be added any more.

        Texts are `pandas.Categorical`, with the categories in the order in which they came.
        """
        columns: dict[str, Any] = {}
        for name, column in self._columns.items():
            column.resize(self._num_rows, refcheck=False)
            columns[name] = column
            if name in self._texts:
                columns[name] = pd.Categorical.from_codes(column, list(self._texts[name]))
        return np.repeat(np.array(self._places, int), self._counts), columns

    def _values(self, name: str, column: pa.ChunkedArray) -> np.ndarray:
        if name not in self._texts:
            return column.to_numpy()
        texts, labels = self._texts[name], column.unify_dictionaries().combine_chunks()
        if not len(labels):
            return np.empty(0, np.int16)
        known = [texts.setdefault(text, len(texts)) for text in labels.dictionary.to_pylist()]
        return np.array(known, np.int16)[labels.indices.to_numpy()]
