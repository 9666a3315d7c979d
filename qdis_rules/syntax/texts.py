"""What the typed ruleset keeps of the tree as it was written."""

from __future__ import annotations

from dataclasses import field

from qdis_rules.records import dataclass
from qdis_rules.source import Span


@dataclass(frozen=True, slots=True)
class Text:
    """A « text », without its quotes. `span` covers the quotes too."""

    value: str
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A named place of a message: `écart`, `gauche`, `droite`, `tolérance`, `ligne`, `colonne`."""

    word: str
    span: Span = field(compare=False, repr=False)
