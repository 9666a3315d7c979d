"""Formulas as their author wrote them, cut where they name something, so that pages can link and label it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import TypeAlias

from qdis_rules.model import typed
from qdis_rules.model.types import ChoiceType
from qdis_rules.records import dataclass
from qdis_rules.source import Span


@dataclass(frozen=True, slots=True)
class Mention:
    """A piece of formula that names something.

    `codes` are the cells, aggregates, parameters or list it stands for: several for a range, or for a formula
    that applies to several rows. `answers` are the labels when it is an answer of a choice; `past` tells that
    it is read in an earlier year.
    """

    text: str
    codes: tuple[str, ...]
    answers: tuple[str, ...] = ()
    past: bool = False


Piece: TypeAlias = str | Mention


def pieces(typings: Sequence[typed.Expr]) -> tuple[Piece, ...]:
    """Return one formula in pieces; `typings` are its readings, one for each row or column it applies to.

    Comments are left out, line breaks kept, continuation lines set back to two spaces.
    """
    span = typings[0].span
    found: list[Piece] = []
    margin = _margin(span.text)
    at = span.start
    for place, mention in _mentions(span, typings):
        if place.start >= at:
            found += [*_plain(span.source.text[at : place.start], margin), mention]
            at = place.end
    return (*found, *_plain(span.source.text[at : span.end], margin))


@dataclass(slots=True)
class _Place:
    span: Span
    codes: dict[str, None] = field(default_factory=dict)
    answers: dict[str, None] = field(default_factory=dict)
    years: set[int] = field(default_factory=set)


def _mentions(span: Span, typings: Iterable[typed.Expr]) -> Iterator[tuple[Span, Mention]]:
    places: dict[tuple[int, int], _Place] = {}
    for expr in typings:
        for node in typed.walk(expr):
            named = _named(node)
            at = node.span
            if named is None or at.source is not span.source or not span.start <= at.start < at.end <= span.end:
                continue
            place = places.setdefault((at.start, -at.end), _Place(at))
            (place.answers if isinstance(node, typed.Const) else place.codes)[named] = None
            place.years.add(node.back if isinstance(node, typed.CellValue | typed.AggregateValue) else 0)
    for _, place in sorted(places.items(), key=lambda entry: entry[0]):
        text = place.span.inline
        yield place.span, Mention(text, tuple(place.codes), tuple(place.answers), 0 not in place.years)


def _named(node: typed.Expr) -> str | None:
    match node:
        case typed.CellValue(code) | typed.RowValue(code) | typed.AggregateValue(code) | typed.ParameterValue(code):
            return code
        case typed.Rows(table, typed.Const(), None):  # nombre(T)
            return table
        case typed.Const(str() as answer, ChoiceType() as kind) if answer in kind.answers:
            return kind.labels[kind.answers.index(answer)]
        case _:
            return None


def _margin(text: str) -> int:
    """Return how far the continuation lines of `text` all stand from the margin."""
    indents = [len(line) - len(line.lstrip()) for line in text.split("\n")[1:] if line.strip()]
    return min(indents, default=0)


def _plain(text: str, margin: int) -> Iterator[str]:
    text = re.sub(r"\n\s*\n", "\n", _without_comments(text))
    text = re.sub(r"\n *", lambda lead: "\n" + " " * max(2, len(lead[0]) - 1 - margin + 2), text)
    if text:
        yield text


def _without_comments(text: str) -> str:
    return re.sub(r"[ \t]*#[^\n]*", "", text)
