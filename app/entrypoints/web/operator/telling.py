"""What has just been done, for the page that follows."""

from flask import flash

from app.entrypoints.languages import translated


def tell(sentence: str) -> None:
    """Say it once, in the operator's language: what waits for a page is no sentence any more."""
    flash(str(translated(sentence)))
