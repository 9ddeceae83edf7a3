"""Runs every benchmark, prints a table and writes `instance/bench.json`.

Absolute figures drift with the machine; each goal is a ratio within one run, or a bound so wide
that only a mistake misses it. `LONG=1` adds ten million records of one account, a close of a
hundred thousand accounts and an hour of load; `ONLY=pages,books` leaves the others out.
"""

import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import an_hour, books, ingest, pages, price_import, starting
from tests.benchmarks.measuring import Figure, machine
from tests.benchmarks.servers import durable_postgresql

BENCHMARKS = (ingest, starting, pages, books, price_import, an_hour)


def main() -> int:
    """Measure, print, write; exit 1 if a goal is missed."""
    # Filling tables with millions of records is meant to take long.
    logging.getLogger("app.foundation.slow_queries").setLevel(logging.ERROR)
    print(machine().line(), flush=True)
    figures: list[Figure] = []
    only = os.environ.get("ONLY", "").split(",")
    wanted = [each for each in BENCHMARKS if only == [""] or each.__name__.split(".")[-1] in only]
    with durable_postgresql() as server:
        for benchmark in wanted:
            for figure in benchmark.measure(server):
                print(figure.line(), flush=True)
                figures.append(figure)
    target = Path(os.environ.get("INSTANCE_DIR", "instance")) / "bench.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(_document(figures), indent=2) + "\n", encoding="utf-8")
    missed = [figure.name for figure in figures if not figure.is_reached]
    print(f"\n{len(figures)} figures, {len(missed)} goals missed; written to {target}")
    return 1 if missed else 0


def _document(figures: list[Figure]) -> dict[str, object]:
    return {
        "measured_at": datetime.now(UTC).isoformat(),
        "machine": machine().document(),
        "figures": [figure.document() for figure in figures],
    }


sys.exit(main())
