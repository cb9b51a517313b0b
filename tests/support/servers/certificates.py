"""A certificate authority of our own, which a test may trust."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_DAY = dt.timedelta(days=1)


def write_certificates(folder: Path, *names: str) -> tuple[Path, Path]:
    """Write the authority's certificate, and one for the names, with its key; the two files."""
    now = dt.datetime.now(dt.UTC)
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Tide Authority")])
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[0])])

    def begun(name: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )

    authority = begun(issuer, authority_key, is_authority=True).sign(authority_key, SHA256())
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    server = begun(subject, key, is_authority=False).add_extension(alternatives, critical=False)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # first, for Postfix
    pem += server.sign(authority_key, SHA256()).public_bytes(Encoding.PEM)
    trusted, own = folder / "authority.pem", folder / "server.pem"
    trusted.write_bytes(authority.public_bytes(Encoding.PEM))
    own.write_bytes(pem)
    own.chmod(0o600)
    return trusted, own


def server_context(own: Path) -> ssl.SSLContext:
    """What a server needs to speak TLS with its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own)
    return context
