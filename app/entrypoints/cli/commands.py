"""The commands of `billing`: each stands in a file of its own, and fails in one line."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from app.entrypoints.cli.errors import told_in_one_line


class Commands(click.Group):
    """A group that imports a command once it is called: a server's start waits for no other."""

    def __init__(self, name: str, *, files: Mapping[str, str], **given: Any) -> None:
        super().__init__(name, **given)
        self._files = files

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(self._files)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name, or nothing; its function has the same one."""
        file = self._files.get(cmd_name)
        if file is None:
            return None
        found: click.Command = getattr(
            import_module(f"{__package__}.{file}"), cmd_name.replace("-", "_")
        )
        return found

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the group's own options."""
        with told_in_one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command that was named."""
        with told_in_one_line():
            return super().invoke(ctx)
