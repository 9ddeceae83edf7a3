"""The file that says how to get into the demo."""

import json
import stat

import pytest

from app.entrypoints.cli.demo_file import (
    CustomerLogin,
    Demo,
    OperatorLogin,
    find_demo,
    find_gateway_key,
    write_demo,
)

DEMO = Demo(
    base_url="http://127.0.0.1:8000",
    customer=CustomerLogin("user-123", "demo@example.com", "a password", "obl_sk_x"),
    operator=OperatorLogin("operator@example.com", "another", "obl_op_x"),
    gateway_key="obl_gw_x",
)


class TestWriteDemo:
    def test_writes_exactly_what_the_contract_says(self, tmp_path) -> None:
        write_demo(DEMO, tmp_path)
        assert json.loads((tmp_path / "demo.json").read_text()) == {
            "base_url": "http://127.0.0.1:8000",
            "customer": {
                "user_id": "user-123",
                "email": "demo@example.com",
                "password": "a password",
                "api_key": "obl_sk_x",
            },
            "operator": {
                "email": "operator@example.com",
                "password": "another",
                "api_key": "obl_op_x",
            },
            "gateway_key": "obl_gw_x",
        }

    def test_lets_only_the_owner_read_and_leaves_nothing_else(self, tmp_path) -> None:
        write_demo(DEMO, tmp_path)
        write_demo(DEMO, tmp_path)
        [file] = tmp_path.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


class TestFindDemo:
    def test_reads_what_was_written(self, tmp_path) -> None:
        write_demo(DEMO, tmp_path)
        assert find_demo(tmp_path) == DEMO
        assert find_gateway_key(tmp_path) == "obl_gw_x"

    @pytest.mark.parametrize("text", [None, "", "{", "[]", "{}", '{"base_url": 1, "customer": {}}'])
    def test_finds_none_in_anything_else(self, tmp_path, text) -> None:
        if text is not None:
            (tmp_path / "demo.json").write_text(text)
        assert find_demo(tmp_path) is None
        assert find_gateway_key(tmp_path) is None
