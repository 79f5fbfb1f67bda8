"""A certificate of one's own, so that a phone in the same network gets a secure page.

Browsers give a page sensors, a microphone and sound only where it came encrypted. No public authority
signs for 192.168.1.20, so this machine has an authority of its own: made once, kept in the library
folder, and bound by *name constraints* (RFC 5280, 4.2.1.10) to addresses that exist only inside
networks. Whoever lets a phone trust it lets it trust those addresses and nothing else: it could not
sign for a bank if it were stolen. It signs a certificate for the addresses that this machine has
today, valid for as long as phones accept (398 days); both are made anew when they no longer fit.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from isobath.errors import SaveError, UsageError
from isobath.library.files import write_whole

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network

INSIDE = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
)
"""Addresses that nobody has in the internet."""

AUTHORITY_DAYS = 3650
DAYS = 397
"""Phones refuse certificates that are valid for longer than 398."""
SPARE_DAYS = 30
"""So long before it ends a certificate is made anew."""

MISSING = "A phone's secure page needs two more packages: pip install 'isobath[phone]'"


@dataclass(frozen=True)
class Certificate:
    """What a server needs to be believed."""

    chain: Path
    key: Path
    authority: bytes
    """What a phone may be told to trust, as DER."""


def certify(folder: Path, names: Sequence[str], now: datetime | None = None) -> Certificate:
    """A certificate for these names and addresses; what lies in `folder` is used as long as it fits.

    Raises:
        UsageError: the packages are not installed.
        SaveError: the disk refuses.
    """
    try:
        from cryptography.hazmat.primitives.serialization import Encoding
    except ImportError as error:
        raise UsageError(MISSING) from error
    moment = now or datetime.now(UTC)
    _make(folder)
    authority = _authority(folder, names, moment)
    chain, key = folder / "certificate.pem", folder / "certificate.key"
    found = _read(chain)
    if not (_fits(found, authority.certificate, names, moment) and _key_of(key, found)):
        own, certificate = _sign(authority, names, moment)
        pem = certificate.public_bytes(Encoding.PEM) + authority.certificate.public_bytes(Encoding.PEM)
        chain.unlink(missing_ok=True)  # never a certificate beside another one's key
        write_whole(key, [_pem_of(own)])
        write_whole(chain, [pem])
    return Certificate(chain, key, authority.certificate.public_bytes(Encoding.DER))


@dataclass(frozen=True)
class _Authority:
    key: EllipticCurvePrivateKey
    certificate: x509.Certificate


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SaveError(f"Isobath cannot make its folder {folder} ({error.strerror}).") from error


def _read(path: Path) -> x509.Certificate | None:
    """The first certificate in a file; None where there is none that can be read."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None


def _key_of(path: Path, certificate: x509.Certificate | None) -> EllipticCurvePrivateKey | None:
    """The key in a file; None where it is not this certificate's."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        return None
    ours = isinstance(key, EllipticCurvePrivateKey) and certificate is not None
    return key if ours and key.public_key() == certificate.public_key() else None  # type: ignore


def _pem_of(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _addresses(names: Sequence[str]) -> tuple[list[str], list[Network]]:
    """Names proper, and addresses as networks of one."""
    words: list[str] = []
    addresses: list[Network] = []
    for name in names:
        try:
            addresses.append(ipaddress.ip_network(name))
        except ValueError:
            words.append(name)
    return words, addresses


def _allowed(names: Sequence[str]) -> tuple[list[str], list[Network]]:
    """What the authority may sign for: names and networks."""
    inside = [ipaddress.ip_network(each) for each in INSIDE]
    words, addresses = _addresses(names)
    public = [each for each in addresses if not _within(each, inside)]
    return sorted({"local", "localhost", *words}), [*inside, *public]


def _within(one: Network, networks: Sequence[Network]) -> bool:
    return any(one.version == each.version and one.subnet_of(each) for each in networks)  # type: ignore[arg-type]


def _authority(folder: Path, names: Sequence[str], now: datetime) -> _Authority:
    """This machine's own, made where there is none that may sign for these names."""
    from cryptography.hazmat.primitives.serialization import Encoding

    place, key_place = folder / "authority.pem", folder / "authority.key"
    found = _read(place)
    if found is not None and _may_sign(found, names, now):
        key = _key_of(key_place, found)
        if key is not None:
            return _Authority(key, found)
    made = _make_authority(names, now)
    write_whole(key_place, [_pem_of(made.key)])
    write_whole(place, [made.certificate.public_bytes(Encoding.PEM)])
    return made


def _may_sign(authority: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    from cryptography import x509

    if authority.not_valid_after_utc < now + timedelta(days=DAYS):
        return False
    try:
        bounds = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    except x509.ExtensionNotFound:
        return False
    permitted = bounds.permitted_subtrees or []
    networks = [each.value for each in permitted if isinstance(each, x509.IPAddress)]
    domains = [each.value for each in permitted if isinstance(each, x509.DNSName)]
    words, addresses = _addresses(names)
    return all(_within(each, networks) for each in addresses) and all(  # type: ignore[arg-type]
        any(word == domain or word.endswith(f".{domain}") for domain in domains) for word in words
    )


def _make_authority(names: Sequence[str], now: datetime) -> _Authority:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    words, networks = _allowed(names)
    permitted = [*map(x509.DNSName, words), *map(x509.IPAddress, networks)]
    serial = x509.random_serial_number()
    certificate = (
        _builder(_named(f"Isobath {serial % 10**6:06d}"), key, serial, now, AUTHORITY_DAYS)
        .issuer_name(_named(f"Isobath {serial % 10**6:06d}"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Authority(key, certificate)


def _sign(
    authority: _Authority, names: Sequence[str], now: datetime
) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    words, addresses = _addresses(names)
    meant: list[x509.GeneralName] = [x509.DNSName(each) for each in words]
    meant += [x509.IPAddress(each.network_address) for each in addresses]
    certificate = (
        _builder(_named("Isobath, this machine"), key, x509.random_serial_number(), now, DAYS)
        .issuer_name(authority.certificate.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(meant), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
        .sign(authority.key, hashes.SHA256())
    )
    return key, certificate


def _builder(
    subject: x509.Name, key: EllipticCurvePrivateKey, serial: int, now: datetime, days: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    yesterday = now - timedelta(days=1)  # a phone's clock may be behind
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(yesterday)
        .not_valid_after(yesterday + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    """As an organisation: a common name could be taken for a host's."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])


def _usage(*, signs: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False,
        decipher_only=False,
    )  # fmt: skip


def _fits(
    found: x509.Certificate | None, authority: x509.Certificate, names: Sequence[str], now: datetime
) -> bool:
    """Whether a certificate is ours, for exactly these names, and good for some while."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    if found is None or found.not_valid_after_utc < now + timedelta(days=SPARE_DAYS):
        return False
    try:
        found.verify_directly_issued_by(authority)
        meant = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    words, addresses = _addresses(names)
    return set(meant.get_values_for_type(x509.DNSName)) == set(words) and set(
        meant.get_values_for_type(x509.IPAddress)
    ) == {each.network_address for each in addresses}
