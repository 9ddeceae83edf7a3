"""The installation's seal comes of its secret key."""

from app.entrypoints.sealing import seal
from app.foundation.sealing import seal_of
from tests.databases import SECRET_KEY


def test_is_made_of_the_secret_key(app) -> None:
    assert seal().open(seal_of(SECRET_KEY).close("x", about="y"), about="y") == "x"
