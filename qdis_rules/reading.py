"""Folders and files to sources: the only reader of rule texts on disk."""

from __future__ import annotations

import os
from pathlib import Path

from qdis_rules.diagnostics import Diagnostic, Outcome
from qdis_rules.files import CannotRead, TooLarge, read_file
from qdis_rules.source import MAX_CHARACTERS, Source, Span

SUFFIX = ".qdis"
CAMPAIGN = "campagne.qdis"
"""The name of the campagne of a ruleset, in its folder: never read as one of its sources."""
_MAX_BYTES = 4 * MAX_CHARACTERS


def read_sources(path: Path) -> Outcome[tuple[Source, ...]]:
    """Return the sources of a ruleset: every `.qdis` file below a folder, or one file and what it includes.

    The `campagne.qdis` of the folder is no source, nor is what is hidden (`.git/…`). Files are read in order of path; order changes nothing. A file that is not UTF-8, or too
    large, is a diagnostic. Raises FileNotFoundError when there is nothing to read.
    """
    if path.is_dir():
        found = _below(path)
        if not found:
            raise FileNotFoundError(f"no {SUFFIX} file under {path}")
        root = path
    elif path.is_file():
        found = [path]
        root = path.parent
    else:
        raise FileNotFoundError(f"{path} does not exist")
    reader = _Reader(root)
    for file in found:
        reader.read(file)
    return Outcome(tuple(reader.sources), tuple(reader.diagnostics))


def _below(root: Path) -> list[Path]:
    """Return the files of a ruleset in its folder, in order of path; folders that links lead to are not entered."""
    found: list[Path] = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            file = os.path.join(folder, name)
            if name.endswith(SUFFIX) and not name.startswith(".") and os.path.isfile(file):
                found.append(Path(file))
    return sorted(file for file in found if file != root / CAMPAIGN)


def read_campaign(file: Path) -> Outcome[Source]:
    """Return the source of a campagne; a file that cannot be read is a diagnostic. Raises FileNotFoundError."""
    if not file.is_file():
        raise FileNotFoundError(f"{file} does not exist")
    reader = _Reader(file.parent)
    reader.read(file, includes=False)
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
    def __init__(self, root: Path) -> None:
        self.root = root
        self.sources: list[Source] = []
        self.diagnostics: list[Diagnostic] = []
        self._seen: set[str] = set()
        self._folders: dict[Path, str] = {}
        self._room = _MAX_BYTES

    def read(self, file: Path, *, includes: bool = True) -> None:
        """Read a file, then the files it includes."""
        real = self._real(file)
        if real in self._seen:
            return
        self._seen.add(real)
        name = str(file)
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
            self._includes(file, source)

    def _real(self, file: Path) -> str:
        """Return a file without any link: the same for two names of it."""
        if file.is_symlink():
            return os.path.realpath(file)
        folder = file.parent
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], file.name)

    def _includes(self, file: Path, source: Source) -> None:
        from qdis_rules.syntax import errors, tree
        from qdis_rules.syntax.parse import parse

        for declaration in parse([source]).value.declarations:
            if isinstance(declaration, tree.IncludeDecl):
                target = self._included(file.parent / declaration.path.value)
                if target is None:
                    self.diagnostics.append(errors.no_such_include(declaration.path.span, declaration.path.value))
                else:
                    self.read(target)

    def _included(self, path: Path) -> Path | None:
        """Return a file as it is named from the root; None when there is none below it."""
        root = self.root.resolve()
        try:
            target = path.resolve()
            return self.root / target.relative_to(root) if target.is_file() else None
        except (OSError, RuntimeError, ValueError):  # elsewhere, a name no file can have, a loop of links
            return None
