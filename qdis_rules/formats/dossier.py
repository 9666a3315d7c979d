"""Dossier files: JSON, with the trial balance in a CSV file beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from qdis_rules.evaluation.dossier import Account, Dossier, DossierError, Problem, Raw
from qdis_rules.files import CannotRead, TooLarge, name_of, read_file
from qdis_rules.formats.balance import read_balance
from qdis_rules.records import dataclass

if TYPE_CHECKING:
    from pathlib import Path

FORMAT: Final = "qdis-dossier/1"
FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2100
MAX_CODE: Final = 200
MAX_WORDS: Final = 20_000
MAX_BYTES: Final = 20_000_000
MAX_DEPTH: Final = 16
_FIELDS: Final = frozenset(
    ("format", "exercice", "organisme", "cellules", "rapatriement", "listes", "balance", "agregats", "justifications")
)

_MESSAGES: Final = {
    "missing": "ce champ est obligatoire",
    "extra_forbidden": "ce champ n'existe pas dans le format",
    "literal_error": "valeur attendue : qdis-dossier/1",
    "int_type": "un nombre entier est attendu",
    "string_type": "un texte est attendu",
    "dict_type": "un objet { … } est attendu",
    "list_type": "une liste [ … ] est attendue",
    "greater_than_equal": "exercice hors de 1990-2100",
    "less_than_equal": "exercice hors de 1990-2100",
    "string_too_long": "texte trop long",
    "string_too_short": "code vide",
}


def read_dossier(path: str | Path) -> Dossier:
    """Return the dossier of a JSON file (format `qdis-dossier/1`) and of the balance it names.

    Raises:
        DossierError: the file cannot be read; it tells every problem with its place.
    """
    return parse_dossier(_bytes(path), name_of(path), os.path.dirname(path))


@dataclass(frozen=True, slots=True)
class DossierFolder:
    """The dossiers of a folder, by name: `mixte-2023` is the file `mixte-2023.json`."""

    path: Path

    def names(self) -> tuple[str, ...]:
        """Return the names of the dossiers, sorted; none when there is no such folder."""
        return tuple(sorted(file.stem for file in self.path.glob("*.json")))

    def read(self, name: str) -> tuple[Dossier, ...]:
        """Return the dossier `name`, then those of the years before as far as they are there.

        The year before `mixte-2023` is `mixte-2022`. Raises DossierError.
        """
        if not _is_name(name):
            raise _error(name, "fichier-illisible", "un nom de dossier est un nom de fichier, sans chemin ni .json")
        return (read_dossier(self.path / f"{name}.json"), *self._earlier(name))

    def _earlier(self, name: str) -> Iterator[Dossier]:
        stem, dash, year = name.rpartition("-")
        if not (dash and len(year) == 4 and year.isdecimal()):
            return
        for before in range(int(year) - 1, 0, -1):
            path = self.path / f"{stem}-{before:04}.json"
            if not path.is_file():
                return
            dossier = read_dossier(path)
            if dossier.year != before:
                raise _error(name_of(path), "exercice", f"ce dossier est de l'exercice {dossier.year}")
            yield dossier


def parse_dossier(content: bytes | str, name: str = "dossier", folder: str | Path | None = None) -> Dossier:
    """Return the dossier written in `content`; `folder` is where its balance is looked for.

    Numbers keep the digits written: none passes through a float. Raises DossierError.
    """
    document = _loaded(content, name)
    if not _is_well_formed(document):
        document = _validated(document, name)
    balance: Sequence[Account] | None = None
    if document.get("balance") is not None:
        balance = _balance(document["balance"], name, folder)
    return Dossier(
        year=int(document["exercice"]),
        organisation=document.get("organisme", ""),
        typed=_raw(document.get("cellules", {})),
        imported=_raw(document.get("rapatriement", {})),
        lists={code: tuple(_raw(row) for row in rows) for code, rows in document.get("listes", {}).items()},
        balance=balance,
        filed=_raw(document.get("agregats", {})),
        justifications=document.get("justifications", {}),
        name=name,
    )


def _bytes(path: str | Path) -> bytes:
    try:
        return read_file(path, MAX_BYTES)
    except TooLarge as error:
        raise _error(name_of(path), "fichier-trop-gros", str(error)) from None
    except CannotRead as error:
        raise _error(name_of(path), "fichier-illisible", str(error)) from None


def _loaded(content: bytes | str, name: str) -> Any:
    if isinstance(content, bytes):
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            raise _error(f"{name}:{line}", "encodage", "ce fichier n'est pas en UTF-8") from None
    _limit_depth(content, name)
    repeated: list[Problem] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                repeated.append(
                    Problem(f"{name}/{_short(key)}", "cle-en-double", f"« {_short(key)} » est donné deux fois")
                )
            found[key] = value
        return found

    try:
        loaded = json.loads(
            content,
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_Number,
            object_pairs_hook=pairs,
        )
    except json.JSONDecodeError as error:
        place = f"{name}:{error.lineno}:{error.colno}"
        cut = error.pos >= len(content.rstrip()) - 1 or error.msg.startswith("Unterminated")
        what = "fichier tronqué : il s'arrête avant la fin" if cut else "JSON mal formé"
        raise _error(place, "json-mal-forme", what) from None
    if repeated:
        raise DossierError(repeated)
    return loaded


class _Number(str):
    """A JSON number as written: `1e400` and `NaN` reach the reader of values, which refuses them."""

    __slots__ = ()


def _limit_depth(content: str, name: str) -> None:
    if "\\" not in content:  # then what stands between quotes is text
        content_outside = "".join(content.split('"')[::2])
        deepest = depth = 0
        for char in content_outside:
            if char in "[{":
                depth += 1
                deepest = max(deepest, depth)
            elif char in "]}":
                depth -= 1
        if deepest <= MAX_DEPTH:
            return
    depth = 0
    in_text = escaped = False
    for index, char in enumerate(content):
        if in_text:
            escaped = char == "\\" and not escaped
            if char == '"' and not escaped:
                in_text = False
            elif char != "\\":
                escaped = False
        elif char == '"':
            in_text = True
        elif char in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                line = content.count("\n", 0, index) + 1
                raise _error(f"{name}:{line}", "json-trop-profond", f"plus de {MAX_DEPTH} niveaux")
        elif char in "]}":
            depth -= 1


def _is_well_formed(loaded: Any) -> bool:
    """True for a document as the format describes it, seen without pydantic: it is long to import.

    Anything unusual is False, and is for `_validated` to judge.
    """
    if not isinstance(loaded, dict) or not loaded.keys() <= _FIELDS or loaded.get("format") != FORMAT:
        return False
    year = loaded.get("exercice")
    return (
        isinstance(year, _Number)
        and len(year) == 4
        and year.isascii()
        and year.isdigit()
        and FIRST_YEAR <= int(year) <= LAST_YEAR
        and _is_words(loaded.get("organisme", ""))
        and (loaded.get("balance") is None or _is_words(loaded["balance"]))
        and all(_are_scalars(loaded.get(part, {})) for part in ("cellules", "rapatriement", "agregats"))
        and _is_object(loaded.get("listes", {}))
        and all(type(rows) is list and all(map(_are_scalars, rows)) for rows in loaded.get("listes", {}).values())
        and _is_object(loaded.get("justifications", {}))
        and all(map(_is_words, loaded.get("justifications", {}).values()))
    )


def _is_object(found: Any) -> bool:
    """True for an object whose keys may be codes."""
    return type(found) is dict and all(0 < len(code) <= MAX_CODE and code.isprintable() for code in found)


def _are_scalars(found: Any) -> bool:
    return _is_object(found) and all(
        value is None or type(value) in (bool, _Number) or (type(value) is str and _is_text(value))
        for value in found.values()
    )


def _is_words(found: Any) -> bool:
    return type(found) is str and len(found) <= MAX_WORDS and _is_text(found)


def _is_text(text: str) -> bool:
    """True unless half a character is in it, or what is rare: JSON can write one, no encoding can."""
    return text.isprintable() or not any("\ud800" <= char <= "\udfff" for char in text)


def _validated(loaded: Any, name: str) -> dict[str, Any]:
    """Return a document as pydantic reads it. Raises DossierError, with its words for every problem."""
    from pydantic import ValidationError

    from qdis_rules.formats.documents import DossierDocument

    if not isinstance(loaded, Mapping):
        raise _error(name, "json-mal-forme", "un objet { … } est attendu")
    year = loaded.get("exercice")
    if isinstance(year, _Number) and year.isdigit() and len(year) == 4:
        loaded = {**loaded, "exercice": int(year)}
    try:
        return dict(DossierDocument.model_validate(loaded))
    except ValidationError as error:
        problems: dict[tuple[str, str], Problem] = {}
        for entry in error.errors(include_url=False, include_context=False, include_input=False):
            place = "/".join(str(part) for part in entry["loc"] if part not in _UNION_TAGS)
            message = _MESSAGES.get(entry["type"], "valeur inattendue")
            if any(part in _UNION_TAGS for part in entry["loc"]):
                message = "un nombre, un texte, oui/non (true, false) ou null est attendu"
            problems.setdefault((place, message), Problem(f"{name}/{_short(place)}", "champ-invalide", message))
        raise DossierError(list(problems.values())) from None


_UNION_TAGS: Final = ("str", "bool", "int", "float", "constrained-str")


def _raw(values: Mapping[str, Any]) -> dict[str, Raw]:
    return {code: str(value) if isinstance(value, _Number) else value for code, value in values.items()}


def _balance(file: str, name: str, folder: str | Path | None) -> Sequence[Account]:
    if folder is None or not _is_name(file) or "\0" in file:
        raise _error(f"{name}/balance", "balance-introuvable", "la balance est un fichier placé à côté du dossier")
    return read_balance(os.path.join(folder, file))


def _is_name(file: str) -> bool:
    """True for the name of a file, without a folder."""
    return os.path.basename(file) == file and file != "."


def _error(pointer: str, code: str, message: str) -> DossierError:
    return DossierError([Problem(pointer, code, message)])


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
