"""Files of dossiers to a folder of results, some thousands of rows at a time; a run interrupted goes on."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import astuple, dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from threading import Thread
from typing import Any, Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from qdis_rules.batch.columns import Room
from qdis_rules.batch.evaluate import Run
from qdis_rules.batch.layout import PROBLEMS, READY, BatchError, Layout, Results, listed
from qdis_rules.batch.sources import MANIFEST, Reader, Source, sources_of
from qdis_rules.evaluation.dossier import Problem
from qdis_rules.plan.plan import Plan

_COUNTS: Final = b"qdis-lot"
_UNGUARDED: Final = """evaluate_files(processes=…) starts processes that import your script, and it was called again by that import.
Call it under a guard:

    if __name__ == "__main__":
        evaluate_files(…)"""
Progress: TypeAlias = Callable[[int, int], None]
"""Called with the rows done and about how many there are."""
Place: TypeAlias = tuple[int, int, int]
"""A slice: which source, which row group, which slice of it."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run over files gave: dossiers that may be validated, that may not, that were refused; parts of results.

    `resumed` parts, of `resumed_rows` dossiers, were there already.
    """

    rows: int = 0
    ready: int = 0
    not_ready: int = 0
    refused: int = 0
    parts: int = 0
    resumed: int = 0
    resumed_rows: int = 0

    def with_part(self, other: Summary) -> Summary:
        """Return both together."""
        return Summary(*(mine + its for mine, its in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and a text that tells its ruleset and the library from any other."""

    plan: Plan
    identity: str


@dataclass(frozen=True, slots=True)
class Job:
    """What every process of a run knows: how to get the plan, what to read, what to write. It can be sent to another."""

    load: Callable[[], Planned]
    sources: tuple[Source, ...]
    target: str
    keep: tuple[str, ...]
    results: tuple[str, ...] | None
    mark: str

    def path(self, place: Place) -> Path:
        """Return the file of a part."""
        return Path(self.target, "{:05}-{:05}-{:05}.parquet".format(*place))


def evaluate_files(
    load: Callable[[], Planned],
    named: Sequence[str | Path],
    target: str | Path,
    keep: Sequence[str] = (),
    results: Sequence[str] | None = None,
    processes: int = 1,
    progress: Progress | None = None,
) -> Summary:
    """Evaluate files into the folder `target`. `load` gives the plan, in each process.

    Raises BatchError: before anything is written when it can be told beforehand.
    """
    if processes > 1 and getattr(multiprocessing.current_process(), "_inheriting", False):
        raise RuntimeError(_UNGUARDED)
    keep, results = listed(keep), None if results is None else listed(results)
    folder = Path(target)
    sources = sources_of(named)
    planned = load()
    runs = _runs(planned.plan, sources, keep, results)
    manifest = {
        "format": "qdis-lot/1",
        "jeu": planned.identity,
        "jour": str(planned.plan.ruleset.day or ""),
        "garder": list(keep),
        "resultats": None if results is None else list(results),
        "entrees": [source.fingerprint() for source in sources],
    }
    with _opened(folder, manifest):
        job = Job(load, sources, str(folder), keep, results, _mark(manifest))
        return _followed(job, _parts(job, runs, processes), progress)


def _runs(plan: Plan, sources: Sequence[Source], keep: Sequence[str], results: Sequence[str] | None) -> tuple[Run, ...]:
    """Return what evaluates each source; results have the same columns whatever the source."""
    problems: list[Problem] = []
    layouts: list[Layout] = []
    for source in sources:
        try:
            layouts.append(Layout.of(plan, source.schema, keep))
        except BatchError as error:
            problems += [Problem(f"{source.path}/{p.pointer}", p.code, p.message) for p in error.problems]
    if problems:
        raise BatchError(problems)
    if not layouts:
        raise BatchError([Problem("entrées", "fichier-introuvable", "aucun fichier n'est donné")])
    wanted = Results.of(plan, layouts, results)
    return tuple(Run(plan, layout, wanted) for layout in layouts)


# --- the folder of results -----------------------------------------------------------


@contextlib.contextmanager
def _opened(folder: Path, manifest: dict[str, Any]) -> Iterator[None]:
    """Make the folder that of this run, alone, or tell why it cannot be."""
    path = folder / MANIFEST
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            if any(not name.startswith(".") for name in os.listdir(folder)):  # noqa: PTH208
                why = f"ce répertoire n'est pas vide et n'a pas de {MANIFEST} : donnez-en un autre"
                raise BatchError([Problem(str(folder), "sortie-occupee", why)])
            _written(path, lambda new: new.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8"))
        with path.open(encoding="utf-8") as file, _locked(file.fileno(), folder):
            different = _differences(file.read(), manifest)
            if different:
                why = f"ce répertoire contient un autre lot ({', '.join(different)}) : donnez-en un autre, ou videz-le"
                raise BatchError([Problem(str(folder), "autre-lot", why)])
            try:
                yield
            except BatchError:
                if not any(folder.glob("*.parquet")):  # nothing to go on from
                    path.unlink()
                raise
            for left in folder.glob(".*.tmp"):  # of a run that was killed while it wrote
                left.unlink(missing_ok=True)
    except OSError as error:
        raise BatchError([Problem(str(folder), "sortie-impossible", _why_not(error))]) from error


def _why_not(error: OSError) -> str:
    if isinstance(error, FileExistsError | NotADirectoryError):
        return "ce n'est pas un répertoire"
    if isinstance(error, PermissionError):
        return "l'écriture y est refusée"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "il n'y a plus de place ; relancez ensuite : les parties faites sont gardées"
    return f"l'écriture y est impossible ({error.strerror or error})"


def _mark(manifest: dict[str, Any]) -> str:
    """Return what a part says of the run it is of."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()


def _differences(written: str, manifest: dict[str, Any]) -> list[str]:
    words = {
        "jeu": "jeu de règles",
        "jour": "jour",
        "garder": "colonnes gardées",
        "resultats": "résultats",
        "entrees": "entrées",
    }
    try:
        found = json.loads(written)
    except ValueError:
        return [f"{MANIFEST} est abîmé"]
    if not isinstance(found, dict) or found.get("format") != manifest["format"]:
        return [f"{MANIFEST} d'un autre format"]
    different = [key for key in words if found.get(key) != manifest[key]]
    return [f"jour : {found.get(key)}" if key == "jour" else words[key] for key in different]


@contextlib.contextmanager
def _locked(descriptor: int, folder: Path) -> Iterator[None]:
    """Let one run at a time write in a folder, where the system knows how; the end of a process frees it."""
    try:
        import fcntl  # noqa: PLC0415 (not on every system)
    except ImportError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        why = "un autre lot est en train d'écrire dans ce répertoire"
        raise BatchError([Problem(str(folder), "sortie-occupee", why)]) from None
    yield


def _written(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file whole, or not at all."""
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(new)
        os.replace(new, path)  # noqa: PTH105
    finally:
        new.unlink(missing_ok=True)


# --- parts -----------------------------------------------------------------------------


class Worker:
    """Makes parts, one after the other. `alone`: in no other process are some made, the processors are all there."""

    def __init__(self, job: Job, runs: Sequence[Run], *, alone: bool) -> None:
        self._job = job
        self._runs = runs
        self._room = Room()
        self._reader = Reader(job.sources, [run.needed for run in runs], threads=alone)

    def parts(self, places: Iterable[Place]) -> Iterator[Summary]:
        """Make parts, and yield what each holds: nothing past the end of a CSV file. One is written while the next is made."""
        with ThreadPoolExecutor(1) as writer:
            before: Future[Summary] | None = None
            for place in places:
                made = self._evaluated(place)
                if before is not None:
                    yield before.result()
                before = writer.submit(self._written, place, made)
            if before is not None:
                yield before.result()

    def _evaluated(self, place: Place) -> pa.Table | None:
        batch = self._reader.read(*place)
        if batch is None:
            return None
        number = place[0]
        batch = pa.RecordBatch.from_arrays(batch.columns, schema=self._job.sources[number].schema)
        return pa.Table.from_batches([self._runs[number].evaluate(batch, self._room)])

    def _written(self, place: Place, made: pa.Table | None) -> Summary:
        if made is None:
            return Summary()
        counts = _counts(made)
        told = {"lot": self._job.mark, "lignes": counts.rows, "prets": counts.ready, "refuses": counts.refused}
        table = made.replace_schema_metadata({_COUNTS: json.dumps(told).encode()})
        _written(self._job.path(place), partial(_write, table))
        return counts


def _write(table: pa.Table, path: Path) -> None:
    """Write results: without what serves for searching by value, it would take half the time."""
    words = [field.name for field in table.schema if not pa.types.is_decimal(field.type)]
    pq.write_table(table, path, compression="zstd", use_dictionary=words, write_statistics=False)


def _counts(found: pa.Table) -> Summary:
    ready = pc.sum(found.column(READY)).as_py() or 0
    refused = found.num_rows - found.column(PROBLEMS).null_count
    return Summary(found.num_rows, ready, found.num_rows - ready - refused, refused, 1)


def _already(path: Path, schema: pa.Schema, mark: str) -> Summary | None:
    """Return what a part of this very run holds; None when there is none, or it is damaged."""
    try:
        file = pq.ParquetFile(path)
        told = json.loads((file.schema_arrow.metadata or {}).get(_COUNTS, b"{}"))
        if told.get("lot") != mark or not file.schema_arrow.equals(schema):
            return None
        rows, ready, refused = told["lignes"], told["prets"], told["refuses"]
        if file.metadata.num_rows != rows:
            return None
    except (OSError, pa.ArrowException, ValueError, KeyError):
        return None
    return Summary(rows, ready, rows - ready - refused, refused, 1, 1, rows)


# --- in order, here or in other processes ----------------------------------------------


def _followed(job: Job, parts: Iterator[Summary], progress: Progress | None) -> Summary:
    total = sum(sum(source.groups) for source in job.sources)
    whole = Summary()
    for part in parts:
        whole = whole.with_part(part)
        if progress is not None and part.rows:
            progress(whole.rows, max(total, whole.rows))
    return whole


def _parts(job: Job, runs: Sequence[Run], processes: int) -> Iterator[Summary]:
    """Yield what each part holds, in order: those there already, those made."""
    places = [
        (number, group, place)
        for number, source in enumerate(job.sources)
        for group in range(len(source.groups))
        for place in range(source.slices(group))
    ]
    there = {place: _already(job.path(place), runs[place[0]].schema, job.mark) for place in places}
    missing = sum(found is None for found in there.values())
    if min(processes, missing) <= 1:
        made = Worker(job, runs, alone=True).parts(place for place in places if there[place] is None)
        yield from (there[place] or next(made) for place in places)
        return
    groups = [list(of) for _, of in groupby(places, key=itemgetter(0, 1))]
    if len(groups) < 2 * processes:  # read by each of them, then: better than by one alone
        groups = [[place] for place in places]
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of Arrow as they stand
    with ProcessPoolExecutor(min(processes, missing), context, _start, (job,)) as pool:
        try:
            ahead: deque[tuple[list[Place], Future[list[Summary]]]] = deque()
            for group in groups:
                ahead.append((group, pool.submit(_made, [place for place in group if there[place] is None])))
                if len(ahead) > 2 * processes:
                    yield from _done(*ahead.popleft(), there)
            while ahead:
                yield from _done(*ahead.popleft(), there)
        except BrokenProcessPool:
            why = "un processus s'est arrêté (mémoire ? ou l'erreur ci-dessus) ; relancez : les parties faites sont gardées"
            raise BatchError([Problem(job.target, "processus-interrompu", why)]) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _done(
    group: Sequence[Place], made: Future[list[Summary]], there: Mapping[Place, Summary | None]
) -> Iterator[Summary]:
    new = iter(made.result())
    yield from (there[place] or next(new) for place in group)


_here: Worker


def _start(job: Job) -> None:
    """Load the ruleset, once in the life of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it says when to stop
    Thread(target=_end_with_parent, daemon=True).start()
    global _here  # noqa: PLW0603 (what the process is for)
    _here = Worker(job, _runs(job.load().plan, job.sources, job.keep, job.results), alone=False)


def _end_with_parent() -> None:
    """Stop once whoever started this process is gone, killed perhaps: it would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _made(places: Sequence[Place]) -> list[Summary]:
    return list(_here.parts(places))
