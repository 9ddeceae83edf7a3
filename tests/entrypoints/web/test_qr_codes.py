"""Pictures for phones: square, with the three corners that phones look for."""

import re

from app.entrypoints.web.qr_codes import MARGIN, qr_code

TEXT = "otpauth://totp/Oblivious:ada%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Oblivious"


def dark_in(path: str) -> set[tuple[int, int]]:
    return {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path)}


def test_has_three_corners_within_its_margin() -> None:
    picture = qr_code(TEXT)
    dark = dark_in(picture.path)
    assert "M" + picture.path.partition("M")[2] == picture.path
    assert {min(x for x, _ in dark), min(y for _, y in dark)} == {MARGIN}
    far = picture.width - MARGIN - 7
    for left, top in ((MARGIN, MARGIN), (far, MARGIN), (MARGIN, far)):
        ring = {(left + x, top) for x in range(7)} | {(left, top + y) for y in range(7)}
        assert ring <= dark
        assert (left + 1, top + 1) not in dark
        assert (left + 3, top + 3) in dark


def test_differs_with_the_text() -> None:
    assert qr_code(TEXT) != qr_code(TEXT.replace("JBSW", "ABCD"))
