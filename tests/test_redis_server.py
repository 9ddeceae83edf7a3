"""The Redis that tests get: a real one, and empty."""

from redis import Redis

from tests.redis_server import empty, socket_of


def test_is_real_and_emptied(redis_url: str) -> None:
    with Redis.from_url(redis_url) as redis:
        assert redis.info("server")["redis_mode"] == "standalone"
        assert redis.dbsize() == 0
        redis.set("left", "behind")
        empty(redis_url)
        assert redis.dbsize() == 0


def test_is_reached_by_its_socket_too(redis_url: str) -> None:
    with Redis.from_url(redis_url) as by_port, Redis.from_url(socket_of(redis_url)) as by_socket:
        by_port.set("same", "server")
        assert by_socket.get("same") == b"server"
