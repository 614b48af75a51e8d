"""The edge of both commands: what ends a program, and with which exit code."""

import getpass
import signal
import socket
import sys
from typing import NoReturn

import click

from access_service.errors import OperatorError
from access_service.logs import where

DONE, EXPECTED_ERROR, HELD, BUG = 0, 1, 2, 3
# Of a run, a patron, an exception: what every database has room for.
NUMBER = click.IntRange(1, 2**31 - 1)


class Why(click.ParamType[str]):
    """A reason, as reports, mails and the audit repeat it: one line, and nothing that would move a cursor."""

    name = "text"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The words without spaces around them. Errors: BadParameter."""
        said = value.strip()
        if not said or not said.isprintable():
            self.fail("should be one line of words that says why", param, ctx)
        return said


WHY = Why()


def run(command: click.Command) -> NoReturn:
    """Run a command and exit: 0 done, 1 expected error or wrong usage, 2 held in whole or part, 3 bug.

    An error is one line on standard error. Of a bug only class and place are told: its text may hold somebody's data.
    """
    # As Ctrl-C does: what a run left in the spool is cleared, and the ledger says that it failed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXPECTED_ERROR))
    try:
        code = command.main(standalone_mode=False)
    except click.ClickException as error:
        usage = f" (see {error.ctx.command_path} --help)" if isinstance(error, click.UsageError) and error.ctx else ""
        # Its own message is the whole help.
        said = "no command given" if isinstance(error, click.exceptions.NoArgsIsHelpError) else error.format_message()
        _say(f"error: {said}{usage}")
        code = EXPECTED_ERROR
    except click.Abort:
        _say("error: stopped")
        code = EXPECTED_ERROR
    except OperatorError as error:
        _say(f"error: {error}")
        code = EXPECTED_ERROR
    except OSError as error:
        # A folder that cannot be written, a full disk: something outside the program.
        _say(f"error: {error.filename or 'system'}: {error.strerror or error.__class__.__name__}")
        code = EXPECTED_ERROR
    except Exception as error:  # noqa: BLE001 - the edge: a bug ends with its own code
        _say(f"bug: {error.__class__.__name__} at {where(error)}; please report this line")
        code = BUG
    sys.exit(code if isinstance(code, int) else DONE)


def typed_by() -> str:
    """Whose command it is, for the ledger and the audit."""
    try:
        return f"{getpass.getuser()}@{socket.gethostname()} by command"
    except (KeyError, OSError):
        # A container's user need not have a name.
        return f"{socket.gethostname()} by command"


def _say(line: str) -> None:
    click.echo(line.replace("\n", " "), err=True)
