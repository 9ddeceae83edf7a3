"""Reading posted records; what is wrong with which field stands in test_usage_bad_input."""

import subprocess
import sys

import pytest

from tests.databases import ROOT

# A process of its own: only its first records meet a shape that nobody has used before.
FIRST_RECORDS = """
import subprocess
import sys
import sys, threading
from app.entrypoints.api.usage_shapes import read_record
from tests.databases import ROOT

sys.setswitchinterval(1e-6)
start = threading.Barrier(16)
record = {"user_id": "ada", "request_id": "r", "model": "m", "provider": "p", "api_key_alias": "k"}
record |= {"prompt_tokens": 1, "completion_tokens": 1}

def read():
    start.wait()
    assert read_record(record).total_tokens == 2

threads = [threading.Thread(target=read) for _ in range(16)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


@pytest.mark.parametrize("attempt", range(4))
def test_the_first_records_of_a_process_may_come_all_at_once(attempt: int) -> None:
    # Where the shape is not taken apart before, the process dies in two attempts of three.
    child = subprocess.run([sys.executable, "-c", FIRST_RECORDS], cwd=ROOT, check=False)
    assert child.returncode == 0
