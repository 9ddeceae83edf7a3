"""How the command line says no: one line on stderr, and 1 for a refusal, 2 for a wrong call."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from app.config.reading import SettingError
from app.foundation.errors import DomainError
from app.foundation.store_away import STORE_AWAY


class Failed(click.ClickException):
    """A command could not do what was asked; told in one line."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))

    def show(self, file: object = None) -> None:
        """Print the line."""
        click.echo(f"billing: {self.format_message()}", err=True)


class CalledWrongly(Failed):
    """The command line itself, or a setting, is wrong."""

    exit_code = 2


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """Turn every expected failure into one line and its exit code."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # shows the help, which is longer than a line for a reason
    except click.UsageError as error:
        raise CalledWrongly(error.format_message()) from error
    except SettingError as error:
        raise CalledWrongly(str(error)) from error
    except DomainError as refusal:
        raise Failed(refusal.message) from refusal
    except STORE_AWAY as error:
        raise Failed(f"The database cannot be worked with: {_reason(error)}.") from error


def _reason(error: Exception) -> str:
    # Drivers explain themselves over several lines; the first says what happened.
    reason = getattr(error, "orig", None) or error
    return str(reason).strip().partition("\n")[0].rstrip(".")
