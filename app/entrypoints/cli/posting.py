"""Posting many usage records: in batches, with a progress bar, counting what became of them."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import click

from app.entrypoints.cli.billing_api import BillingApi, Posted, Record

BATCH_MAX = 1_000


@dataclass(slots=True)
class Tally:
    """What became of the records."""

    accepted: int = 0
    duplicates: int = 0
    conflicts: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    # One sentence for each code.
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Tell whether every record stands as it was posted."""
        return not self.conflicts and not self.rejected

    def add(self, posted: Posted) -> None:
        """Count what became of a batch."""
        self.accepted += posted.accepted
        self.duplicates += posted.duplicates
        self.conflicts += posted.conflicts
        for code, reason in posted.rejected:
            self.rejected[code] += 1
            self.reasons.setdefault(code, reason)

    def show(self) -> None:
        """Print the count, and for each reason of a rejection an example."""
        click.echo(
            f"accepted {self.accepted:,}, duplicates {self.duplicates:,},"
            f" conflicts {self.conflicts:,}, rejected {self.rejected.total():,}"
        )
        for code, count in self.rejected.most_common():
            click.echo(f"  {code} {count:,}: {self.reasons[code]}")


def post_batches(
    api: BillingApi, batches: Iterable[Sequence[Record]], *, count: int, label: str
) -> Tally:
    """Post the batches, `count` records in all."""
    tally = Tally()
    with click.progressbar(length=count, label=label, file=sys.stderr) as bar:
        for batch in batches:
            tally.add(api.post_usage(batch))
            bar.update(len(batch))
    return tally


def in_batches(records: Iterable[Record], *, size: int = BATCH_MAX) -> Iterator[list[Record]]:
    """Cut the records into batches."""
    rest = iter(records)
    while batch := list(islice(rest, size)):
        yield batch
