"""The user's own folder of compiled rulesets: bytes by name, read only where nobody else may have written them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from typing import Final

MAGIC: Final = b"qdis-compile/1\n"
KEPT: Final = 16
"""So many files are kept, the last used; the rest goes when one is added."""
MAX_BYTES: Final = 200_000_000
_SUFFIX: Final = ".jeu"
_STALE: Final = 3600.0
"""Seconds after which a file half written is of nobody any more."""


def folder() -> str | None:
    """Return where compiled rulesets are kept, None for nowhere.

    `QDIS_CACHE` names the folder (empty: nowhere); else it is `qdis_rules` in `XDG_CACHE_HOME`, else in `~/.cache`.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != os.getuid():
        return None  # who owns a file cannot be told, or it is not who asks
    chosen = os.environ.get("QDIS_CACHE")
    if chosen is not None:
        return os.path.expanduser(chosen) or None
    home = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(home):  # relative ones are to be ignored, says the specification
        return os.path.join(home, "qdis_rules")
    own = os.path.expanduser("~")
    return os.path.join(own, ".cache", "qdis_rules") if os.path.isabs(own) else None


def read(name: str) -> memoryview | None:
    """Return what `write` kept under a name; None when there is nothing, or nothing to be trusted."""
    with _opened(create=False) as home:
        if home is None:
            return None
        try:
            file = os.open(name + _SUFFIX, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=home)
        except OSError:
            return None
        try:
            found = os.fstat(file)
            if not (stat.S_ISREG(found.st_mode) and _is_mine(found) and found.st_size <= MAX_BYTES):
                return None
            with open(file, "rb", closefd=False) as stream:
                content = memoryview(stream.read())
            with contextlib.suppress(OSError):
                os.utime(file)
        except OSError:
            return None
        finally:
            os.close(file)
    body = content[len(MAGIC) + 32 :]
    head = MAGIC + hashlib.sha256(body).digest()
    return body if content[: len(head)] == head else None


def write(name: str, body: bytes) -> None:
    """Keep `body` under a name, whole or not at all. A folder that cannot be written, or trusted, keeps nothing."""
    with _opened(create=True) as home:
        if home is None:
            return
        half = f".{name}.{os.urandom(8).hex()}"
        with contextlib.suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            try:
                with open(os.open(half, flags, 0o600, dir_fd=home), "wb") as stream:
                    stream.write(MAGIC + hashlib.sha256(body).digest())
                    stream.write(body)
                os.replace(half, name + _SUFFIX, src_dir_fd=home, dst_dir_fd=home)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(half, dir_fd=home)
                raise
            _tidy(home)


def _tidy(home: int) -> None:
    """Drop the files used longest ago, and those that were never finished."""
    kept: list[tuple[float, str]] = []
    for name in os.listdir(home):
        with contextlib.suppress(OSError):
            if name.endswith(_SUFFIX) and not name.startswith("."):
                kept.append((os.stat(name, dir_fd=home, follow_symlinks=False).st_mtime, name))
            elif name.startswith(".") and time.time() - os.stat(name, dir_fd=home).st_mtime > _STALE:
                os.unlink(name, dir_fd=home)
    for _, name in sorted(kept)[:-KEPT]:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=home)


@contextlib.contextmanager
def _opened(*, create: bool) -> Iterator[int | None]:
    """Give the folder as a descriptor: None when there is none, or when someone else may write it."""
    place = folder()
    home: int | None = None
    with contextlib.suppress(OSError, ValueError):  # ValueError: a name no folder can have
        if place is not None:
            if create:
                os.makedirs(place, mode=0o700, exist_ok=True)
            home = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    if home is None:
        yield None
        return
    try:
        yield home if _is_mine(os.fstat(home)) else None
    finally:
        os.close(home)


def _is_mine(found: os.stat_result) -> bool:
    """True when the user owns a file or folder and nobody else may write it."""
    return found.st_uid == os.geteuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
