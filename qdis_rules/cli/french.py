"""click in French: help, errors, exit codes, and the last-resort handler."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import click

from qdis_rules.cli import output
from qdis_rules.suggest import nearest

_SETTINGS: Final = {"help_option_names": ["-h", "--aide", "--help"], "max_content_width": 100}
OK, VIOLATED, UNUSABLE = 0, 1, 2
_INTERRUPTED, _PIPE_CLOSED = 130, 141  # as the shell reports a process that a signal ended


class CallError(click.UsageError):
    """A wrong call, already told in French."""


class _PipeClosed(Exception):
    """Whoever reads our output has stopped."""


def _show_help(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class _French(click.Command):
    """What a command and the group share."""

    arguments: Sequence[tuple[str, str]] = ()

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        names = self.get_help_option_names(ctx)
        if self._help_option is None and names:  # click would look for a translation, each time
            self._help_option = click.Option(
                [*names, "aide"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_show_help,
                help="Affiche cette aide et s'arrête.",
            )
        return self._help_option

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), "Utilisation : ")

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Later releases of click list the arguments here: ours are listed with the options."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.arguments:
            with formatter.section("Arguments "):
                formatter.write_dl(list(self.arguments))
        records = [record for param in self.get_params(ctx) if (record := _option_record(param, ctx)) is not None]
        with formatter.section("Options "):
            formatter.write_dl(records)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise CallError(_translated(error, self, ctx), ctx) from None


class FrenchCommand(_French):
    """A command; `arguments` are the lines of its section « Arguments »."""

    def __init__(self, name: str | None, arguments: Sequence[tuple[str, str]] = (), **options: Any) -> None:
        # Extra arguments are let in, so that `parse_args` can refuse them in French.
        options["context_settings"] = {**_SETTINGS, "allow_extra_args": True}
        super().__init__(name, **options)
        self.arguments = arguments

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what is left over."""
        rest = super().parse_args(ctx, args)
        if rest and not ctx.resilient_parsing:
            raise CallError(f"argument en trop : {' '.join(rest)}", ctx)
        return rest


class FrenchGroup(_French, click.Group):
    """The group: it alone turns what commands raise into words and exit codes."""

    def __init__(self, name: str, homes: Mapping[str, str], **options: Any) -> None:
        """`homes` are the modules of the commands, by name: a call imports its own alone."""
        options["context_settings"] = _SETTINGS
        super().__init__(name, subcommand_metavar="COMMANDE [ARGUMENTS]...", **options)
        self._homes = homes

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, None when there is none of that name."""
        if cmd_name not in self._homes:
            return None
        found: click.Command = getattr(import_module(self._homes[cmd_name]), cmd_name)
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands as a dossier meets them, not by alphabet."""
        return list(self._homes)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the commands."""
        super().format_options(ctx, formatter)
        with formatter.section("Commandes "):
            commands = {name: self.get_command(ctx, name) for name in self._homes}
            formatter.write_dl([(name, each.get_short_help_str(80)) for name, each in commands.items() if each])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command asked for, or say the nearest."""
        name = args[0]
        if name not in self._homes and not ctx.resilient_parsing:
            near = nearest(name, self._homes)
            more = f" Vouliez-vous dire {near} ?" if near else f" Commandes : {', '.join(self._homes)}."
            raise CallError(f"la commande « {name} » n'existe pas.{more}", ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command until its output is out."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            raise _PipeClosed from None
        return code

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command and exit; nothing it raises goes further."""
        given = kwargs.get("args", args[0] if args else None)
        words = list(sys.argv[1:] if given is None else given)
        as_json = output.asks_json(words)
        output.prepare_streams()
        sys.exit(self._run(as_json, {**kwargs, "args": words, "standalone_mode": False}))

    def _run(self, as_json: bool, options: dict[str, Any]) -> int:
        options.setdefault("prog_name", "qdis")
        try:
            code = super().main(**options)
        except _PipeClosed:
            output.abandon_stdout()
            return _PIPE_CLOSED
        except (click.Abort, KeyboardInterrupt):
            output.error("interrompu")
            return _INTERRUPTED
        except click.exceptions.NoArgsIsHelpError as error:
            output.error_text(error.format_message())
            return UNUSABLE
        except click.UsageError as error:
            return _call_error(error, as_json)
        except output.CannotUse as error:
            output.failures(error.failures, as_json)
            return UNUSABLE
        except Exception as error:  # the last resort: a traceback says nothing to a finance person
            if os.environ.get("QDIS_DEBUG"):
                raise
            return _last_resort(error, as_json)
        return code if isinstance(code, int) else OK


def _call_error(error: click.UsageError, as_json: bool) -> int:
    message = error.format_message()
    if as_json:
        output.failures([output.failure(None, "ligne de commande", "appel-incorrect", message)], as_json=True)
    else:
        if error.ctx is not None:
            output.error_text(error.ctx.get_usage().strip())
            output.error_text(f"Essayez « {error.ctx.command_path} --help » pour l'aide.\n")
        output.error_text(f"Erreur : {message}")
    return UNUSABLE


def _last_resort(error: Exception, as_json: bool) -> int:
    code, what = "erreur-interne", f"erreur interne : {type(error).__name__} ; QDIS_DEBUG=1 en montre le détail"
    if isinstance(error, OSError):  # files that cannot be read are told by the commands: this is our output
        name = errno.errorcode.get(error.errno or 0, "cause inconnue")
        code, what = "entree-sortie", f"une lecture ou une écriture a échoué ({name})"
        output.abandon_stdout()
    with contextlib.suppress(OSError):
        output.failures([output.failure(None, "qdis", code, what)], as_json)
    return UNUSABLE


def _option_record(param: click.Parameter, ctx: click.Context) -> tuple[str, str] | None:
    record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
    return record and (record[0], record[1].replace("[required]", "[obligatoire]"))


def _translated(error: click.UsageError, command: click.Command, ctx: click.Context) -> str:
    """Return in French what click found wrong in a call."""
    options = {name: param for param in command.get_params(ctx) for name in param.opts if name.startswith("-")}
    match error:
        case CallError():
            return error.message
        case click.NoSuchOption():
            near = nearest(error.option_name, options)
            more = f" Vouliez-vous dire {near} ?" if near else ""
            return f"l'option {error.option_name} n'existe pas.{more}"
        case click.BadOptionUsage():
            option = options.get(error.option_name)
            flag = isinstance(option, click.Option) and option.is_flag
            return f"l'option {error.option_name} " + ("n'attend pas de valeur." if flag else "attend une valeur.")
        case click.MissingParameter(param=click.Option(opts=[name, *_])):
            return f"il manque l'option {name}."
        case click.MissingParameter():
            metavar = error.param.make_metavar(ctx) if error.param is not None else ""
            return f"il manque l'argument {metavar.removesuffix('...')}."
        case click.BadParameter():
            return f"valeur incorrecte : {error.message}"
        case _:
            return error.message


__all__ = ["OK", "UNUSABLE", "VIOLATED", "CallError", "FrenchCommand", "FrenchGroup"]
