"""The certificates PayPal signs with: fetched from PayPal only, once each."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from app.adapters.paypal_signature import Certificate, certificates_in, checked_certificate
from app.domain.payments.errors import ProviderUnreachable, SignatureInvalid
from app.foundation.sentences import say

PATH = "/v1/notifications/certs/"
ID = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)
LIVE_API = "https://api-m.paypal.com"
LIVE_HOSTS = ("https://api.paypal.com", LIVE_API)
SANDBOX_HOSTS = ("https://api.sandbox.paypal.com", "https://api-m.sandbox.paypal.com")
HOLDER, LOCAL_HOLDER = ".paypal.com", ".paypal.localhost"
# The sandbox on this machine makes its own root at each start, and shows it here.
LOCAL_ROOT = f"{PATH}root"
TIMEOUT_SECONDS = (3, 10)
CHAIN_BYTES_MAX = 64 * 1024
# PayPal changes its certificate every year or so; what else is asked for is not worth keeping.
KEPT_MAX = 8
NOT_FOUND = 404

Fetch = Callable[[str], bytes]


def fetch(url: str) -> bytes:
    """Return what stands at the address. Raises SignatureInvalid and ProviderUnreachable."""
    try:
        with requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False, stream=True) as got:
            if got.status_code == NOT_FOUND:
                raise SignatureInvalid("PayPal-Cert-Url names no certificate.")
            if got.status_code != requests.codes.ok:
                raise ProviderUnreachable("PayPal did not show its certificate.")
            return bytes(got.raw.read(CHAIN_BYTES_MAX, decode_content=True))
    except requests.RequestException as error:
        raise ProviderUnreachable(say("PayPal cannot be reached right now.")) from error


class Certificates:
    """PayPal's certificates as they are needed; safe to share between threads."""

    def __init__(self, *, api_base: str, fetch: Fetch = fetch) -> None:
        self._api_base = api_base
        self._is_local = is_local(api_base)
        self._fetch = fetch
        self._kept: dict[str, tuple[bytes, Sequence[Certificate]]] = {}
        self._lock = Lock()

    def certificate(self, url: str, *, now: datetime) -> Certificate:
        """Return the certificate at one of PayPal's addresses, if it is valid now.

        Raises SignatureInvalid and ProviderUnreachable.
        """
        self.check_url(url)
        with self._lock:
            kept = self._kept.get(url)
        chain, roots = kept or (self._fetch(url), self._roots())
        names_end_in = LOCAL_HOLDER if self._is_local else HOLDER
        certificate = checked_certificate(chain, roots=roots, names_end_in=names_end_in, now=now)
        with self._lock:
            if len(self._kept) >= KEPT_MAX and url not in self._kept:
                self._kept.clear()
            self._kept[url] = (chain, roots)
        return certificate

    def check_url(self, url: str) -> None:
        """Refuse to look for certificates elsewhere: the address comes with the message."""
        host, separator, id = url.partition(PATH)
        if not separator or not ID.fullmatch(id) or not self._is_paypal(host):
            raise SignatureInvalid("PayPal-Cert-Url is no address of PayPal's certificates.")

    def _is_paypal(self, host: str) -> bool:
        if self._is_local:
            # By whichever of its names: the sandbox stands at this port of this machine.
            return is_local(host) and _port(host) == _port(self._api_base)
        return host in (LIVE_HOSTS if self._api_base == LIVE_API else SANDBOX_HOSTS)

    def _roots(self) -> Sequence[Certificate]:
        if self._is_local:
            return certificates_in(self._fetch(self._api_base + LOCAL_ROOT))
        return certificates_in(Path(DEFAULT_CA_BUNDLE_PATH).read_bytes())


def is_local(address: str) -> bool:
    """Tell whether an address means a program on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        bare = address == f"{parts.scheme}://{parts.netloc}" and parts.username is None
        return bare and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


def _port(address: str) -> int | None:
    try:
        return urlsplit(address).port
    except ValueError:
        return None
