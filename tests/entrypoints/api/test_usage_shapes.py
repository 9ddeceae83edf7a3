"""Reading posted records; what is wrong with which field stands in test_usage_bad_input."""

import subprocess
import sys

import pytest

from app.entrypoints.api.usage_shapes import MalformedRecord, read_record
from tests.databases import ROOT

RECORD = {
    **{"user_id": "ada", "request_id": "r", "model": "m", "provider": "p", "api_key_alias": "k"},
    **{"prompt_tokens": 1, "completion_tokens": 1},
}
TEXTS = ["user_id", "request_id", "model", "provider", "api_key_alias"]

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


@pytest.mark.parametrize("name", TEXTS)
class TestTexts:
    @pytest.mark.parametrize("text", ["a\0b", "\x1f", "a\n", "\x7f", "\ud800", "a\udfff"])
    def test_hold_nothing_that_no_database_stores(self, name: str, text: str) -> None:
        with pytest.raises(MalformedRecord) as refused:
            read_record({**RECORD, name: text})
        assert [(fault.path, fault.code) for fault in refused.value.faults] == [
            (name, "text_invalid")
        ]

    @pytest.mark.parametrize("text", [" ", "\xa0", "\u200b", "\u202eb", "\u2028", "\ue000", "😀"])
    def test_hold_anything_else_though_nobody_can_see_it(self, name: str, text: str) -> None:
        assert getattr(read_record({**RECORD, name: text}), name) == text
