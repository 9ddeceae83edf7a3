"""Signs messages as PayPal does: with a certificate that leads to a root, both made at start."""

import base64
import datetime as dt
import functools
import threading
import uuid
import zlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.sandbox.paypal.work import written_moment

ALGORITHM = "SHA256withRSA"
HOLDER = "messageverificationcerts.paypal.localhost"
ROOT_NAME, MIDDLE_NAME = "Local sandbox root", "Local sandbox issuer"
KEY_BITS, KEY_EXPONENT = 2048, 65537
VALID_FOR = dt.timedelta(days=365)
HOUR = dt.timedelta(hours=1)
MAKING = threading.Lock()


class Signer:
    """A key, the certificate that says whose it is, and those that say so of the certificate."""

    def __init__(self) -> None:
        root_key, middle_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        self._key = rsa.generate_private_key(KEY_EXPONENT, KEY_BITS)
        root = _authority(ROOT_NAME, root_key.public_key(), path_length=1)
        middle = _authority(MIDDLE_NAME, middle_key.public_key(), path_length=0)
        self._root = _issued(root, ROOT_NAME, root_key)
        issuer = _issued(middle, ROOT_NAME, root_key)
        leaf = _issued(_holder(self._key.public_key()), MIDDLE_NAME, middle_key)
        self.certificate_id = f"CERT-{leaf.fingerprint(hashes.SHA256()).hex()[:24]}"
        self._chain = b"".join(each.public_bytes(Encoding.PEM) for each in (leaf, issuer))

    def certificates(self, id: str) -> bytes | None:
        """Return what stands at a certificate's address."""
        if id == "root":
            return self._root.public_bytes(Encoding.PEM)
        return self._chain if id == self.certificate_id else None

    def headers(self, body: bytes, *, webhook_id: str, base_url: str, now: float) -> dict[str, str]:
        """Return the headers that prove when and by whom a message was sent."""
        id, moment = str(uuid.uuid4()), written_moment(now)
        signed = signed_text(id, moment, webhook_id, body)
        signature = self._key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return {
            "PAYPAL-TRANSMISSION-ID": id,
            "PAYPAL-TRANSMISSION-TIME": moment,
            "PAYPAL-AUTH-ALGO": ALGORITHM,
            "PAYPAL-CERT-URL": f"{base_url}/v1/notifications/certs/{self.certificate_id}",
            "PAYPAL-TRANSMISSION-SIG": base64.b64encode(signature).decode(),
        }

    def has_signed(self, signed: bytes, signature: str) -> bool:
        """Tell whether this key has signed the text."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self._key.public_key().verify(raw, signed, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True


def signer() -> Signer:
    """Return the signer of this process, made when it is first needed."""
    with MAKING:
        return _only_signer()


def signed_text(id: str, moment: str, webhook_id: str, body: bytes) -> bytes:
    """Return what is signed of a message."""
    return f"{id}|{moment}|{webhook_id}|{zlib.crc32(body)}".encode()


@functools.cache
def _only_signer() -> Signer:
    return Signer()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _begun(name: str, key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    # By the machine's clock: certificates are read by it, whatever time the sandbox plays.
    now = dt.datetime.now(dt.UTC)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - HOUR)
        .not_valid_after(now + VALID_FOR)
        .add_extension(identifier, critical=False)
    )


def _authority(
    name: str, key: ec.EllipticCurvePublicKey, *, path_length: int
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(
        **dict.fromkeys(("key_cert_sign", "crl_sign", "digital_signature"), True),
        **dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment"), False),
        **dict.fromkeys(("key_agreement", "encipher_only", "decipher_only"), False),
    )
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    begun = _begun(name, key).add_extension(constraints, critical=True)
    return begun.add_extension(usage, critical=True)


def _holder(key: rsa.RSAPublicKey) -> x509.CertificateBuilder:
    names = x509.SubjectAlternativeName([x509.DNSName(HOLDER)])
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    begun = _begun(HOLDER, key).add_extension(names, critical=False)
    constraints = x509.BasicConstraints(ca=False, path_length=None)
    return begun.add_extension(purposes, critical=False).add_extension(constraints, critical=True)


def _issued(
    builder: x509.CertificateBuilder, issuer: str, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())
    named = builder.issuer_name(_named(issuer)).add_extension(identifier, critical=False)
    return named.sign(key, hashes.SHA256())
