"""Nested parameters, as the SDK and as curl write them."""

import pytest

from app.sandbox.stripe.form_encoding import decode
from app.sandbox.stripe.refusals import RequestInvalid


@pytest.mark.parametrize(
    ("body", "decoded"),
    [
        (b"", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        (b"a[0]=x&a[1]=y", {"a": {"0": "x", "1": "y"}}),
        (b"a[1]=y&a[0]=x", {"a": {"0": "x", "1": "y"}}),
        (b"a[]=x&a[]=y", {"a": {"0": "x", "1": "y"}}),
        (b"a%5B0%5D%5Bb%5D=1&a%5B0%5D%5Bc%5D=2", {"a": {"0": {"b": "1", "c": "2"}}}),
        (b"a=%C3%A9+%26&a_b=x%3Dy", {"a": "é &", "a_b": "x=y"}),
        ("a=é".encode(), {"a": "é"}),
        (b"a=1&a=2", {"a": "2"}),
    ],
)
def test_decodes(body: bytes, decoded: dict) -> None:
    assert decode(body) == decoded


@pytest.mark.parametrize(
    "body",
    [
        *(b"a[b=1", b"a]b=1", b"[a]=1", b"=1", b"a[b]c=1", b"a=%ff", b"\xff=1"),
        *(b"a=1&a[b]=2", b"a[b]=2&a=1", b"a[b]=1&a[b][c]=2"),
        b"a" + b"[b]" * 10 + b"=1",
        b"&".join(b"a%d=1" % number for number in range(1001)),
    ],
)
def test_refuses(body: bytes) -> None:
    with pytest.raises(RequestInvalid):
        decode(body)
