"""Pictures that a phone reads, as a path for an SVG inside the page: no image, no script."""

from dataclasses import dataclass

import segno

# What the standard wants to be empty around it.
MARGIN = 4


@dataclass(frozen=True, slots=True)
class QrCode:
    """A square picture: how wide it is, and the path of what is dark in it."""

    width: int
    path: str


def qr_code(text: str) -> QrCode:
    """Draw the text."""
    rows = [bytes(row) for row in segno.make_qr(text, error="m").matrix]
    dark = [
        f"M{x + MARGIN} {y + MARGIN}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, is_dark in enumerate(row)
        if is_dark
    ]
    return QrCode(len(rows) + 2 * MARGIN, "".join(dark))
