"""Where each thing of a ruleset is shown: a file of the site and a place in it."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePath
from typing import Final
from urllib.parse import quote

from qdis_rules.model import typed

HOME: Final = "index.html"
NOTICE: Final = "notice.html"
_FOLDER: Final = "pages/"


class Addresses:
    """Files and anchors by code, the same whatever the order of declaration.

    A file bears a plain lower-case name, so that no disk confuses two of them; an anchor is the code itself.
    """

    def __init__(self, ruleset: typed.TypedRuleset) -> None:
        self._places: dict[str, tuple[str, str]] = {}
        self.groups: dict[str, tuple[typed.Check, ...]] = {}
        self._group_files: dict[str, str] = {}
        declared = [check for check in ruleset.checks.values() if check.origin is None]
        for check in declared:
            stem = PurePath(check.span.source.name).stem
            self.groups[stem] = (*self.groups.get(stem, ()), check)
        self._files("tableau", ruleset.tables)
        self._files("famille", ruleset.families)
        self._files("agregat", ruleset.aggregates)
        self._files("controle", [check.code for check in declared])
        for stem, file in _named("controles", self.groups):
            self._group_files[stem] = file
        for cell in ruleset.cells.values():
            self._places[cell.code] = (self._places[cell.table][0], cell.code)
        for code in ruleset.parameters:
            self._places[code] = (page("parametres"), code)
        for check in ruleset.checks.values():
            if check.origin is not None:
                self._places[check.code] = (self._places[check.origin][0], check.code)

    def _files(self, kind: str, codes: Iterable[str]) -> None:
        for code, file in _named(kind, codes):
            self._places[code] = (file, "")

    def knows(self, code: str) -> bool:
        """Return True when `code` is shown somewhere."""
        return code in self._places

    def file(self, code: str) -> str:
        """Return the file that shows a table, a family, an aggregate or a declared check."""
        return self._places[code][0]

    def group(self, stem: str) -> str:
        """Return the file that shows the checks of one rule file."""
        return self._group_files[stem]

    def to(self, code: str, here: str) -> str:
        """Return the link from the file `here` to what `code` names. KeyError for an unknown code."""
        file, anchor = self._places[code]
        return link(file, here, anchor)


def page(name: str) -> str:
    """Return the file of the page `name`, below the home page."""
    return f"{_FOLDER}{name}.html"


def link(file: str, here: str, anchor: str = "") -> str:
    """Return the relative link from the file `here` to `file`."""
    path = "" if file == here and anchor else quote(posixpath.relpath(file, posixpath.dirname(here) or "."))
    return f"{path}#{quote(anchor)}" if anchor else path


def group_title(stem: str) -> str:
    """Return « Emprunts subventions » for the rule file `emprunts_subventions.qdis`."""
    words = stem.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _named(kind: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return (code, file), numbering the codes whose plain names are the same."""
    taken: dict[str, int] = {}
    found = []
    for code in sorted(codes):
        name = f"{kind}-{_plain(code)}"
        taken[name] = taken.get(name, 0) + 1
        found.append((code, page(name if taken[name] == 1 else f"{name}--{taken[name]}")))
    return found


def _plain(code: str) -> str:
    letters = unicodedata.normalize("NFKD", code.replace("œ", "oe").replace("Œ", "oe"))
    return re.sub(r"[^a-z0-9_]+", "-", letters.encode("ascii", "ignore").decode().lower())
