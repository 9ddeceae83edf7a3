"""Whether PayPal has signed a message: headers, certificates and a signature; no network."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from warnings import catch_warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import verification

from app.domain.payments.errors import SignatureInvalid

ALGORITHM = "SHA256withRSA"
# PayPal repeats a message for three days, and perhaps with the first one's signature.
TOO_OLD = timedelta(days=4)
TOO_EARLY = timedelta(minutes=5)
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# The longest of them is a signature by a key of 4096 bits.
VALUE_LENGTH_MAX = 1024

Certificate = x509.Certificate


@dataclass(frozen=True, slots=True)
class Transmission:
    """What PayPal says of one message beside its body."""

    id: str
    time: str
    algorithm: str
    certificate_url: str
    signature: str


def transmission_of(headers: Mapping[str, str]) -> Transmission:
    """Return what the headers (with names in lower case) say. Raises SignatureInvalid."""
    return Transmission(
        id=_value(headers, "paypal-transmission-id"),
        time=_value(headers, "paypal-transmission-time"),
        algorithm=_value(headers, "paypal-auth-algo"),
        certificate_url=_value(headers, "paypal-cert-url"),
        signature=_value(headers, "paypal-transmission-sig"),
    )


def check_moment(transmission: Transmission, *, now: datetime) -> None:
    """Refuse a message that is too old, or from the future. Raises SignatureInvalid."""
    if not MOMENT.fullmatch(transmission.time):
        raise SignatureInvalid("PayPal-Transmission-Time is no moment.")
    try:
        sent_at = datetime.fromisoformat(transmission.time)
    except ValueError as error:
        raise SignatureInvalid("PayPal-Transmission-Time is no moment.") from error
    if not now - TOO_OLD <= sent_at <= now + TOO_EARLY:
        raise SignatureInvalid("PayPal-Transmission-Time lies too far from now.")


def check_signature(
    transmission: Transmission, body: bytes, *, webhook_id: str, certificate: Certificate
) -> None:
    """Refuse what the certificate's key has not signed. Raises SignatureInvalid.

    Whether the certificate is PayPal's, and valid, is `checked_certificate`'s question.
    """
    if transmission.algorithm != ALGORITHM:
        raise SignatureInvalid(f"PayPal-Auth-Algo must be {ALGORITHM}.")
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise SignatureInvalid("The certificate has no RSA key.")
    signature = _decoded(transmission.signature)
    signed = f"{transmission.id}|{transmission.time}|{webhook_id}|{zlib.crc32(body)}"
    try:
        key.verify(signature, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise SignatureInvalid("PayPal-Transmission-Sig does not sign this body.") from error


def question(transmission: Transmission, body: bytes, *, webhook_id: str) -> bytes:
    """Return what PayPal is asked in order to know whether it has signed the body."""
    told = {
        "auth_algo": transmission.algorithm,
        "cert_url": transmission.certificate_url,
        "transmission_id": transmission.id,
        "transmission_sig": transmission.signature,
        "transmission_time": transmission.time,
        "webhook_id": webhook_id,
    }
    # The very bytes are what is signed; they have been read as one JSON object, so nothing in
    # them can reach beyond their place.
    return json.dumps(told)[:-1].encode() + b', "webhook_event": ' + body + b"}"


def checked_certificate(
    chain: bytes, *, roots: Sequence[Certificate], names_end_in: str, now: datetime
) -> Certificate:
    """Return the first certificate of the chain, if it is valid now and leads to a root.

    Raises SignatureInvalid.
    """
    try:
        leaf, *others = x509.load_pem_x509_certificates(chain)
        name = _name(leaf, ending=names_end_in)
        policy = verification.PolicyBuilder().store(verification.Store(list(roots))).time(now)
        policy.build_server_verifier(x509.DNSName(name)).verify(leaf, others)
    except (ValueError, verification.VerificationError) as error:
        raise SignatureInvalid("The certificate is not a valid one of PayPal's.") from error
    return leaf


def certificates_in(pem: bytes) -> Sequence[Certificate]:
    """Read certificates, such as trusted roots; those that are not as they should be are none."""
    found = []
    for text in PEM.findall(pem):
        with suppress(ValueError, CryptographyDeprecationWarning), catch_warnings(action="error"):
            found.append(x509.load_pem_x509_certificate(text))
    return found


def _value(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "")
    if not value or not value.isascii() or len(value) > VALUE_LENGTH_MAX:
        raise SignatureInvalid(f"The header {name} is missing or no such header of PayPal's.")
    return value


def _decoded(text: str) -> bytes:
    try:
        signature = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise SignatureInvalid("PayPal-Transmission-Sig is not base64.") from error
    # The last character has bits that do not count; two texts of one signature are one too many.
    if base64.b64encode(signature).decode() != text:
        raise SignatureInvalid("PayPal-Transmission-Sig is not base64.")
    return signature


def _name(certificate: Certificate, *, ending: str) -> str:
    """Return a name of the certificate's holder that ends so. Raises ValueError."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound as error:
        raise ValueError("The certificate names no holder.") from error
    fitting = [name for name in names.get_values_for_type(x509.DNSName) if name.endswith(ending)]
    if not fitting:
        raise ValueError("The certificate is somebody else's.")
    return fitting[0]
