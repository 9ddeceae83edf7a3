"""Runs every benchmark, prints a table and writes `instance/bench.json`.

Absolute figures drift with the machine; each goal is a ratio within one run, or a bound so wide
that only a mistake misses it.
"""

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks import ingest, pages, price_import
from tests.benchmarks.measuring import Figure
from tests.benchmarks.servers import durable_postgresql


def main() -> int:
    """Measure, print, write; exit 1 if a goal is missed."""
    figures: list[Figure] = []
    with durable_postgresql() as server:
        for benchmark in (ingest.measure, pages.measure, price_import.measure):
            for figure in benchmark(server):
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
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "figures": [figure.document() for figure in figures],
    }


sys.exit(main())
