"""`qdis formater`: rule files in their canonical layout."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from qdis_rules.cli import output
from qdis_rules.cli.french import OK, UNUSABLE, VIOLATED, CallError, FrenchCommand
from qdis_rules.cli.loading import JSON_OPTION

if TYPE_CHECKING:
    from qdis_rules.diagnostics import Diagnostic

_HELP = """
Met en forme des fichiers de règles, sans rien changer à leur sens.

Par défaut, le texte mis en forme est écrit à l'écran et les fichiers ne changent pas. Un fichier qui contient
une erreur de syntaxe n'est jamais réécrit.

\b
Exemples :
  qdis formater rulesets/2024 --verifier
  qdis formater rulesets/2024 --ecrire
  qdis formater controles.qdis

Codes de retour : 0, tout va bien ; 1, erreur de syntaxe, ou fichier à mettre en forme avec --verifier ;
2, fichier illisible.
"""
_SUFFIX: Final = ".qdis"


@dataclass
class _File:
    """A file on its way: its text as it is and as it should be, or why not."""

    name: str
    text: str = ""
    formatted: str = ""
    written: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()
    failures: list[output.Failure] = field(default_factory=list)

    @property
    def broken(self) -> bool:
        return any(diagnostic.severity == "erreur" for diagnostic in self.diagnostics)

    @property
    def changes(self) -> bool:
        return not self.failures and not self.broken and self.text != self.formatted

    def refuse(self, code: str, message: str) -> None:
        self.failures.append(output.failure(self.name, "", code, message))


@click.command(
    cls=FrenchCommand,
    help=_HELP,
    short_help="Met en forme des fichiers de règles.",
    arguments=[("FICHIER...", "Des fichiers de règles, ou des répertoires : tous les .qdis qu'ils contiennent.")],
)
@click.argument("names", nargs=-1, required=True, metavar="FICHIER...")
@click.option("--verifier", "check", is_flag=True, help="N'écrit rien : liste les fichiers à mettre en forme.")
@click.option("--ecrire", "write", is_flag=True, help="Réécrit les fichiers à mettre en forme.")
@JSON_OPTION
@click.pass_context
def formater(ctx: click.Context, names: tuple[str, ...], check: bool, write: bool, as_json: bool) -> int:
    """Format rule files."""
    if check and write:
        raise CallError("--verifier et --ecrire ne vont pas ensemble.", ctx)
    files = [_formatted(file) for file in _below(names)]
    if write:
        for file in files:
            if file.changes:
                _rewrite(file)
    if as_json:
        output.say_json(_document(files, with_text=not (check or write)))
    else:
        _say(files, check, write)
    if any(file.failures for file in files):
        return UNUSABLE
    return VIOLATED if any(file.broken or (check and file.changes) for file in files) else OK


def _below(names: tuple[str, ...]) -> Iterator[_File]:
    """Yield each file once: those named, and those below the folders named."""
    seen: set[str] = set()
    for name in names:
        path = Path(name)
        found = sorted(p for p in path.rglob(f"*{_SUFFIX}") if p.is_file()) if path.is_dir() else [path]
        if not found:
            empty = _File(name)
            empty.refuse("fichier-introuvable", f"ce répertoire ne contient aucun fichier {_SUFFIX}")
            yield empty
        for each in found:
            real = os.path.realpath(each) if "\0" not in name else name
            if real not in seen:
                seen.add(real)
                yield _File(str(each))


def _formatted(file: _File) -> _File:
    from qdis_rules.source import Source
    from qdis_rules.syntax.printer import format_source

    text = None if file.failures else _read(file)
    if text is None:
        return file
    try:
        outcome = format_source(Source.of(file.name, text))
    except ValueError:  # a text that no quotation marks can hold
        file.refuse("formatage-impossible", "ce fichier ne peut pas être mis en forme")
        return file
    file.text, file.formatted, file.diagnostics = text, outcome.value, outcome.diagnostics
    return file


def _read(file: _File) -> str | None:
    from qdis_rules.files import CannotRead, TooLarge, read_file
    from qdis_rules.source import MAX_CHARACTERS

    try:
        return read_file(Path(file.name), 4 * MAX_CHARACTERS).decode("utf-8")
    except UnicodeDecodeError as error:
        file.refuse("encodage", f"ce fichier n'est pas en UTF-8 (octet {error.start})")
    except TooLarge:
        file.refuse("fichier-trop-gros", f"plus de {MAX_CHARACTERS} caractères")
    except CannotRead as error:
        file.refuse("fichier-illisible", str(error))
    return None


def _rewrite(file: _File) -> None:
    """Replace a file at once: whatever happens, it holds its old text or the new one, whole."""
    from qdis_rules.source import Source
    from qdis_rules.syntax.printer import format_source

    again = format_source(Source.of(file.name, file.formatted))
    if not again.ok or again.value != file.formatted:
        file.refuse("formatage-impossible", "la mise en forme de ce fichier ne se relit pas : il est laissé tel quel")
        return
    target = Path(file.name).resolve()  # a link stays a link
    temporary: Path | None = None
    try:
        mode = target.stat().st_mode
        if not os.access(target, os.W_OK):  # a rename would not ask
            raise PermissionError
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(file.formatted)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(mode & 0o7777)
        temporary.replace(target)
        file.written = True
    except (OSError, ValueError):
        file.refuse("ecriture-impossible", "ce fichier ne peut pas être réécrit : il est laissé tel quel")
    finally:
        if temporary is not None and not file.written:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)


def _document(files: list[_File], with_text: bool) -> dict[str, Any]:
    lost = [failure for file in files for failure in file.failures]
    document: dict[str, Any] = output.failures_document(lost) if lost else {}
    document["fichiers"] = [
        {
            "fichier": file.name,
            "change": file.changes or file.written,
            "ecrit": file.written,
            **({"texte": file.formatted} if with_text and not file.broken else {}),
            "diagnostics": [dict(diagnostic.as_json()) for diagnostic in file.diagnostics],
        }
        for file in files
        if not file.failures
    ]
    return document


def _say(files: list[_File], check: bool, write: bool) -> None:
    for file in files:
        if file.failures or file.broken:
            output.failures([*file.failures, output.Failure(file.name, (), file.diagnostics)], as_json=False)
        elif check and file.changes:
            output.say(f"à mettre en forme : {file.name}")
        elif write and file.written:
            output.say(f"mis en forme : {file.name}")
        elif not check and not write:
            click.echo(file.formatted, nl=False, color=False)
    if check or write:
        output.say(_summary(files, check))


def _summary(files: list[_File], check: bool) -> str:
    sound = [file for file in files if not file.failures and not file.broken]
    touched = sum(1 for file in sound if (file.changes if check else file.written))
    done = "à mettre en forme" if check else "mis en forme"
    lost = len(files) - len(sound)
    words = [
        output.counted(touched, f"fichier {done}", f"fichiers {done}"),
        output.counted(len(sound) - touched, "déjà en forme", "déjà en forme"),
    ]
    if lost:
        words.append(output.counted(lost, "en erreur", "en erreur"))
    return ", ".join(words) + "."
