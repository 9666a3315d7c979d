"""What the compiler says of a ruleset to its author.

A diagnostic speaks of a ruleset; `evaluation.dossier.Problem` speaks of a document;
a check result speaks of a dossier. The three are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from qdis_rules.records import dataclass
from qdis_rules.source import Span

T = TypeVar("T", covariant=True)


class Severity(StrEnum):
    """Error: nothing runs. Warning: the ruleset may run, its author should look."""

    ERROR = "erreur"
    WARNING = "avertissement"


@dataclass(frozen=True, slots=True)
class Label:
    """A place, and what is to be seen there (may be empty)."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """A replacement an editor may offer: `span` becomes `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing noticed in a ruleset.

    `code` is stable (kebab-case, one documentation page each); `message` is one French
    line in the ruleset's own words; `primary` is the exact place, `secondary` where the
    expectation came from; `help` is the next step.
    """

    code: str
    severity: Severity
    message: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    help: str | None = None
    fix: tuple[Edit, ...] = ()

    def render(self) -> str:
        """Return the message for a terminal: source lines, carets, help. No colour."""
        out = [f"{self.severity}[{self.code}] {self.message}"]
        for index, label in enumerate((self.primary, *self.secondary)):
            out.extend(_excerpt(label, "^" if index == 0 else "-"))
        if self.help:
            first, *rest = self.help.split("\n")
            out.append(f"  aide : {first}")
            out.extend(f"         {line}" for line in rest)
        return "\n".join(out)

    def as_json(self) -> Mapping[str, object]:
        """Return the JSON-ready form: code, severity, message, places (lines and columns from 1)."""
        return {
            "code": self.code,
            "gravite": str(self.severity),
            "message": self.message,
            "lieu": _place(self.primary),
            "autres_lieux": [_place(label) for label in self.secondary],
            "aide": self.help,
            "corrections": [{**_place(Label(edit.span)), "texte": edit.text} for edit in self.fix],
        }


def _excerpt(label: Label, mark: str) -> list[str]:
    span = label.span
    line, column = span.source.position(span.start)
    last_line, _ = span.source.position(max(span.start, span.end - 1))
    text = span.source.line(line)
    width = span.end - span.start if last_line == line else len(text) - column + 1
    # A line may be very long (a hostile or generated file): show a window around the caret.
    shift = max(0, column - 80) if len(text) > 160 else 0
    text = text[shift : shift + 160]
    column -= shift
    width = max(1, min(width, len(text) - column + 1))
    gutter = " " * len(str(line))
    pad = "".join("\t" if char == "\t" else " " for char in text[: column - 1])
    return [
        f"{gutter} ┌─ {span}",
        f"{line} │ {text.rstrip()}",
        f"{gutter} │ {pad}{mark * width} {label.text}".rstrip(),
    ]


def _place(label: Label) -> dict[str, object]:
    span = label.span
    line, column = span.source.position(span.start)
    end_line, end_column = span.source.position(span.end)
    return {
        "fichier": span.source.name,
        "ligne": line,
        "colonne": column,
        "ligne_fin": end_line,
        "colonne_fin": end_column,
        "texte": label.text,
    }


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """As much as a stage could build, and everything it noticed."""

    value: T
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """True when no diagnostic is an error."""
        return not any(d.severity is Severity.ERROR for d in self.diagnostics)


def in_source_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the diagnostics without repetition, by file, place, then code."""
    unique = dict.fromkeys(diagnostics)
    return tuple(sorted(unique, key=lambda d: (d.primary.span.source.name, d.primary.span.start, d.code, d.message)))
