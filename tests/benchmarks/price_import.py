"""Prices: the time to import LiteLLM's whole public table."""

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from app import wiring
from app.foundation import clock
from app.foundation.database import transaction
from app.workflows.import_prices import import_prices
from tests.benchmarks.measuring import Figure
from tests.benchmarks.servers import migrated_app

TABLE = "litellm/model_prices_and_context_window_backup.json"


def measure(server: sa.URL) -> Iterator[Figure]:
    """Import the table of LITELLM_PRICE_TABLE, or the one inside the package on PyPI."""
    with tempfile.TemporaryDirectory() as folder:
        table = _price_table(Path(folder))
        if table is None:
            print("price import: skipped, LiteLLM's package could not be downloaded")
            return
        with migrated_app(server):
            started = time.perf_counter()
            with transaction():
                import_prices(wiring.read_price_table(table).prices, actor="bench", now=clock.now())
            seconds = time.perf_counter() - started
    yield Figure("import of LiteLLM's whole price table", seconds, "s", at_most=5)


def _price_table(folder: Path) -> Path | None:
    given = os.environ.get("LITELLM_PRICE_TABLE")
    if given:
        return Path(given)
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "litellm"]
    if subprocess.run([*download, "-d", str(folder)], check=False).returncode:
        return None
    (wheel,) = folder.glob("litellm-*.whl")
    with zipfile.ZipFile(wheel) as package:
        return Path(package.extract(TABLE, folder))
