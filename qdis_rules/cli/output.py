"""What leaves the command line: streams, JSON, problems, diagnostics. User text is never markup."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from qdis_rules.evaluation.dossier import Problem
from qdis_rules.records import dataclass

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from qdis_rules.diagnostics import Diagnostic

# Control characters could drive a terminal, direction marks could disguise a figure.
_UNSEEN = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
_BREAKS = "[\t\n\v\f\r\x85\u2028\u2029]+"


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that cannot be used: every problem with its place, or the diagnostics of a ruleset."""

    file: str | None
    problems: tuple[Problem, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


class CannotUse(Exception):
    """A command cannot go on; `failures` tell why."""

    def __init__(self, failures: Sequence[Failure]) -> None:
        super().__init__()
        self.failures = tuple(failures)


def failure(file: str | None, pointer: str, code: str, message: str) -> Failure:
    """Return a failure with one problem."""
    return Failure(file, (Problem(pointer, code, message),))


# --- streams ------------------------------------------------------------------


def asks_json(words: Sequence[str]) -> bool:
    """Return True when a call, right or wrong, asks for JSON."""
    own = words[: words.index("--")] if "--" in words else words
    return "--json" in own


def prepare_streams() -> None:
    """Write UTF-8 whatever the locale; a character that cannot be written is replaced."""
    # A stream closed by the caller is None: what is written to it is lost, as was asked.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def abandon_stdout() -> None:
    """Let the interpreter end in silence once nothing can be written any more."""
    own = sys.__stdout__
    if own is None or sys.stdout is not own:
        return  # someone else's stream, theirs to close
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), own.fileno())


def on_terminal() -> bool:
    """Return True when a person reads the output as it comes."""
    return sys.stdout.isatty()


def console() -> Console:
    """Return the console of a terminal; NO_COLOR makes it plain."""
    from rich.console import Console

    if os.environ.get("NO_COLOR"):
        return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, no_color=True, color_system=None)
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def captured(renderables: Iterable[RenderableType]) -> str:
    """Return how a terminal shows `renderables`."""
    screen = console()
    with screen.capture() as capture:
        for renderable in renderables:
            screen.print(renderable)
    return capture.get()


# --- words --------------------------------------------------------------------


def clean(text: str) -> str:
    """Return `text` without what drives or deceives a terminal; line ends are kept."""
    return re.sub(_UNSEEN, "\ufffd", text)


def one_line(text: str) -> str:
    """Return `text` clean and on one line; no-break spaces are kept."""
    if text.isprintable():  # nothing to clean, as nearly always
        return text.strip(" ")
    return clean(re.sub(_BREAKS, " ", text)).strip(" ")


def indented_line(text: str) -> str:
    """Return `text` clean and on one line, its indentation kept."""
    return clean(re.sub(_BREAKS, " ", text)).rstrip(" ")


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return « 1 erreur », « 2 erreurs »: in French 0 is singular."""
    return f"{number} {noun if number < 2 else plural or noun + 's'}"


def say(text: str) -> None:
    """Write a line on standard output."""
    click.echo(clean(text), color=False)


def say_shown(text: str) -> None:
    """Write what `captured` returned, colours included."""
    click.echo(text, nl=False, color=True)


def say_json(document: Any) -> None:
    """Write a JSON document alone on standard output."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2), color=False)


def error(message: str) -> None:
    """Write a French sentence on standard error."""
    error_text(f"Erreur : {message}")


def error_text(text: str) -> None:
    """Write on standard error."""
    click.echo(clean(text), err=True, color=False)


# --- problems and diagnostics -------------------------------------------------


def failures(found: Sequence[Failure], as_json: bool) -> None:
    """Tell why files cannot be used: JSON on standard output, or text on standard error."""
    if as_json:
        say_json(failures_document(found))
        return
    for each in found:
        for problem in each.problems:
            error_text(f"{_placed(each.file, problem.pointer)} : {one_line(problem.message)} [{problem.code}]")
        if each.diagnostics:
            error_text("\n\n".join(diagnostic.render() for diagnostic in each.diagnostics))


def _placed(file: str | None, pointer: str) -> str:
    """Return « dossiers/coop.json:1:44 » from that file and « coop.json:1:44 », else both."""
    if file is None:
        return one_line(pointer)
    name = os.path.basename(os.path.normpath(file))
    if name and pointer.startswith(name):
        return one_line(file + pointer.removeprefix(name))
    return one_line(f"{file} : {pointer}" if pointer else file)


def failures_document(found: Sequence[Failure]) -> dict[str, Any]:
    """Return `{"problemes": […]}`, with the diagnostics of rulesets when there are."""
    document: dict[str, Any] = {
        "problemes": [
            {"fichier": each.file, "lieu": problem.pointer, "code": problem.code, "message": problem.message}
            for each in found
            for problem in each.problems
        ]
    }
    diagnostics = [dict(diagnostic.as_json()) for each in found for diagnostic in each.diagnostics]
    if diagnostics:
        document["diagnostics"] = diagnostics
    return document


def say_diagnostics(diagnostics: Iterable[Diagnostic], indent: str = "") -> None:
    """Write diagnostics on standard output, coloured on a terminal, a blank line after each."""
    if not on_terminal():
        for diagnostic in diagnostics:
            say("\n".join(indent + line for line in diagnostic.render().split("\n")) + "\n")
        return
    screen = console()
    for diagnostic in diagnostics:
        for line in _coloured(diagnostic):
            screen.print(indent, line, sep="", soft_wrap=True)
        screen.print()


def say_tick(passed: bool, title: str) -> None:
    """Write a title after ✓ or ✗, coloured on a terminal."""
    tick = "✓" if passed else "✗"
    if not on_terminal():
        say(f"{tick} {one_line(title)}")
        return
    from rich.text import Text

    console().print(Text.assemble((tick, "bold green" if passed else "bold red"), " ", one_line(title)))


def _coloured(diagnostic: Diagnostic) -> Iterator[RenderableType]:
    from rich.text import Text

    tint = "bold red" if diagnostic.severity == "erreur" else "bold yellow"
    head, *lines = clean(diagnostic.render()).split("\n")
    label, bracket, message = head.partition("] ")
    yield Text.assemble((label + bracket.rstrip(), tint), (" " + message, "bold"))
    for line in lines:
        marked = re.fullmatch(r"( *│ *[\t ]*)(\^+|-+)(.*)", line)
        if marked is not None:
            mark = tint if marked[2][0] == "^" else "cyan"
            yield Text.assemble((marked[1], "dim"), (marked[2], mark), (marked[3], mark))
        elif re.match(r" *┌─ ", line):
            yield Text(line, "dim")
        elif line.startswith("  aide : "):
            yield Text.assemble(("  aide : ", "green"), line.removeprefix("  aide : "))
        else:
            number, bar, source = line.partition(" │ ")
            yield Text.assemble((number + bar, "dim"), source) if bar and number.isdigit() else Text(line)
