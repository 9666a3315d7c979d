"""The nearest known name, for « vouliez-vous dire … ? »."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable


def fold(name: str) -> str:
    """Return `name` in lower case without accents: how names are compared for likeness."""
    decomposed = unicodedata.normalize("NFD", name.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _unpadded(name: str) -> str:
    return re.sub(r"0+(?=[0-9])", "", name)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name`, or None when none is near enough."""
    import difflib

    plain = _unpadded(fold(name))
    folded: dict[str, str] = {}
    for candidate in sorted(known):
        folded.setdefault(fold(candidate), candidate)
        if any(char.isdigit() for char in plain) and _unpadded(fold(candidate)) == plain:
            return candidate  # LOC3 is LOC03 before it is LOC13
    found = difflib.get_close_matches(fold(name), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None
