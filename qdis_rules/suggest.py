"""The nearest known name, for « vouliez-vous dire … ? »."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable


def fold(name: str) -> str:
    """Return `name` in lower case without accents: how names are compared for likeness."""
    decomposed = unicodedata.normalize("NFD", name.casefold())
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name most like `name`, or None when none is near enough."""
    folded: dict[str, str] = {}
    for candidate in sorted(known):
        folded.setdefault(fold(candidate), candidate)
    found = difflib.get_close_matches(fold(name), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None
