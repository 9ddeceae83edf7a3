"""Seals open with their own key, for what they are about, and unchanged; or not at all."""

import pytest

from app.foundation.sealing import SealBroken, seal_of

SEAL = seal_of("a secret key that is long enough")


@pytest.mark.parametrize("text", ["", "JBSWY3DPEHPK3PXP", "ü😀" * 100])
def test_opens_what_it_closed(text: str) -> None:
    sealed = SEAL.close(text, about="ada")
    assert SEAL.open(sealed, about="ada") == text
    assert sealed.isascii() and (not text or text not in sealed)


def test_never_looks_alike() -> None:
    assert SEAL.close("x", about="ada") != SEAL.close("x", about="ada")


@pytest.mark.parametrize("sealed", ["", "x", "ä", "AAAA", "A" * 64])
def test_refuses_what_was_never_closed(sealed: str) -> None:
    with pytest.raises(SealBroken):
        SEAL.open(sealed, about="ada")


def test_refuses_another_key_another_owner_and_every_change() -> None:
    sealed = SEAL.close("secret", about="ada")
    with pytest.raises(SealBroken):
        seal_of("another secret key of this app").open(sealed, about="ada")
    with pytest.raises(SealBroken):
        SEAL.open(sealed, about="ben")
    # The last sign before the padding holds bits that say nothing.
    for place in range(len(sealed.rstrip("=")) - 1):
        changed = "A" if sealed[place] != "A" else "B"
        with pytest.raises(SealBroken):
            SEAL.open(sealed[:place] + changed + sealed[place + 1 :], about="ada")
