"""Where a text comes from, and where something stands in it."""

from __future__ import annotations

import bisect
import re
import unicodedata
from dataclasses import field
from typing import Final

from qdis_rules.records import dataclass


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Source:
    """One text of a ruleset: its displayed name and its content (NFC, Unix line ends).

    Build it with `Source.of`, which normalises; offsets everywhere count code points of
    the normalised text.
    """

    name: str
    text: str
    _line_starts: tuple[int, ...] = field(repr=False)

    @classmethod
    def of(cls, name: str, text: str) -> Source:
        """Return the source for `text`, normalised to NFC with Unix line ends."""
        text = unicodedata.normalize("NFC", text.removeprefix("\ufeff"))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        starts = [0]
        starts.extend(index + 1 for index, char in enumerate(text) if char == "\n")
        return cls(name, text, tuple(starts))

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


_COMMENT: Final = re.compile(r"#[^\n]*")


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
        return " ".join(_COMMENT.sub("", self.text).split())

    def to(self, other: Span) -> Span:
        """Return the span from the start of this one to the end of `other`."""
        return Span(self.source, self.start, max(self.end, other.end))

    def __repr__(self) -> str:
        return f"<Span {self}>"

    def __str__(self) -> str:
        line, column = self.source.position(self.start)
        return f"{self.source.name}:{line}:{column}"
