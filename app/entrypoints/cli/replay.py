"""`billing demo replay`: a usage trace, posted to a running server as a gateway would."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import click

from app.config import read_settings
from app.entrypoints.cli.billing_api import BillingApi, Record
from app.entrypoints.cli.demo_file import find_gateway_key
from app.entrypoints.cli.errors import Failed
from app.entrypoints.cli.posting import BATCH_MAX, in_batches, post_batches
from app.entrypoints.cli.trace import count_records, moment_of, read_records

# At speed, what comes due within this time is posted together.
TICK_SECONDS = 0.1


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--speed",
    type=click.FloatRange(min=0),
    default=0,
    help="How many times faster than it happened.  [default: as fast as possible]",
)
@click.option("--user", help="Whose usage it is, whatever the file says.")
@click.option("--url", help="The server's address.  [default: BASE_URL, or this machine's PORT]")
@click.option("--key", help="A gateway's key.  [default: the demo's]")
@click.option(
    "--batch",
    type=click.IntRange(1, BATCH_MAX),
    default=BATCH_MAX,
    show_default=True,
    help="How many records a post may have.",
)
def replay(
    *, file: Path, speed: float, user: str | None, url: str | None, key: str | None, batch: int
) -> None:
    """Post FILE, a usage trace as CSV or CSV.gz, to a running server.

    Its columns are "Timestamp, Model, Request tokens, Response tokens, Total tokens, Request Id",
    or the field names of the API. A file without user_id is spread over the accounts acct-0 to
    acct-9, by the number at the end of the request id modulo 10. Replaying it again changes
    nothing: the server counts each request once.
    """
    settings = read_settings()
    gateway_key = key or find_gateway_key(settings.instance_dir)
    if gateway_key is None:
        raise Failed("There is no demo to take a gateway key from; say one with --key.")
    records, count = read_records(file, user_id=user), count_records(file)
    batches = paced(records, speed=speed, size=batch) if speed else in_batches(records, size=batch)
    with closing(BillingApi(url or settings.base_url, gateway_key)) as api:
        tally = post_batches(api, batches, count=count, label=file.name)
    tally.show()
    if not tally.is_clean:
        raise Failed("Not every record was taken as it stands.")


def paced(records: Iterable[Record], *, speed: float, size: int) -> Iterator[Sequence[Record]]:
    """Give the records in order of time, each no earlier than it is due."""
    in_order = sorted(records, key=moment_of)
    began = time.monotonic()
    batch: list[Record] = []
    for record in in_order:
        due = (moment_of(record) - moment_of(in_order[0])).total_seconds() / speed
        early = due - (time.monotonic() - began)
        if batch and (early > 0 or len(batch) == size):
            yield batch
            batch = []
            early = due - (time.monotonic() - began)
        if early > 0:
            time.sleep(max(early, TICK_SECONDS))
        batch.append(record)
    if batch:
        yield batch
