"""The Parquet tables of a run: schemas, reading, writing, and the fingerprint."""

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
        ("step", pa.int64()),  # environment steps at the end of the episode
        ("episode", pa.int64()),  # 0, 1, ... in the order of their ends
        ("return", pa.float64()),  # undiscounted sum of rewards
        ("length", pa.int64()),  # environment steps
    ]
)
LABEL = pa.dictionary(pa.int32(), pa.string())  # categorical
_MAX_LABELS = 1_000  # distinct labels in a column
EVALUATIONS = pa.schema(
    [
        ("step", pa.int64()),  # environment steps after which the evaluation was scheduled
        ("split", LABEL),  # one of `tfrl.variations.SPLITS`
        ("variation", LABEL),  # distribution of the physics; see `tfrl.variations`
        ("policy", LABEL),  # one of `tfrl.variations.POLICIES`
        ("level", pa.int64()),  # number of the start state and physics within the variation
        ("episode", pa.int64()),  # 0, 1, ... for each step, split, variation and policy
        ("return", pa.float64()),
        ("length", pa.int64()),
    ]
)
LOSSES = pa.schema(
    [
        ("step", pa.int64()),  # environment steps
        ("name", LABEL),  # "loss", its components, and other quantities that the pipeline reports
        ("value", pa.float64()),  # mean over the updates since the previous step
    ]
)
SCHEMAS = {"episodes": EPISODES, "evaluations": EVALUATIONS, "losses": LOSSES}


def from_columns(columns: Mapping[str, object], schema: pa.Schema) -> pa.Table:
    """Returns a table of these columns.

    Raises `ValueError` if they do not fit the schema, `FloatingPointError` if a return is not
    finite.
    """
    try:
        table = pa.table({name: columns[name] for name in schema.names}).cast(schema)
    except KeyError as error:
        raise ValueError(f"the run has no column {error}") from None
    if not _is_finite(table):
        raise FloatingPointError("a return is not a finite number")
    return table


def write(table: pa.Table, path: Path) -> str:
    """Writes a table as Parquet and returns the file's SHA-256. Equal tables give equal bytes."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def read(path: Path, schema: pa.Schema, sha256: str | None = None) -> pa.Table:
    """Reads a table.

    Raises `DamagedError` if the file is not a valid table of this schema, or if its SHA-256 is
    given and differs.
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
    if not _is_valid(table):
        raise DamagedError(f"{path} is damaged: values missing or out of range")
    return table


def fingerprint(tables: Mapping[str, pa.Table], weights_sha256: str) -> str:
    """Returns the SHA-256 of the tables' contents, column by column, and the final weights.

    It depends only on the values (numbers as little-endian 64-bit words, strings as UTF-8), not on
    their encoding in Parquet.
    """
    digest = hashlib.sha256()
    update_digest(digest, tables)
    digest.update(weights_sha256.encode())
    return digest.hexdigest()


def update_digest(digest: "hashlib._Hash", tables: Mapping[str, pa.Table]) -> None:
    """Updates a digest with the contents of some of the tables, column by column."""
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
    """Returns True if the table has no returns, or only finite ones."""
    if "return" not in table.column_names:
        return True
    return pc.all(pc.is_finite(table["return"]), min_count=0).as_py()


def _is_valid(table: pa.Table) -> bool:
    """Returns True if no value is missing, returns are finite, and columns have few labels."""
    labels = [column for column in table.columns if column.type == LABEL]
    return (
        not any(column.null_count for column in table.columns)
        and _is_finite(table)
        and all(len(column.unique()) <= _MAX_LABELS for column in labels)
    )


def _joined(column: pa.ChunkedArray) -> bytes | memoryview:
    """Returns the strings of a column in UTF-8, separated by line breaks."""
    if not len(column):
        return b""
    ended = pc.binary_join_element_wise(column.cast(pa.string()), "", "\n").combine_chunks()
    _, offsets, texts = ended.buffers()
    end = np.frombuffer(offsets, np.int32)[len(ended)]
    return memoryview(texts)[: end - 1]
