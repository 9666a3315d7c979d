"""Where a text comes from, and where something stands in it."""

from __future__ import annotations

import bisect
import re
import unicodedata
from typing import Final

from qdis_rules.records import dataclass

MAX_CHARACTERS: Final = 4_000_000
MAX_LINES: Final = 100_000
"""Beyond these a ruleset is refused (the whole 2023 ruleset is fifty times smaller)."""


class Source:
    """One text of a ruleset: its displayed name and its content (NFC, Unix line ends).

    Build it with `Source.of`; offsets everywhere count code points of the normalised text.
    """

    __slots__ = ("_given", "_starts", "_text", "name")

    def __init__(self, name: str, given: str) -> None:
        self.name = name
        self._given = given
        self._text: str | None = None
        self._starts: tuple[int, ...] | None = None

    @classmethod
    def of(cls, name: str, text: str) -> Source:
        """Return the source for `text`, normalised to NFC with Unix line ends when it is first read."""
        return cls(name, text)

    def __reduce__(self) -> tuple[type[Source], tuple[str, str]]:
        return Source, (self.name, self._given)

    @property
    def given(self) -> str:
        """The text as it was given."""
        return self._given

    @property
    def text(self) -> str:
        """The normalised text."""
        if self._text is None:
            text = unicodedata.normalize("NFC", self._given.removeprefix("\ufeff"))
            self._text = text.replace("\r\n", "\n").replace("\r", "\n")
        return self._text

    @property
    def _line_starts(self) -> tuple[int, ...]:
        if self._starts is None:
            self._starts = (0, *(found.end() for found in re.finditer("\n", self.text)))
        return self._starts

    def __repr__(self) -> str:
        return f"<Source {self.name}, {len(self.text)} characters>"

    def position(self, offset: int) -> tuple[int, int]:
        """Return (line, column) of `offset`, both from 1: the only such conversion."""
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        """Return the text of line `number` (from 1), without its line end."""
        start = self._line_starts[number - 1]
        end = self._line_starts[number] - 1 if number < len(self._line_starts) else len(self.text)
        return self.text[start:end]

    @property
    def line_count(self) -> int:
        """The number of lines, an empty text having one."""
        return len(self._line_starts)


@dataclass(frozen=True, slots=True, repr=False)
class Span:
    """A half-open range of code points in a source."""

    source: Source
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters covered."""
        return self.source.text[self.start : self.end]

    @property
    def inline(self) -> str:
        """The text on one line, comments left out: a formula as its author wrote it."""
        text = self.text
        return " ".join((re.sub(r"#[^\n]*", "", text) if "#" in text else text).split())

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of `other`."""
        return Span(self.source, self.start, max(self.end, other.end))

    def __repr__(self) -> str:
        return f"<Span {self}>"

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"
