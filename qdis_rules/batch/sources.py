"""Files of dossiers, Parquet or CSV: which they are, their columns, and their rows some thousands at a time."""

from __future__ import annotations

import csv
import glob
import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from qdis_rules.batch.layout import BatchError, empty, listed
from qdis_rules.evaluation.dossier import Problem

MANIFEST: Final = "_lot.json"
"""In a folder of results, what they are of. Readers of Parquet folders leave out what begins so."""
PARQUET: Final = ".parquet"
CSV: Final = ".csv"
_SUFFIXES: Final = (PARQUET, CSV)
_VALUES: Final = 8_000_000
"""About how many values a slice holds, so that memory does not follow the number of columns."""
_FEWEST, _MOST = 1024, 16_384
_BLOCK: Final = 8_000_000
_TAIL: Final = 65_536
"""The end of a file, where Parquet tells of the rest."""
_WIDEST: Final = 32
"""The bytes of a decimal256."""
_CSV_ROW: Final = re.compile(r"Row #([0-9]+)")
_CSV_COUNT: Final = re.compile(r"Expected ([0-9]+) columns, got ([0-9]+)")


Needed: TypeAlias = Callable[[], Collection[str] | None]
"""Gives the columns that are enough for dossiers where no value is missing, None when all are needed."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file of dossiers, read `size` rows at a time.

    `groups` are the rows of its row groups; of a CSV file, at most how many it has in all.
    """

    path: str
    schema: pa.Schema
    groups: tuple[int, ...]
    size: int
    delimiter: str | None = None

    @classmethod
    def of(cls, path: Path, schema: pa.Schema, groups: tuple[int, ...], delimiter: str | None = None) -> Source:
        """Return the source of a file: the more columns, the fewer rows at a time."""
        size = max(_FEWEST, min(_MOST, _VALUES // max(1, len(schema))))
        return cls(str(path), schema, groups, size, delimiter)

    def slices(self, group: int) -> int:
        """Return how many slices a row group makes, at most; without a row, one."""
        return max(1, -(-self.groups[group] // self.size))

    def read(self, group: int, needed: Needed | None = None, *, threads: bool = False) -> Iterator[pa.RecordBatch]:
        """Yield the slices of a row group, in order; where no value is missing, zeros stand for what is not `needed`.

        `threads`: columns are read by several. Raises BatchError.
        """
        with _located(self.path):
            if self.delimiter is not None:
                yield from _whole(_csv_batches(self), self.size, self.schema)
                return
            if not self.groups[group]:  # which may not be there at all
                yield empty(self.schema)
                return
            file = pq.ParquetFile(self.path, pre_buffer=False)
            some = needed() if needed is not None and _has_no_null(file, group) else None
            columns = None if some is None else list(some)
            for batch in file.iter_batches(self.size, row_groups=[group], columns=columns, use_threads=threads):
                yield batch if columns is None else self._widened(batch)

    def _widened(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with zeros, which all share, for the columns that were not read: they are of a fixed width."""
        if any(column.null_count for column in batch.columns):
            why = "il dit n'avoir aucune valeur manquante, et il en a : ses statistiques sont fausses"
            raise BatchError([Problem(self.path, "parquet-illisible", why)])
        zeros = pa.py_buffer(bytes(_WIDEST * batch.num_rows))
        read = dict(zip(batch.schema.names, batch.columns, strict=True))
        arrays = [
            read[field.name] if field.name in read else pa.Array.from_buffers(field.type, batch.num_rows, [None, zeros])
            for field in self.schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def fingerprint(self) -> dict[str, Any]:
        """Return what tells this file from another, or from itself changed."""
        path = Path(self.path)
        stat = path.stat()
        with path.open("rb") as file:
            file.seek(max(0, stat.st_size - _TAIL))
            tail = hashlib.sha256(file.read()).hexdigest()
        return {"fichier": self.path, "taille": stat.st_size, "modifie": stat.st_mtime_ns, "fin": tail}


def sources_of(named: Sequence[str | Path]) -> tuple[Source, ...]:
    """Return the files of dossiers that names, folders and patterns stand for; folders of results are left out.

    Raises BatchError, with every file that cannot be read.
    """
    problems: list[Problem] = []
    found: dict[Path, Source] = {}
    for name in listed(named):
        paths = _paths(name)
        if not paths:
            why = "il n'y a là ni fichier .parquet ni fichier .csv"
            problems.append(Problem(name, "fichier-introuvable", why))
        for path in paths:
            try:
                found.setdefault(path.resolve(), _opened(path))
            except BatchError as error:
                problems.extend(error.problems)
    if problems:
        raise BatchError(problems)
    return tuple(found.values())


def _paths(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        inside = (each for each in path.rglob("*") if each.suffix.lower() in _SUFFIXES)
        seen = (each for each in inside if not any(part[0] in "._" for part in each.relative_to(path).parts))
        return sorted(each for each in seen if each.is_file() and not (each.parent / MANIFEST).exists())
    if path.exists():
        return [path]
    return sorted(Path(each) for each in glob.glob(name, recursive=True))  # noqa: PTH207 (a pattern may be absolute)


def _opened(path: Path) -> Source:
    with _located(str(path)):
        if not path.is_file():
            raise BatchError([Problem(str(path), "fichier-illisible", "ce n'est pas un fichier ordinaire")])
        if path.suffix.lower() == PARQUET:
            file = pq.ParquetFile(path)
            metadata = file.metadata
            groups = tuple(metadata.row_group(place).num_rows for place in range(metadata.num_row_groups))
            return Source.of(path, file.schema_arrow.remove_metadata(), groups or (0,))
        if path.suffix.lower() == CSV:
            return _opened_csv(path)
    why = "un fichier de dossiers se termine par .parquet ou .csv"
    raise BatchError([Problem(str(path), "fichier-illisible", why)])


def _opened_csv(path: Path) -> Source:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline(1_000_000)
    heads = {delimiter: next(csv.reader([first], delimiter=delimiter), []) for delimiter in ",;"}
    delimiter = max(heads, key=lambda each: len(heads[each]))
    names = [name.strip() for name in heads[delimiter]]
    if not any(names):
        raise BatchError([Problem(f"{path}:1", "csv-illisible", "la première ligne ne nomme aucune colonne")])
    with path.open("rb") as raw:
        lines = 1  # the last may not end
        for block in iter(lambda: raw.read(_BLOCK), b""):
            lines += block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
    return Source.of(path, pa.schema([pa.field(name, pa.string()) for name in names]), (lines - 1,), delimiter)


def _csv_batches(source: Source) -> Iterator[pa.RecordBatch]:
    """Yield a CSV file as it is read: every column is text, so that no number passes through a float."""
    names = source.schema.names
    yield from arrow_csv.open_csv(
        source.path,
        arrow_csv.ReadOptions(column_names=names, skip_rows=1, block_size=_BLOCK, use_threads=False),
        arrow_csv.ParseOptions(delimiter=source.delimiter, newlines_in_values=True),
        arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _has_no_null(file: pq.ParquetFile, group: int) -> bool:
    chunks = file.metadata.row_group(group)
    told = (chunks.column(place).statistics for place in range(chunks.num_columns))
    return all(each is not None and each.has_null_count and not each.null_count for each in told)


def _whole(batches: Iterator[pa.RecordBatch], size: int, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the same rows, `size` at a time, at least once: a slice must not depend on how many bytes were read at once."""
    pieces = chain.from_iterable(
        (batch.slice(start, 1024) for start in range(0, batch.num_rows, 1024)) for batch in batches
    )
    held: list[pa.RecordBatch] = []
    count, none = 0, True
    for piece in pieces:
        held.append(piece)
        count += piece.num_rows
        while count >= size:
            (merged,) = pa.Table.from_batches(held, schema).combine_chunks().to_batches()
            yield merged.slice(0, size)
            none = False
            held, count = [merged.slice(size)], count - size
    if count:
        yield from pa.Table.from_batches(held, schema).combine_chunks().to_batches()
    elif none:
        yield empty(schema)


@contextmanager
def _located(path: str) -> Iterator[None]:
    """Say of which file an error is, in French."""
    try:
        yield
    except BatchError:
        raise
    except UnicodeDecodeError:
        raise BatchError([Problem(path, "encodage", "ce fichier n'est pas en UTF-8")]) from None
    except PermissionError:
        why = "la lecture de ce fichier est refusée"
        raise BatchError([Problem(path, "fichier-illisible", why)]) from None
    except (pa.ArrowException, OSError, csv.Error) as error:
        raise BatchError([_problem(path, str(error))]) from None


def _problem(path: str, said: str) -> Problem:
    said = " ".join(said.split())
    row, counts = _CSV_ROW.search(said), _CSV_COUNT.search(said)
    where = f"{path}:{row[1]}" if row else path
    if counts:
        why = f"{counts[1]} colonnes sont annoncées, il y en a {counts[2]}"
        return Problem(where, "csv-illisible", why)
    if "UTF8" in said:
        return Problem(where, "encodage", "ce fichier n'est pas en UTF-8")
    if path.lower().endswith(CSV):
        return Problem(where, "csv-illisible", f"ce fichier ne se lit pas ({said[:200]})")
    return Problem(path, "parquet-illisible", f"ce fichier n'est pas du Parquet, ou il est abîmé ({said[:200]})")


class Reader:
    """Gives slices of sources; asked for them in order, it reads a row group once.

    `needed` are the columns that are enough, by source; `threads`: they are read by several.
    """

    def __init__(self, sources: Sequence[Source], needed: Sequence[Needed | None], *, threads: bool) -> None:
        self._sources = sources
        self._needed = needed
        self._threads = threads
        self._at = (-1, -1, 0)
        self._slices: Iterator[pa.RecordBatch] = iter(())

    def read(self, source: int, group: int, place: int) -> pa.RecordBatch | None:
        """Return a slice, None past the last. Raises BatchError."""
        if self._at[:2] != (source, group) or self._at[2] > place:
            self._at = (source, group, 0)
            self._slices = self._sources[source].read(group, self._needed[source], threads=self._threads)
        found = next(islice(self._slices, place - self._at[2], None), None)
        self._at = (source, group, place + 1)
        return found
