"""Where a request comes from, and the cookie by which a browser is known again."""

import re
import secrets

from flask import Response, after_this_request, current_app, request

from app.domain.accounts.devices import Visitor, device_named
from app.entrypoints.peers import address_asking

DEVICE_BYTES = 32
DEVICE_TOKEN = re.compile(r"[\w-]{43}", re.ASCII)
A_YEAR_SECONDS = 31_536_000


def visitor() -> Visitor:
    """Return the browser in words, and the address the request came from."""
    return Visitor(
        device=device_named(request.headers.get("User-Agent", "")),
        address=address_asking(),
    )


def device_token() -> str:
    """Return what this browser is known by, and let it keep that for another year."""
    name = _cookie_name()
    token = device_sent() or secrets.token_urlsafe(DEVICE_BYTES)

    @after_this_request
    def _keep(response: Response) -> Response:
        response.set_cookie(
            name,
            token,
            max_age=A_YEAR_SECONDS,
            secure=current_app.config["SETTINGS"].secure_cookies,
            httponly=True,
            samesite="Lax",
        )
        return response

    return token


def device_sent() -> str:
    """Return what this browser says it is known by; nothing if it says nothing."""
    sent = request.cookies.get(_cookie_name(), "")
    return sent if DEVICE_TOKEN.fullmatch(sent) else ""


def _cookie_name() -> str:
    return "__Host-device" if current_app.config["SETTINGS"].secure_cookies else "device"
