"""A ruleset and its plan as bytes, to be loaded without compiling anything: declarations are decoded one by one.

Two parts. First, in `marshal`, what every run needs: the outline, the program and its constants. Then slices, one a
declaration, pickled apart with the classes, sources, units and types they share left out; nothing else is ever
unpickled. Bytes come from the user's own cache (`cache`), under a name that tells what they were made from (`name_of`).
"""

from __future__ import annotations

import builtins
import hashlib
import io
import marshal
import os
import pickle
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, partial
from operator import itemgetter
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from qdis_rules import units
from qdis_rules.diagnostics import Diagnostic, Edit, Label, Severity, in_source_order
from qdis_rules.lazy import Lazy, LazySequence
from qdis_rules.model import typed, types
from qdis_rules.numbers import Cause, CauseKind, Undefined, exact
from qdis_rules.plan.frame import Code
from qdis_rules.plan.outline import Outline, Reading, Sheet
from qdis_rules.plan.plan import Closures, Plan, assembled, slots_of
from qdis_rules.plan.program import CALLED, Late, Program
from qdis_rules.plan.steps import Edited, Readers, Written
from qdis_rules.records import dataclass
from qdis_rules.source import Source, Span
from qdis_rules.syntax.texts import Placeholder, Text

if TYPE_CHECKING:
    from qdis_rules.plan.generate import Generated

_ALIKE: Final = (
    types.NumberType,
    types.ConditionType,
    types.ChoiceType,
    types.DateType,
    types.TextType,
    units.Unit,
)
"""Classes of values that thousands of declarations share."""

_KNOWN: Final[tuple[object, ...]] = (
    *(value for value in vars(typed).values() if isinstance(value, type) and value.__module__ == typed.__name__),
    *_ALIKE,
    *(Span, Text, Placeholder, Decimal, Fraction, date, Diagnostic, Label, Edit),
    *Severity,
)
"""Classes and constants that slices refer to by place; they can make nothing else."""

_MAPPINGS: Final = ("tables", "cells", "parameters", "families", "aggregates", "checks")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a ruleset and its campagne compile to."""

    ruleset: typed.TypedRuleset
    warnings: tuple[Diagnostic, ...]
    campaign: typed.Campaign | None
    plan: Plan


# --- what it is made from -----------------------------------------------------------


def name_of(sources: Sequence[Source], campaign: Source | None) -> str | None:
    """Return the name of what these sources compile to, here and now; None when that cannot be told."""
    library = _library()
    if library is None:
        return None
    digest = hashlib.sha256(library)
    for source in (*sources, campaign):
        content = b"" if source is None else source.given.encode("utf-8", "surrogatepass")
        digest.update(f"{source is None} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


@cache
def _library() -> bytes | None:
    """Return what tells this Python and this code from others: as for `.pyc`, sizes and times of the files."""
    home = os.path.dirname(os.path.abspath(__file__))
    parts = [sys.version, sys.implementation.cache_tag or "", home]
    waiting = [home]
    try:
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in sorted(entries, key=lambda each: each.name):
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in ("__pycache__", "rulesets"):
                            waiting.append(entry.path)
                    elif entry.name.endswith((".py", ".lark")):
                        found = entry.stat()
                        parts.append(f"{entry.path} {found.st_size} {found.st_mtime_ns}")
    except OSError:  # in an archive, say
        return None
    return "\n".join(parts).encode("utf-8", "surrogateescape")


# --- to bytes ------------------------------------------------------------------------


def dumps(compiled: Compiled, generated: Generated, sources: Sequence[Source]) -> bytes | None:
    """Return a compiled ruleset as bytes, without the texts of its sources; None for one that cannot be so."""
    try:
        return _Writer(sources).all(compiled, generated)
    except (pickle.PicklingError, RecursionError, ValueError):
        return None


class _Writer:
    def __init__(self, sources: Sequence[Source]) -> None:
        self._places = {id(known): place for place, known in enumerate((*_KNOWN, *sources))}
        self._alike: dict[bytes, int] = {}
        self._seen: dict[int, tuple[object, int]] = {}
        self._slices = io.BytesIO()
        self._starts: list[int] = []

    def all(self, compiled: Compiled, generated: Generated) -> bytes:
        ruleset, plan = compiled.ruleset, compiled.plan
        mappings: dict[str, Mapping[str, object]] = {name: getattr(ruleset, name) for name in _MAPPINGS}
        edited = plan.edits.edited
        first = marshal.dumps(
            (
                {name: (tuple(items), self._slices_of(items.values())) for name, items in mappings.items()},
                self._slices_of(ruleset.examples),
                ruleset.order,
                self.slice(_head(compiled)),
                generated.program.__code__,
                self._constants(generated),
                self._outline(plan.outline),
                self._slice_of_bytes(marshal.dumps(_flat(edited))),
                tuple(self._alike),  # these two last: all that is above fills them
                (*self._starts, self._slices.tell()),
            )
        )
        return len(first).to_bytes(8, "big") + first + self._slices.getvalue()

    def slice(self, value: object) -> int:
        """Add a value, and return the number of its slice."""
        self._starts.append(self._slices.tell())
        _Pickler(self._slices, self._place).dump(value)
        return len(self._starts) - 1

    def _slices_of(self, values: Iterable[object]) -> tuple[int, ...]:
        return tuple(map(self.slice, values))

    def _slice_of_bytes(self, content: bytes) -> int:
        self._starts.append(self._slices.tell())
        self._slices.write(content)
        return len(self._starts) - 1

    def _place(self, value: object) -> int | None:
        """Return where a shared value stands among them all, None for one that is of its slice alone."""
        found = self._places.get(id(value))
        if found is not None or value.__class__ not in _ALIKE:
            return found
        if id(value) not in self._seen:
            content = io.BytesIO()
            _Pickler(content, lambda other: self._places.get(id(other))).dump(value)
            number = self._alike.setdefault(content.getvalue(), len(self._alike))
            self._seen[id(value)] = value, len(self._places) + number  # kept alive, so that its id is of no other
        return self._seen[id(value)][1]

    def _constants(self, generated: Generated) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {kind: {} for kind in _CONSTANTS}
        for name, value in generated.constants.items():
            match generated.closures.get(name), value:
                case None, Decimal():
                    found["decimal"][name] = str(value)
                case None, Undefined(causes):
                    found["undefined"][name] = tuple((str(cause.kind), cause.subject) for cause in causes)
                case None, itemgetter():
                    found["slots"][name] = value.__reduce__()[1]
                case None, _:
                    found["other"][name] = self.slice(value)
                case expr, _:
                    found["closure"][name] = self.slice(expr)
        return found

    def _outline(self, drawn: Outline) -> tuple[Any, ...]:
        def kinds(of: Mapping[str, types.Type]) -> dict[str, int | None]:
            return {code: self._place(kind) for code, kind in of.items()}

        return (
            *map(kinds, (drawn.kinds, drawn.columns, drawn.aggregates)),
            tuple(sorted(drawn.amounts)),
            tuple(sorted(drawn.computed)),
            {code: str(tolerance) for code, tolerance in drawn.tolerances.items()},
            dict(drawn.reliabilities),
            dict(drawn.since),
            drawn.carried,
            drawn.shown,
            tuple(map(_fields, drawn.sheets.values())),
            tuple(map(_flat_reading, drawn.readings)),
            drawn.trials,
        )


_CONSTANTS: Final = ("decimal", "undefined", "slots", "other", "closure")


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, place: Callable[[object], int | None]) -> None:
        super().__init__(file, protocol=5)
        self.persistent_id = place  # type: ignore[method-assign]


def _head(compiled: Compiled) -> tuple[Any, ...]:
    """What is small, and always asked for."""
    ruleset = compiled.ruleset
    names = ("name", "year", "version", "title", "tolerances", "unit_labels")
    parts = {name: getattr(ruleset, name) for name in names}
    return {**parts, "units": dict(ruleset.units)}, compiled.warnings, compiled.campaign


def _fields(record: Any) -> tuple[Any, ...]:
    return tuple(getattr(record, name) for name in record.__match_args__)


def _flat_reading(reading: Reading) -> tuple[Any, ...]:
    return *_fields(replace(reading, without=())), tuple(map(_flat_reading, reading.without))


def _flat(edited: Edited) -> tuple[Any, ...]:
    written = edited.written
    return (
        (dict(written.operands), dict(written.sizes), dict(written.parameter_sizes), tuple(written.fractions)),
        {code: (tuple(each.slots), tuple(each.trials), each.whole) for code, each in edited.readers.items()},
        {code: (tuple(each.slots), tuple(each.trials), each.whole) for code, each in edited.supply_readers.items()},
    )


# --- from bytes ----------------------------------------------------------------------


def loads(content: memoryview, sources: Sequence[Source]) -> Compiled:
    """Return the compiled ruleset that `dumps` made bytes of, for the same sources."""
    size = int.from_bytes(content[:8], "big")
    first = marshal.loads(content[8 : 8 + size])  # noqa: S302 - from the user's own cache, or not at all
    mappings, examples, order, head, code, constants, drawn, edited, alike, starts = first
    reader = _Reader(content[8 + size :], starts, sources, alike)
    parts, warnings, campaign = reader.value(head)
    parts["order"] = order
    parts["examples"] = LazySequence(len(examples), lambda index: reader.value(examples[index]))
    parts.update((name, reader.lazily(codes, slices)) for name, (codes, slices) in mappings.items())
    ruleset = typed.TypedRuleset(**parts)
    closures = Closures(ruleset, slots_of(ruleset))
    names = reader.constants(constants, closures)
    program: Program = FunctionType(code, names)
    plan = assembled(ruleset, reader.outline(drawn), closures, program, lambda: reader.edited(edited))
    return Compiled(ruleset, in_source_order(warnings), campaign, plan)


class _Reader:
    """Values of the slices, and of what was made plain."""

    def __init__(
        self, slices: memoryview, starts: Sequence[int], sources: Sequence[Source], alike: Sequence[bytes]
    ) -> None:
        self._slices = slices
        self._starts = starts
        self._shared: list[object] = [*_KNOWN, *sources]
        self._shared += [self._unpickled(each) for each in alike]

    def value(self, number: int) -> Any:
        """Return the value of a slice."""
        return self._unpickled(self._bytes(number))

    def lazily(self, codes: Sequence[str], numbers: Sequence[int]) -> Lazy[Any]:
        """Return the mapping from codes to the values of slices."""
        places = dict(zip(codes, numbers, strict=True))
        return Lazy(codes, lambda code: self.value(places[code]))

    def _bytes(self, number: int) -> memoryview:
        return self._slices[self._starts[number] : self._starts[number + 1]]

    def _unpickled(self, content: bytes | memoryview) -> Any:
        return _Unpickler(io.BytesIO(content), self._shared).load()

    def constants(self, found: Mapping[str, Mapping[str, Any]], closures: Closures) -> dict[str, Any]:
        names: dict[str, Any] = {"__builtins__": builtins, **CALLED}
        names.update((name, Decimal(text)) for name, text in found["decimal"].items())
        names.update((name, itemgetter(*slots)) for name, slots in found["slots"].items())
        names.update((name, self.value(number)) for name, number in found["other"].items())
        for name, causes in found["undefined"].items():
            names[name] = Undefined(frozenset(Cause(CauseKind(kind), subject) for kind, subject in causes))
        for name, number in found["closure"].items():
            names[name] = Late(names, name, partial(self._closure, closures, number))
        return names

    def _closure(self, closures: Closures, number: int) -> Code:
        return closures.compiler.code(self.value(number))

    def outline(self, drawn: tuple[Any, ...]) -> Outline:
        cells, columns, aggregates, amounts, computed, tolerances, reliabilities, since, carried, *rest = drawn
        shown, sheets, readings, trials = rest

        def kinds(of: Mapping[str, int]) -> dict[str, Any]:
            return {code: self._shared[place] for code, place in of.items()}

        return Outline(
            kinds=kinds(cells),
            columns=kinds(columns),
            aggregates=kinds(aggregates),
            amounts=frozenset(amounts),
            computed=frozenset(computed),
            tolerances=Lazy(tolerances, lambda code: exact(Fraction(tolerances[code]))),
            reliabilities=reliabilities,
            since=since,
            carried=carried,
            shown=shown,
            sheets={sheet[0]: Sheet(*sheet) for sheet in sheets},
            readings=tuple(map(_reading, readings)),
            trials=trials,
        )

    def edited(self, number: int) -> Edited:
        """Return what edits need to know."""
        (operands, sizes, parameter_sizes, fractions), readers, supply = marshal.loads(self._bytes(number))  # noqa: S302
        return Edited(
            Written(operands, sizes, parameter_sizes, frozenset(fractions)),
            *(
                {code: Readers(list(slots), list(trials), whole) for code, (slots, trials, whole) in each.items()}
                for each in (readers, supply)
            ),
        )


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, shared: Sequence[object]) -> None:
        super().__init__(file)
        self.persistent_load = shared.__getitem__  # type: ignore[method-assign]

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module}.{name} is not of a ruleset")


def _reading(flat: Sequence[Any]) -> Reading:
    code, prefixes, exceptions, _, moment, side, closes, without = flat
    return Reading(code, prefixes, exceptions, tuple(map(_reading, without)), moment, side, closes)
