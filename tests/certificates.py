"""Certificates for tests of TLS, made when they are needed."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

LOOPBACK = "127.0.0.1"


def certificate(folder: Path, address: str = LOOPBACK) -> Path:
    """A file with a key and a certificate for this address that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("test")
    made = _for(address, name, key, name, ca=True).sign(key, hashes.SHA256())
    path = folder / f"{address}.pem"
    path.write_bytes(_private(key) + made.public_bytes(serialization.Encoding.PEM))
    return path


def certificate_of_authority(folder: Path, address: str = LOOPBACK) -> tuple[Path, Path]:
    """A file with the certificate of an authority, and one with a key and a certificate for this address that the
    authority signed."""
    above, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = _name("test authority")
    authority = _builder(name, above, name, ca=True).sign(above, hashes.SHA256())
    made = _for(address, _name("test"), key, name, ca=False).sign(above, hashes.SHA256())
    paths = folder / "authority.pem", folder / f"{address}.pem"
    paths[0].write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(_private(key) + made.public_bytes(serialization.Encoding.PEM))
    return paths


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _builder(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, *, ca: bool
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder(issuer, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
    )


def _for(
    address: str, name: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, *, ca: bool
) -> x509.CertificateBuilder:
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    return _builder(name, key, issuer, ca=ca).add_extension(names, False)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
