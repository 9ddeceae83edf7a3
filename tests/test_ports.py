"""Servers of tests do not stand in each other's way."""

import socket

import pytest

from tests import ports


def test_gives_none_twice() -> None:
    given = ports.free_ports(20)
    assert len(set(given)) == 20


@pytest.mark.parametrize("worker", ["gw0", "gw1", "gw15"])
def test_gives_each_worker_its_own(worker: str) -> None:
    own = set(ports._ports_of(worker))
    assert len(own) == ports.EACH_HAS
    assert max(own) < 32_768
    others = {f"gw{number}" for number in range(ports.WORKERS_MAX)} - {worker}
    assert all(own.isdisjoint(ports._ports_of(other)) for other in others)


def test_gives_none_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        free = ports.free_port()
        monkeypatch.setattr(ports, "_next", iter([taken.getsockname()[1], free]))
        assert ports.free_port() == free
