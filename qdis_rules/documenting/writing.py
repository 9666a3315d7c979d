"""Files to a folder: the whole site or nothing, and never over someone else's files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

_LIST: Final = ".qdis-documentation"
"""The file that lists what a site holds: only what it lists may be replaced."""


class CannotWrite(Exception):
    """The folder cannot take the site; the message, in French, tells why."""


def write_site(pages: Mapping[str, bytes], folder: Path) -> None:
    """Write `pages` in `folder`, which is new, empty, or a site written before that it replaces as a whole.

    The site is first written beside `folder`, then takes its place: whatever happens, `folder` holds the old site
    or the new one, whole.

    Raises:
        CannotWrite: `folder` holds something else, and is left as it is.
        OSError: the disk refused.
    """
    folder = folder.resolve()  # a link stays a link
    _refuse_others_files(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    new, old = beside / "nouveau", beside / "ancien"
    try:
        for name, content in {**pages, _LIST: "".join(f"{name}\n" for name in sorted(pages)).encode()}.items():
            file = new / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        if folder.exists() or not old.exists():  # never throw away the only copy
            shutil.rmtree(beside, ignore_errors=True)


def _refuse_others_files(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise CannotWrite("ce n'est pas un répertoire")
    # A link to a folder stands among the folders of a walk, which does not enter it.
    there = {
        (Path(home) / name).relative_to(folder).as_posix()
        for home, folders, names in os.walk(folder)
        for name in (*folders, *names)
    }
    if not there:
        return
    listed = folder / _LIST
    if not listed.is_file():
        raise CannotWrite(
            "ce répertoire contient déjà autre chose qu'une documentation : donnez-en un nouveau, ou un vide"
        )
    files = {_LIST, *listed.read_text("utf-8").splitlines()}
    folders = {home.as_posix() for name in files for home in PurePosixPath(name).parents}
    others = sorted(name for name in there if name not in (folders if _is_own_folder(folder / name) else files))
    if others:
        raise CannotWrite(f"ce répertoire contient ce qui n'est pas de la documentation : {others[0]}")


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
