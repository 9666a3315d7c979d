"""Many dossiers as columns: drawn with NumPy, as Arrow batches, as parquet files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.synthetic import Dossier, Work

WIDTH = 17
"""Digits of an amount: fifteen before the comma."""
GROUP = 16_384
"""Dossiers in one row group."""
ABSENT = np.iinfo(np.int64).min
"""What stands for an absent amount."""


def drawn(work: Work, count: int, seed: int = 11) -> np.ndarray:
    """Return amounts in cents, one row an input: as `synthetic.dossiers`, faster."""
    draw = np.random.default_rng(seed)
    cents = draw.integers(0, 10**9, (work.inputs, count))
    kind = draw.integers(0, 100, cents.shape, dtype=np.uint8)
    cents[kind < 3] *= -1
    cents[kind >= 98] = 0
    return cents


def array(dossiers: Iterable[Dossier]) -> np.ndarray:
    """Return dossiers as amounts in cents, one row an input."""
    rows = [[ABSENT if cents is None else cents for cents in dossier] for dossier in dossiers]
    return np.ascontiguousarray(np.array(rows, dtype=np.int64).T)


def decimals(cents: np.ndarray) -> pa.Array:
    """Return one column of amounts in euros."""
    words = np.empty((len(cents), 2), np.int64)
    words[:, 0], words[:, 1] = cents, cents >> 63
    known = cents != ABSENT
    mask = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.Array.from_buffers(pa.decimal128(WIDTH, 2), len(cents), [mask, pa.py_buffer(words)])


def batches(columns: np.ndarray, size: int, code: str = "{}") -> list[pa.RecordBatch]:
    """Return record batches of at most `size` dossiers, `code` naming the columns."""
    names = [code.format(f"x{i}") for i in range(len(columns))]
    return [
        pa.RecordBatch.from_arrays([decimals(column[start : start + size]) for column in columns], names=names)
        for start in range(0, columns.shape[1], size)
    ]


def file(work: Work, count: int, folder: Path, code: str = "{}") -> list[Path]:
    """Return parquet files of `count` dossiers in all: above 100,000, the same 100,000 several times, by hard links."""
    most = min(count, 100_000)
    first = folder / f"{most}-{code.format('x')}.parquet"
    if not first.exists():
        parts = batches(drawn(work, most), GROUP, code)
        with pq.ParquetWriter(first, parts[0].schema, use_dictionary=False, store_decimal_as_integer=True) as writer:
            for part in parts:
                writer.write_batch(part)
    found = [first]
    for index in range(1, count // most):
        link = folder / f"{first.stem}-{index}.parquet"
        if not link.exists():
            os.link(first, link)
        found.append(link)
    return found
