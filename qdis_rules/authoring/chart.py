"""The chart of accounts of a ruleset: `comptes.csv`, one line an account, beside its rule texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from qdis_rules.authoring import errors
from qdis_rules.diagnostics import Diagnostic, Outcome
from qdis_rules.files import TooLarge, read_file
from qdis_rules.source import Source, Span
from qdis_rules.suggest import fold
from qdis_rules.syntax.build import RELIABILITIES
from qdis_rules.syntax.errors import not_utf8

DEBIT, CREDIT, BOTH = "débit", "crédit", "deux sens"
NATURES: Final = (DEBIT, CREDIT, BOTH)
MAX_BYTES: Final = 5_000_000
MAX_DIGITS: Final = 20

_REQUIRED: Final = ("compte", "libelle", "nature")
_RELIABILITY: Final = "fiabilite"
# A field in quotes may hold semicolons; its quotes are doubled.
_FIELD: Final = re.compile(r'[ \t]*"((?:[^"]|"")*)"[ \t]*(?=;|$)|([^;]*)(?=;|$)')


@dataclass(frozen=True, slots=True)
class ChartAccount:
    """An account of the chart: `nature` is the side of its balance (or `deux sens`), `span` its number."""

    number: str
    label: str
    nature: str
    reliability: str | None
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True)
class Chart:
    """A chart of accounts, by number, in the order written."""

    name: str
    accounts: Mapping[str, ChartAccount]

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The accounts that no other one details, in the order of numbers."""
        detailed = {number[:size] for number in self.accounts for size in range(1, len(number))}
        return tuple(number for number in sorted(self.accounts) if number not in detailed)

    @cached_property
    def below(self) -> Mapping[str, tuple[str, ...]]:
        """The leaves that start with each number: the leaf itself, and all that is shorter, in the chart or not."""
        found: dict[str, list[str]] = {}
        for leaf in self.leaves:
            for size in range(1, len(leaf) + 1):
                found.setdefault(leaf[:size], []).append(leaf)
        return {number: tuple(found[number]) for number in sorted(found)}

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """Every number shorter than a leaf, in the chart or not, in the order of numbers."""
        return tuple(number for number, leaves in self.below.items() if leaves != (number,))

    def grouped(self, leaves: Iterable[str]) -> tuple[str, ...]:
        """Return the fewest accounts of the chart whose leaves are just `leaves`."""
        wanted = set(leaves)
        found: dict[str, None] = {}
        for leaf in sorted(wanted):
            uppers = (leaf[:size] for size in range(1, len(leaf) + 1))
            found[next(each for each in uppers if each in self.accounts and wanted.issuperset(self.below[each]))] = None
        return tuple(found)


def read_chart(path: Path) -> Outcome[Chart]:
    """Return the chart of accounts in the file `path`, with everything wrong in it.

    Raises CannotRead when there is no such file, or it may not be read.
    """
    nowhere = Span(Source.of(str(path), ""), 0, 0)
    try:
        text = read_file(path, MAX_BYTES).decode("utf-8")
    except TooLarge as error:
        return Outcome(Chart(str(path), {}), (errors.bad_chart(nowhere, str(error)),))
    except UnicodeDecodeError as error:
        return Outcome(Chart(str(path), {}), (not_utf8(nowhere, error.start),))
    return parse_chart(Source.of(str(path), text))


def parse_chart(source: Source) -> Outcome[Chart]:
    """Return the chart of accounts written in `source`, with everything wrong in it.

    Columns, in any order, separated by `;`: compte, libellé, nature (débit, crédit or deux sens),
    and perhaps fiabilité; the others are for people.
    """
    return _Reader(source).chart()


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []

    def chart(self) -> Outcome[Chart]:
        accounts: dict[str, ChartAccount] = {}
        lines = self._lines()
        columns = self._columns(next(lines, []))
        if not self.diagnostics:
            for fields in lines:
                account = self._account(fields, columns)
                if account is None:
                    continue
                first = accounts.setdefault(account.number, account)
                if first is not account:
                    why = f"le compte {account.number} figure deux fois"
                    self.diagnostics.append(errors.bad_chart(account.span, why, first.span))
            if not accounts and not self.diagnostics:
                self._say(Span(self.source, 0, 0), "aucun compte")
        return Outcome(Chart(self.source.name, accounts), tuple(self.diagnostics))

    def _lines(self) -> Iterator[list[tuple[str, Span]]]:
        start = 0
        for line in self.source.text.split("\n"):
            if line.strip():
                fields = []
                position = 0
                while (found := _FIELD.match(line, position)) is not None:
                    quoted, plain = found[1], found[2]
                    text = plain.strip() if quoted is None else quoted.replace('""', '"').strip()
                    span = Span(self.source, start + found.start(), start + found.end())
                    if quoted is None and '"' in text:
                        self._say(
                            span, "guillemets mal placés : ils entourent le champ entier, un guillemet s'y double"
                        )
                    fields.append((text, span))
                    position = found.end() + 1
                    if found.end() == len(line):
                        break
                yield fields
            start += len(line) + 1

    def _columns(self, header: list[tuple[str, Span]]) -> dict[str, int]:
        columns: dict[str, int] = {}
        for index, (title, span) in enumerate(header):
            name = fold(title)
            if name in columns:
                self._say(span, f"la colonne « {title} » figure deux fois")
            columns.setdefault(name, index)
        missing = [name.replace("libelle", "libellé") for name in _REQUIRED if name not in columns]
        if missing:
            where = header[0][1].to(header[-1][1]) if header else Span(self.source, 0, 0)
            named = ", ".join(f"« {name} »" for name in missing)
            self._say(where, f"l'en-tête n'a pas de colonne {named}")
        return columns

    def _account(self, fields: list[tuple[str, Span]], columns: Mapping[str, int]) -> ChartAccount | None:
        whole = fields[0][1].to(fields[-1][1])
        width = len(columns)
        if len(fields) != width:
            self._say(whole, f"cette ligne a {len(fields)} champs, l'en-tête en a {width}")
            return None
        number, span = fields[columns["compte"]]
        if not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
            self._say(span, f"« {number[:40]} » n'est pas un compte")
            return None
        label, at = fields[columns["libelle"]]
        if not label:
            self._say(at, f"le compte {number} n'a pas de libellé")
        nature = self._one_of(fields[columns["nature"]], "une nature", NATURES)
        reliability = None
        if _RELIABILITY in columns and fields[columns[_RELIABILITY]][0]:
            reliability = self._one_of(fields[columns[_RELIABILITY]], "une fiabilité", RELIABILITIES)
        return ChartAccount(number, label, nature, reliability, span)

    def _one_of(self, written: tuple[str, Span], what: str, allowed: tuple[str, ...]) -> str:
        text, span = written
        for word in allowed:
            if fold(word) == fold(text):
                return word
        self._say(span, f"« {text[:40]} » n'est pas {what} : {', '.join(allowed)}")
        return allowed[0]

    def _say(self, span: Span, why: str) -> None:
        self.diagnostics.append(errors.bad_chart(span, why))
