"""Reading posted records; what is wrong with which field stands in test_usage_bad_input."""

import subprocess
import sys

from tests.databases import ROOT

# Processes of their own: only its first records meet a shape that nobody has used before. Where the
# shape is not taken apart before, a process dies in two attempts of three.
FIRST_RECORDS = """
import os, sys, threading
from app.entrypoints.api.usage_shapes import read_record

sys.setswitchinterval(1e-6)
record = {"user_id": "ada", "request_id": "r", "model": "m", "provider": "p", "api_key_alias": "k"}
record |= {"prompt_tokens": 1, "completion_tokens": 1}

def all_at_once():
    start = threading.Barrier(16)

    def read():
        start.wait()
        assert read_record(record).total_tokens == 2

    threads = [threading.Thread(target=read) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

for _ in range(4):
    child = os.fork()
    if not child:
        all_at_once()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


def test_the_first_records_of_a_process_may_come_all_at_once() -> None:
    child = subprocess.run([sys.executable, "-c", FIRST_RECORDS], cwd=ROOT, check=False)
    assert child.returncode == 0
