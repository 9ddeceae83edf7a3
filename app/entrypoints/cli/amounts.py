"""Amounts of money as the command line takes them."""

import click

from app.foundation.money import minor_from_usd


class Usd(click.ParamType[int]):
    """An amount of USD with at most two decimals; the command gets cents."""

    name = "USD"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read the amount."""
        try:
            return value if isinstance(value, int) else minor_from_usd(str(value))
        except ValueError as error:
            self.fail(f"{value!r} is no amount of USD: {error}.", param, ctx)
