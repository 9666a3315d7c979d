"""What examples and whole dossiers show of a ruleset: which rules were seen at work, and which never."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from qdis_rules.evaluation.report import Report, condition_text
from qdis_rules.evaluation.results import Status, Verdict
from qdis_rules.model import typed
from qdis_rules.model.typed import GENERATED, UNREACHED
from qdis_rules.pipeline import Ruleset
from qdis_rules.records import dataclass

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Count:
    """How many of how many: « 312 sur 313 (99,6 %) », the percentage never rounded up."""

    seen: int
    total: int

    @property
    def whole(self) -> bool:
        """True when all were seen, or there was none to see."""
        return self.seen == self.total

    def __str__(self) -> str:
        if not self.total:
            return "0 sur 0"
        tenths = self.seen * 1000 // self.total
        return f"{self.seen} sur {self.total} ({tenths // 10},{tenths % 10} %)"


@dataclass(frozen=True, slots=True)
class Sides:
    """Who saw a thing one way, and who the other: names of examples and dossiers, in order.

    For a check, `yes` is satisfied and `no` violated; for a condition, true and false.
    """

    yes: tuple[str, ...]
    no: tuple[str, ...]

    @property
    def both(self) -> bool:
        """True when it was seen both ways."""
        return bool(self.yes and self.no)


class GuardKind(StrEnum):
    """The conditions to be seen true and false."""

    CHECK = "« quand » de contrôles"
    AGGREGATE = "« quand » d'agrégats"
    TABLE = "« sans objet quand »"
    REQUIRED = "« obligatoire quand »"
    THRESHOLD = "seuils"

    @property
    def ways(self) -> tuple[str, str]:
        """How one says that they are true, and false."""
        return ("franchis", "respectés") if self is GuardKind.THRESHOLD else ("vrais", "faux")


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition, by the code of what it stands on: a check, an aggregate, a table, a cell.

    `name` is that of a threshold with its limit: « alerte < 3 % ».
    """

    kind: GuardKind
    code: str
    name: str = ""

    def __str__(self) -> str:
        return f"{self.code} {self.name}".rstrip()


@dataclass(frozen=True, slots=True, repr=False)
class Coverage:
    """What the reports of `names` show of a ruleset. Each mapping has every code, in order of declaration.

    - `checks`: those declared, then those that the declaration of a cell or table implies. A check is
      satisfied (violated) once it is at one of the places it is applied to.
    - `places`: the same for each row or column of the checks applied to several, by name: `IMM02[constructions]`.
    - `aggregates`: who had a value.
    - `guards`: what each condition was seen to be; a table that does not apply says nothing of its
      `obligatoire quand`.
    - `observed`: the checks that a dossier itself brings, by kind (`saisie`, `rapatriement`, `comptes`,
      `reprise`, `balance~comptes`) and code. Nothing tells how many there should be.
    """

    names: tuple[str, ...]
    checks: Mapping[str, Sides]
    places: Mapping[str, Sides]
    aggregates: Mapping[str, tuple[str, ...]]
    guards: Mapping[Guard, Sides]
    observed: Mapping[str, Mapping[str, Sides]]

    def __repr__(self) -> str:
        said = ", ".join(f"{what}: {count}" for what, count in self.counts().items())
        return f"<Coverage by {len(self.names)} dossiers, {said}>"

    @property
    def dead(self) -> tuple[str, ...]:
        """The checks neither satisfied nor violated, and the aggregates never computed."""
        checks = [code for code, sides in self.checks.items() if not sides.yes and not sides.no]
        return (*checks, *(code for code, names in self.aggregates.items() if not names))

    @property
    def whole(self) -> bool:
        """True when every check, aggregate and condition was seen; places are not asked for."""
        return all(count.whole for count in self.counts().values())

    def counts(self) -> Mapping[str, Count]:
        """Return how many checks, aggregates and conditions were seen, by what is counted, in French."""
        sides, values = self.checks.values(), self.aggregates.values()
        found = {
            "contrôles vus satisfaits": _count(bool(each.yes) for each in sides),
            "contrôles vus violés": _count(bool(each.no) for each in sides),
            "contrôles vus dans les deux sens": _count(each.both for each in sides),
            "dont contrôles écrits": _count(each.both for code, each in self.checks.items() if "~" not in code),
            "agrégats calculés": _count(bool(names) for names in values),
        }
        for kind in GuardKind:
            yes, no = kind.ways
            found[f"{kind} vus {yes} et {no}"] = _count(s.both for g, s in self.guards.items() if g.kind is kind)
        return found

    def places_count(self) -> Mapping[str, Count]:
        """Return the same of the rows and columns that checks are applied to."""
        sides = self.places.values()
        return {
            "lignes et colonnes vues satisfaites": _count(bool(each.yes) for each in sides),
            "lignes et colonnes vues violées": _count(bool(each.no) for each in sides),
        }

    def missing(self) -> Mapping[str, tuple[str, ...]]:
        """Return the codes of what was not seen, by what is missing, in French; nothing of what is whole."""
        found = {
            "contrôles jamais satisfaits": tuple(code for code, each in self.checks.items() if not each.yes),
            "contrôles jamais violés": tuple(code for code, each in self.checks.items() if not each.no),
            "agrégats jamais calculés": tuple(code for code, names in self.aggregates.items() if not names),
        }
        for kind in GuardKind:
            sides = {str(guard): each for guard, each in self.guards.items() if guard.kind is kind}
            yes, no = kind.ways
            found[f"{kind} jamais {yes}"] = tuple(code for code, each in sides.items() if not each.yes)
            found[f"{kind} jamais {no}"] = tuple(code for code, each in sides.items() if not each.no)
        return {what: codes for what, codes in found.items() if codes}


def coverage(ruleset: Ruleset, reports: Iterable[tuple[str, Report]]) -> Coverage:
    """Return what `reports`, each with the name of its example or dossier, show of `ruleset`.

    They are read one at a time and not kept.
    """
    seen = _Seen(ruleset.typed)
    for name, report in reports:
        seen.take(name, report)
    return seen.coverage()


_WAYS: Final = {Verdict.SATISFIED: True, Verdict.VIOLATED: False}
_CHECK_OF: Final = {
    GuardKind.CHECK: "{}",
    GuardKind.TABLE: "{}~sans_objet",
    GuardKind.REQUIRED: "{}~obligatoire",
}


def _count(seen: Iterable[bool]) -> Count:
    marks = list(seen)
    return Count(sum(marks), len(marks))


@dataclass(slots=True)
class _Marks:
    """Ranks of the reports that saw a thing one way and the other."""

    yes: list[int] = field(default_factory=list)
    no: list[int] = field(default_factory=list)

    def add(self, rank: int, way: bool) -> None:
        marks = self.yes if way else self.no
        if not marks or marks[-1] != rank:
            marks.append(rank)


class _Seen:
    def __init__(self, ruleset: typed.TypedRuleset) -> None:
        self.names: list[str] = []
        self.checks = {code: _Marks() for code in ruleset.checks}
        self.places = {
            f"{code}[{instance.key}]": _Marks()
            for code, check in ruleset.checks.items()
            for instance in check.instances
            if instance.key is not None
        }
        self.aggregates = {code: _Marks() for code in ruleset.aggregates}
        self.guards = {guard: _Marks() for guard in _guards(ruleset)}
        self.observed: dict[str, dict[str, _Marks]] = {kind: {} for kind in (*GENERATED, UNREACHED)}
        self._conditions = {
            _CHECK_OF[guard.kind].format(guard.code): guard for guard in self.guards if guard.kind in _CHECK_OF
        }

    def take(self, name: str, report: Report) -> None:
        """Add what a report shows."""
        rank = len(self.names)
        self.names.append(name)
        for place in report.checks:
            code = place.partition("[")[0]
            way = _WAYS.get(report.checks.verdict(place))
            if way is not None:
                for marks in self._of(code, place):
                    marks.add(rank, way)
            if code in self._conditions:
                self._guarded(rank, self._conditions[code], way is not None, place, report)
        for code, aggregate in report.aggregates.items():
            if aggregate.status is Status.PRESENT:
                self.aggregates[code].add(rank, True)
            if aggregate.guard is not None:
                self.guards[Guard(GuardKind.AGGREGATE, code)].add(rank, aggregate.guard)
            for threshold in aggregate.thresholds:
                if threshold.crossed is not None:
                    said = f"{threshold.name} {threshold.condition}"
                    self.guards[Guard(GuardKind.THRESHOLD, code, said)].add(rank, threshold.crossed)

    def _of(self, code: str, place: str) -> list[_Marks]:
        """Return what a verdict counts for: the check, and the row or column when it has several."""
        if code in self.checks:
            return [self.checks[code], *([self.places[place]] if place in self.places else [])]
        kind = UNREACHED if code == UNREACHED else code.rsplit("~", 1)[1]
        return [self.observed[kind].setdefault(code, _Marks())]

    def _guarded(self, rank: int, guard: Guard, decided: bool, place: str, report: Report) -> None:
        met = True if decided else report.checks[place].guard  # a verdict tells a guard that is true
        if met is None:
            return
        if guard.kind is GuardKind.REQUIRED and report.tables[guard.code.split(".")[0]].status == "sans objet":
            return  # false whatever the author's condition says
        self.guards[guard].add(rank, met)

    def coverage(self) -> Coverage:
        """Return what was seen, by name."""
        return Coverage(
            names=tuple(self.names),
            checks=self._named(self.checks),
            places=self._named(self.places),
            aggregates=MappingProxyType({code: self._sides(marks).yes for code, marks in self.aggregates.items()}),
            guards=self._named(self.guards),
            observed=MappingProxyType({kind: self._named(codes) for kind, codes in self.observed.items()}),
        )

    def _named(self, marks: Mapping[K, _Marks]) -> Mapping[K, Sides]:
        return MappingProxyType({code: self._sides(each) for code, each in marks.items()})

    def _sides(self, marks: _Marks) -> Sides:
        return Sides(tuple(self.names[rank] for rank in marks.yes), tuple(self.names[rank] for rank in marks.no))


def _guards(ruleset: typed.TypedRuleset) -> Iterator[Guard]:
    """Yield the conditions that authors wrote, in order of declaration."""
    for code, check in ruleset.checks.items():
        if check.origin is None and any(instance.guard is not None for instance in check.instances):
            yield Guard(GuardKind.CHECK, code)
    for aggregate in ruleset.aggregates.values():
        if aggregate.guard is not None:
            yield Guard(GuardKind.AGGREGATE, aggregate.code)
        for threshold in aggregate.thresholds:
            yield Guard(GuardKind.THRESHOLD, aggregate.code, f"{threshold.name} {condition_text(threshold)}")
    for table in ruleset.tables.values():
        if table.not_applicable is not None:
            yield Guard(GuardKind.TABLE, table.code)
    for code, check in ruleset.checks.items():
        if check.origin is not None and code.endswith("~obligatoire"):
            closed = ruleset.tables[ruleset.cells[check.origin].table].closed
            # Where a table may not apply, that it does is the first operand; alone, no one wrote it.
            if any(i.guard is not None and (closed is None or isinstance(i.guard, typed.And)) for i in check.instances):
                yield Guard(GuardKind.REQUIRED, check.origin)


__all__ = ["Count", "Coverage", "Guard", "GuardKind", "Sides", "coverage"]
