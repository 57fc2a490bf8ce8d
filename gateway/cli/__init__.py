"""The command `gateway`: one file a command, no logic.

What this package is not: a place for decisions. A command reads its options, calls what does the work, and
shows what came of it.

    main   the group of all commands; errors become one sentence on standard error and an exit code
    lazy   how a group finds its commands
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

import click

from gateway import __version__
from gateway.cli.lazy import Lazy
from gateway.errors import GatewayError, OutputError

__all__ = ["main"]

_COMMANDS = (
    "inspect",
    "convert",
    "validate",
    "schema",
    "policy",
    "vtp",
    "replay",
    "run",
    "config",
    "top",
    "simulate",
    "demo",
)


class _Group(Lazy):
    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of ours is a sentence and an exit code, never a traceback."""
        try:
            return super().invoke(ctx)
        except GatewayError as error:
            _fail(error)
        except BrokenPipeError:
            # The reader of a pipe has seen enough. Nothing is left to say, not even at interpreter exit.
            sys.stdout = None
            sys.exit(0)
        except OSError as error:
            if error.filename is not None:
                raise
            # No file's: what is read and written by name has errors of its own. Nor is it tried again at exit.
            sys.stdout = None
            _fail(OutputError("output-unwritable", f"Standard output cannot be written: {error.strerror}."))


def _fail(error: GatewayError) -> NoReturn:
    click.echo(f"gateway: {error}\n{error.advice}", err=True)
    sys.exit(error.exit_code)


@click.group(
    cls=_Group,
    package=__name__,
    commands=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", prog_name="gateway")
def main() -> None:
    """LSST and ZTF alerts to VOEvent and back, exactly.

    \b
    Examples:
      gateway demo
      gateway convert alert.avro --to voevent
      gateway validate *.xml

    Exit codes: 0 all is well; 1 something was found or refused; 2 the command could not be run.
    """
