"""The command line. Each command is a file of this package, imported when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

import mmbench
from mmbench.errors import MmbenchError, UsageError
from mmbench.registry import SWITCH

__all__ = ["cli", "main"]

COMMANDS = {
    "check": "Check that plugins keep to their contract.",
    "data": "Say what datasets need, check their files, and profile what they hold.",
    "env": "Describe this machine and the installed versions.",
    "latency": "Measure what fusions take to run: latency, throughput, memory, FLOPs, energy.",
    "list": "List what plugins bring.",
    "new": "Write the package of a new plugin.",
    "plugins": "List plugins, also those that could not be loaded.",
    "report": "Write tables, plots and the page of a results folder.",
    "run": "Run a comparison and write its report.",
    "why": "Say why a job ran, or would run again.",
}


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mmbench.cli.{cmd_name}_command")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(mmbench.__version__, "-V", "--version", prog_name="mmbench")
@click.option("--no-plugins", is_flag=True, help="Load no third-party plugin.")
def cli(no_plugins: bool) -> None:
    """A fair comparison of multimodal fusion strategies and loss weightings."""
    if no_plugins:
        os.environ[SWITCH] = ""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: exit code 0 all well, 1 something failed, 2 wrong usage, 130 interrupted."""
    try:
        code: Any = cli.main(args=arguments, prog_name="mmbench", standalone_mode=False)
    except click.exceptions.Abort:
        click.echo("Interrupted.", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = 2
    except UsageError as error:
        click.echo(f"Error: {error}", err=True)
        code = 2
    except MmbenchError as error:
        click.echo(f"Error: {error}", err=True)
        code = 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
