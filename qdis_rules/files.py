"""Files read whole, within a limit: nothing else in the library opens a file to read it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_MEGABYTE: Final = 1_000_000
_READING: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class CannotRead(Exception):
    """A file cannot be read; the message, in French, tells why."""


class TooLarge(CannotRead):
    """A file holds more than the limit."""


def read_file(path: str | Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes.

    Raises:
        TooLarge: it holds more; only `limit` bytes were looked at.
        CannotRead: there is none of that name, none can have that name, or it may not be read.
    """
    try:
        found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise CannotRead("c'est un répertoire, un fichier est attendu")
        if not stat.S_ISREG(found.st_mode):  # a pipe would wait for ever, a device would never end
            raise CannotRead("ce n'est pas un fichier ordinaire")
        content = _read(os.open(path, _READING), found.st_size, limit)
    except FileNotFoundError:
        raise CannotRead("ce fichier n'existe pas") from None
    except PermissionError:
        raise CannotRead("la lecture de ce fichier est refusée") from None
    except (OSError, ValueError):  # ValueError: a name no file can have
        raise CannotRead("ce fichier ne peut pas être lu") from None
    if len(content) > limit:
        raise TooLarge(f"plus de {limit // _MEGABYTE} Mo")
    return content


def _read(file: int, size: int, limit: int) -> bytes:
    """Return what an open file holds, and one byte past `limit` at most; its `size` is what it should be."""
    try:
        content = os.read(file, min(size, limit) + 1)
        while len(content) <= limit and (more := os.read(file, max(1, min(size, limit + 1 - len(content))))):
            content += more
        return content
    finally:
        os.close(file)


def name_of(path: str | Path) -> str:
    """Return the name of a file, without its folder."""
    return os.path.basename(os.path.normpath(path))
