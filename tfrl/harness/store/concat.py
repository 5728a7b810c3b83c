"""Concatenation of the tables of many runs with little extra memory."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tfrl.harness.store.tables import LABEL

_GROWTH = 1.25  # columns are allocated for this multiple of the rows that are needed


class TableConcatenator:
    """Concatenates tables of one schema in columns that grow as tables are added."""

    def __init__(self, schema: pa.Schema):
        """Starts without rows."""
        self._categories: dict[str, dict[str, int]] = {
            field.name: {} for field in schema if field.type == LABEL
        }
        self._columns = {
            field.name: np.empty(
                0, np.int16 if field.name in self._categories else field.type.to_pandas_dtype()
            )
            for field in schema
        }
        self._keys: list[int] = []
        self._counts: list[int] = []
        self._num_rows = 0

    def add(self, table: pa.Table, key: int) -> None:
        """Appends the rows of a table; `finish` returns `key` for each of them."""
        begin, self._num_rows = self._num_rows, self._num_rows + len(table)
        self._keys.append(key)
        self._counts.append(len(table))
        for name, column in self._columns.items():
            if self._num_rows > len(column):
                # Grows in place where the system can. No other reference to the array exists.
                column.resize(int(_GROWTH * self._num_rows), refcheck=False)
            column[begin : self._num_rows] = self._values(name, table[name])

    def finish(self) -> tuple[np.ndarray, dict[str, Any]]:
        """Returns the key of each row, int64 `[rows]`, and the columns. Call it once, at the end.

        Columns of strings are `pandas.Categorical`, with the categories in the order of their first
        row.
        """
        columns: dict[str, Any] = {}
        for name, column in self._columns.items():
            column.resize(self._num_rows, refcheck=False)
            columns[name] = column
            if name in self._categories:
                columns[name] = pd.Categorical.from_codes(column, list(self._categories[name]))
        return np.repeat(np.array(self._keys, int), self._counts), columns

    def _values(self, name: str, column: pa.ChunkedArray) -> np.ndarray:
        if name not in self._categories:
            return column.to_numpy()
        codes, labels = self._categories[name], column.unify_dictionaries().combine_chunks()
        if not len(labels):
            return np.empty(0, np.int16)
        code = [codes.setdefault(text, len(codes)) for text in labels.dictionary.to_pylist()]
        return np.array(code, np.int16)[labels.indices.to_numpy()]
