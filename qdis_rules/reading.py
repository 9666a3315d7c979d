"""Folders and files to sources: the only reader of rule texts on disk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qdis_rules.diagnostics import Diagnostic, Outcome
from qdis_rules.files import CannotRead, TooLarge, read_file
from qdis_rules.source import MAX_CHARACTERS, Source, Span

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX = ".qdis"
CAMPAIGN = "campagne.qdis"
"""The name of the campagne of a ruleset, in its folder: never read as one of its sources."""
_MAX_BYTES = 4 * MAX_CHARACTERS


def read_sources(path: str | Path) -> Outcome[tuple[Source, ...]]:
    """Return the sources of a ruleset: every `.qdis` file below a folder, or one file and what it includes.

    The `campagne.qdis` of the folder is no source, nor is what is hidden (`.git/…`). Files are read in order of path; order changes nothing. A file that is not UTF-8, or too
    large, is a diagnostic. Raises FileNotFoundError when there is nothing to read.
    """
    root = str(path)
    if os.path.isdir(root):
        found = _below(root)
        if not found:
            raise FileNotFoundError(f"no {SUFFIX} file under {path}")
    elif os.path.isfile(root):
        found = [root]
        root = os.path.dirname(root) or "."
    else:
        raise FileNotFoundError(f"{path} does not exist")
    reader = _Reader(root)
    for file in found:
        reader.read(file)
    return Outcome(tuple(reader.sources), tuple(reader.diagnostics))


def _below(root: str) -> list[str]:
    """Return the files of a ruleset in its folder, in order of path; folders that links lead to are not entered."""
    found: list[str] = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            file = os.path.join(folder, name)
            if name.endswith(SUFFIX) and not name.startswith(".") and os.path.isfile(file):
                found.append(file.removeprefix("./"))
    campaign = os.path.join(root, CAMPAIGN).removeprefix("./")
    return sorted((file for file in found if file != campaign), key=lambda file: file.split(os.sep))


def read_campaign(file: str | Path) -> Outcome[Source]:
    """Return the source of a campagne; a file that cannot be read is a diagnostic. Raises FileNotFoundError."""
    if not os.path.isfile(file):
        raise FileNotFoundError(f"{file} does not exist")
    reader = _Reader(os.path.dirname(file) or ".")
    reader.read(str(file), includes=False)
    source = reader.sources[0] if reader.sources else Source.of(str(file), "")
    return Outcome(source, tuple(reader.diagnostics))


def _unread(name: str, error: CannotRead | UnicodeDecodeError) -> Diagnostic:
    """Return what is said of a file that is no source."""
    from qdis_rules.syntax import errors

    nowhere = Span(Source.of(name, ""), 0, 0)
    if isinstance(error, TooLarge):
        return errors.source_too_long(nowhere, f"plus de {_MAX_BYTES} octets dans un jeu")
    if isinstance(error, UnicodeDecodeError):
        return errors.not_utf8(nowhere, error.start)
    return errors.unreadable(nowhere, str(error))


class _Reader:
    def __init__(self, root: str) -> None:
        self.root = root
        self.sources: list[Source] = []
        self.diagnostics: list[Diagnostic] = []
        self._seen: set[str] = set()
        self._folders: dict[str, str] = {}
        self._room = _MAX_BYTES

    def read(self, name: str, *, includes: bool = True) -> None:
        """Read a file, then the files it includes."""
        real = self._real(name)
        if real in self._seen:
            return
        self._seen.add(real)
        try:
            content = read_file(real, self._room)
            self._room -= len(content)
            text = content.decode("utf-8")
        except (CannotRead, UnicodeDecodeError) as error:
            self.diagnostics.append(_unread(name, error))
            return
        source = Source.of(name, text)
        self.sources.append(source)
        if includes and "inclure" in text:
            self._includes(source)

    def _real(self, file: str) -> str:
        """Return a file without any link: the same for two names of it."""
        if os.path.islink(file):
            return os.path.realpath(file)
        folder, name = os.path.split(file)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder or ".")
        return os.path.join(self._folders[folder], name)

    def _includes(self, source: Source) -> None:
        from pathlib import Path

        from qdis_rules.syntax import errors, tree
        from qdis_rules.syntax.parse import parse

        for declaration in parse([source]).value.declarations:
            if isinstance(declaration, tree.IncludeDecl):
                target = self._included(Path(source.name).parent / declaration.path.value)
                if target is None:
                    self.diagnostics.append(errors.no_such_include(declaration.path.span, declaration.path.value))
                else:
                    self.read(str(target))

    def _included(self, path: Path) -> Path | None:
        """Return a file as it is named from the root; None when there is none below it."""
        from pathlib import Path

        root = Path(self.root)
        try:
            target = path.resolve()
            return root / target.relative_to(root.resolve()) if target.is_file() else None
        except (OSError, RuntimeError, ValueError):  # elsewhere, a name no file can have, a loop of links
            return None
