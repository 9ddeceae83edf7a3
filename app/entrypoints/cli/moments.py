"""Moments as the command line takes them."""

from datetime import UTC, datetime

import click

DATE_LENGTH = len("2026-12-01")


class Moment(click.ParamType[datetime]):
    """A moment as RFC 3339 writes it; a date alone is its midnight in UTC."""

    name = "ISO"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read the moment."""
        text = str(value)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no moment: write 2026-12-01T00:00:00Z.", param, ctx)
        if moment.tzinfo is None and len(text) == DATE_LENGTH:
            moment = moment.replace(tzinfo=UTC)
        if moment.tzinfo is None:
            self.fail(f"{text!r} names no zone: write 2026-12-01T00:00:00Z.", param, ctx)
        return moment.astimezone(UTC)
