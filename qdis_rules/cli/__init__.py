"""The command line `qdis`. Nothing heavy is imported here: `main` looks before it leaps."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from typing import NoReturn

_INSTALL = 'la commande qdis demande des bibliothèques en plus : pip install "qdis-rules[cli]"'


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Run `qdis` with `args` (the process's own by default) and exit: 0 fine, 1 violated, 2 not usable."""
    # A command is short: collecting what it made takes longer than it saves, at its end above all.
    gc.set_threshold(100_000, 20, 20)
    words = list(sys.argv[1:] if args is None else args)
    if find_spec("click") is None or find_spec("rich") is None:
        if "--json" in words:
            place = {"fichier": None, "lieu": "qdis", "code": "bibliotheques-absentes", "message": _INSTALL}
            print(json.dumps({"problemes": [place]}))  # noqa: T201
        else:
            print(_INSTALL, file=sys.stderr)  # noqa: T201
        sys.exit(2)
    from qdis_rules.cli.app import app

    try:
        app.main(args=words, prog_name="qdis")
    finally:
        gc.freeze()
    sys.exit(0)  # app.main exits by itself


__all__ = ["main"]
