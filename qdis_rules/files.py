"""Files read whole, within a limit: nothing else in the library opens a file to read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

_MEGABYTE: Final = 1_000_000


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
        mode = found.st_mode
        if stat.S_ISDIR(mode):
            raise CannotRead("c'est un répertoire, un fichier est attendu")
        if not stat.S_ISREG(mode):  # a pipe would wait for ever, a device would never end
            raise CannotRead("ce n'est pas un fichier ordinaire")
        with open(path, "rb") as file:
            content = file.read(min(found.st_size, limit) + 1)
            while len(content) <= limit and (more := file.read(limit + 1 - len(content))):
                content += more  # it grows
    except FileNotFoundError:
        raise CannotRead("ce fichier n'existe pas") from None
    except PermissionError:
        raise CannotRead("la lecture de ce fichier est refusée") from None
    except (OSError, ValueError):  # ValueError: a name no file can have
        raise CannotRead("ce fichier ne peut pas être lu") from None
    if len(content) > limit:
        raise TooLarge(f"plus de {limit // _MEGABYTE} Mo")
    return content
