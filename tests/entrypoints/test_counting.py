"""What is counted: by one process, and by several together."""

import os
import subprocess
import sys
from pathlib import Path

from app.entrypoints.counting import FOLDER, Figure, count_request, count_usage, exposition
from tests.databases import ROOT

COUNT = """
from app.entrypoints.counting import count_request, count_usage, exposition
count_request(method="GET", route="/counted-together", status=200, seconds=0.5)
count_usage({"accepted": 3}, wire="native")
print(exposition([]).decode())
"""


def test_counts_requests_with_their_seconds() -> None:
    for seconds in (0.004, 0.2):
        count_request(method="GET", route="/alone", status=200, seconds=seconds)
    told = exposition([]).decode()
    assert 'billing_http_requests_total{method="GET",route="/alone",status="200"} 2.0' in told
    duration = "billing_http_request_duration_seconds"
    assert f'{duration}_bucket{{le="0.005",method="GET",route="/alone"}} 1.0' in told
    assert f'{duration}_bucket{{le="0.25",method="GET",route="/alone"}} 2.0' in told
    assert f'{duration}_sum{{method="GET",route="/alone"}} 0.204' in told


def test_counts_usage() -> None:
    count_usage({"accepted": 2, "rejected": 1}, wire="of a test")
    told = exposition([]).decode()
    assert 'billing_usage_records_total{format="of a test",result="accepted"} 2.0' in told
    assert 'billing_usage_records_total{format="of a test",result="rejected"} 1.0' in told


def test_tells_figures_with_what_they_mean() -> None:
    told = exposition([Figure("billing_things", "How many things.", 7)]).decode()
    assert told.endswith(
        "# HELP billing_things How many things.\n# TYPE billing_things gauge\nbilling_things 7.0\n"
    )


def test_tells_nothing_of_when_it_began_to_count() -> None:
    count_usage({"accepted": 1}, wire="native")
    assert "_created" not in exposition([]).decode()


def test_processes_count_together(tmp_path: Path) -> None:
    environment = {**os.environ, FOLDER: str(tmp_path), "PYTHONPATH": str(ROOT)}
    told = ""
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", COUNT],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        told = done.stdout
    # What ended meanwhile still counts: a process that died has answered its requests.
    route = 'method="GET",route="/counted-together"'
    assert f'billing_http_requests_total{{{route},status="200"}} 2.0' in told
    assert f"billing_http_request_duration_seconds_count{{{route}}} 2.0" in told
    assert 'billing_usage_records_total{format="native",result="accepted"} 6.0' in told
