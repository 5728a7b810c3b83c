"""The tables that a run leaves behind, as Parquet: their columns, and their fingerprint."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tfrl.harness.errors import DamagedError, describe

EPISODES = pa.schema(
    [
        ("step", pa.int64()),  # environment steps made when the episode ended
        ("episode", pa.int64()),  # 0, 1, ... in the order in which they ended
        ("return", pa.float64()),  # undiscounted sum of rewards
        ("length", pa.int64()),  # environment steps
    ]
)
LABEL = pa.dictionary(pa.int32(), pa.string())  # a text out of a few
_MOST_LABELS = 1_000  # that a column has
EVALUATIONS = pa.schema(
    [
        ("step", pa.int64()),  # environment steps after which an evaluation was scheduled
        ("split", LABEL),  # out of `tfrl.variations.SPLITS`
        ("variation", LABEL),  # what the physics were drawn from; see `tfrl.variations`
        ("policy", LABEL),  # out of `tfrl.variations.POLICIES`
        ("level", pa.int64()),  # which start and physics, out of those of the variation
        ("episode", pa.int64()),  # 0, 1, ... for each step, split, variation and policy
        ("return", pa.float64()),
        ("length", pa.int64()),
    ]
)
LOSSES = pa.schema(
    [
        ("step", pa.int64()),  # environment steps made
        ("name", LABEL),  # "loss", its components, and what else the pipeline reports of learning
        ("value", pa.float64()),  # mean over the updates since the step before
    ]
)
SCHEMAS = {"episodes": EPISODES, "evaluations": EVALUATIONS, "losses": LOSSES}


def from_columns(columns: Mapping[str, object], schema: pa.Schema) -> pa.Table:
    """A table of these columns.

    Raises `ValueError` if they do not fit, `FloatingPointError` if a return is not finite.
    """
    try:
        table = pa.table({name: columns[name] for name in schema.names}).cast(schema)
    except KeyError as error:
        raise ValueError(f"the run has no column {error}") from None
    if not _is_finite(table):
        raise FloatingPointError("a return is not a finite number")
    return table


def write(table: pa.Table, path: Path) -> str:
    """Write a table as Parquet, the same bytes for the same table, and return their SHA-256."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def read(path: Path, schema: pa.Schema, sha256: str | None = None) -> pa.Table:
    """Read a table.

    Raises `DamagedError` if it is no table of this schema, whole and readable, or if the SHA-256 of
    the file is known and another.
    """
    try:
        content = path.read_bytes()
        if sha256 not in (None, hashlib.sha256(content).hexdigest()):
            raise DamagedError(f"{path} is damaged: its content differs from its checksum")
        table = pq.ParquetFile(pa.BufferReader(content)).read()
        table.validate(full=True)
    except (OSError, ValueError, MemoryError, pa.ArrowException) as error:
        raise DamagedError(f"{path} is damaged: {describe(error)}") from None
    if not table.schema.equals(schema):
        raise DamagedError(f"{path} is damaged: expected the columns {', '.join(schema.names)}")
    if not _is_possible(table):
        raise DamagedError(f"{path} is damaged: no run leaves such values")
    return table


def fingerprint(tables: Mapping[str, pa.Table], weights_sha256: str) -> str:
    """SHA-256 over the tables' contents, column by column, and the final weights.

    It depends on the values alone (numbers as little-endian 64-bit words, texts as UTF-8), not on
    how Parquet happens to encode them.
    """
    digest = hashlib.sha256()
    update_digest(digest, tables)
    digest.update(weights_sha256.encode())
    return digest.hexdigest()


def update_digest(digest: "hashlib._Hash", tables: Mapping[str, pa.Table]) -> None:
    """Add the contents of the tables that there are, column by column, to a digest."""
    for name, schema in SCHEMAS.items():
        for field in schema if name in tables else ():
            column = tables[name][field.name]
            digest.update(f"{name} {field.name} {len(column)}\n".encode())
            if field.type == LABEL:
                digest.update(_joined(column))
            else:
                values = column.to_numpy()
                digest.update(values.astype(values.dtype.newbyteorder("<")).tobytes())


def _is_finite(table: pa.Table) -> bool:
    """Whether the returns are finite, in a table that has any."""
    if "return" not in table.column_names:
        return True
    return pc.all(pc.is_finite(table["return"]), min_count=0).as_py()


def _is_possible(table: pa.Table) -> bool:
    """Whether values are all there, the returns finite, and texts out of a few."""
    labels = [column for column in table.columns if column.type == LABEL]
    return (
        not any(column.null_count for column in table.columns)
        and _is_finite(table)
        and all(len(column.unique()) <= _MOST_LABELS for column in labels)
    )


def _joined(column: pa.ChunkedArray) -> bytes | memoryview:
    """The texts of a column in UTF-8, with a line break between any two."""
    if not len(column):
        return b""
    ended = pc.binary_join_element_wise(column.cast(pa.string()), "", "\n").combine_chunks()
    _, offsets, texts = ended.buffers()
    end = np.frombuffer(offsets, np.int32)[len(ended)]
    return memoryview(texts)[: end - 1]
