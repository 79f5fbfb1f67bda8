"""The door for phones: encrypted, named, and no wider than the other one."""

import ipaddress
import json
import os
import re
import ssl
import stat
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
import segno
from cryptography import x509
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from isobath.errors import UsageError
from isobath.protocol.messages import Hello, Welcome
from isobath.protocol.stream import Begin, Latents, Ready
from isobath.server import run
from isobath.server.access import Access, Address
from isobath.server.certificate import certify
from isobath.server.phone import QUIET, as_svg, in_terminal
from tests.server.serving import TestPage
from tests.server.test_streams import Voice

NOW = datetime(2026, 11, 21, tzinfo=UTC)
NAMES = ("192.168.1.20", "studio.local", "localhost")


# ------------------------------------------------------------------ the certificate


def read(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_certificate_is_for_these_names_and_its_key_is_nobody_elses_to_read(tmp_path):
    made = certify(tmp_path / "phone", NAMES, NOW)
    leaf = read(made.chain)
    meant = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(meant.get_values_for_type(x509.DNSName)) == {"studio.local", "localhost"}
    assert meant.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("192.168.1.20")]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=398)
    leaf.verify_directly_issued_by(x509.load_der_x509_certificate(made.authority))
    for key in (made.key, tmp_path / "phone" / "authority.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_the_authority_can_sign_for_nothing_in_the_internet(tmp_path):
    authority = x509.load_der_x509_certificate(certify(tmp_path, NAMES, NOW).authority)
    bounds = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert bounds.critical
    for each in bounds.value.permitted_subtrees:
        if isinstance(each, x509.IPAddress):
            assert not each.value.is_global
        else:
            assert each.value in {"local", "localhost", "studio.local"}


def test_what_fits_is_kept_and_what_does_not_is_made_anew(tmp_path):
    first = certify(tmp_path, NAMES, NOW)
    chain = first.chain.read_bytes()
    assert certify(tmp_path, NAMES, NOW + timedelta(days=300)).chain.read_bytes() == chain
    moved = certify(tmp_path, ("10.0.0.7", *NAMES[1:]), NOW)
    assert moved.chain.read_bytes() != chain
    assert moved.authority == first.authority, "a phone that trusts it goes on trusting"
    late = certify(tmp_path, ("10.0.0.7", *NAMES[1:]), NOW + timedelta(days=380))
    assert read(late.chain).not_valid_after_utc > NOW + timedelta(days=700)
    assert late.authority == first.authority


def test_an_address_in_the_internet_gets_an_authority_that_may_sign_for_it_alone(tmp_path):
    first = certify(tmp_path, NAMES, NOW)
    public = certify(tmp_path, ("8.8.4.4",), NOW)
    assert public.authority != first.authority
    bounds = x509.load_der_x509_certificate(public.authority).extensions
    permitted = bounds.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
    world = [each.value for each in permitted if isinstance(each, x509.IPAddress) and each.value.is_global]
    assert world == [ipaddress.ip_network("8.8.4.4")]


@pytest.mark.parametrize("name", ["certificate.pem", "certificate.key", "authority.pem", "authority.key"])
def test_a_damaged_file_is_made_anew(tmp_path, name):
    certify(tmp_path, NAMES, NOW)
    (tmp_path / name).write_bytes(b"-----BEGIN NOTHING-----")
    made = certify(tmp_path, NAMES, NOW)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.chain, made.key)
    read(made.chain).verify_directly_issued_by(x509.load_der_x509_certificate(made.authority))


# ------------------------------------------------------------------ the code


def test_the_code_in_the_page_is_the_code():
    text = "https://192.168.1.20:4643/?token=" + "a" * 43
    side = len(segno.make(text, error="l", micro=False, boost_error=False).matrix)
    svg = as_svg(text)
    dark = [[0] * side for _ in range(side)]
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", svg):
        for i in range(int(width)):
            dark[int(y) - QUIET][int(x) - QUIET + i] = 1
    assert dark == [list(row) for row in segno.make(text, error="l", micro=False, boost_error=False).matrix]
    assert f'viewBox="0 0 {side + 2 * QUIET} {side + 2 * QUIET}"' in svg
    assert max(len(line) for line in in_terminal(text).splitlines()) < 60


# ------------------------------------------------------------------ the door


def test_an_encrypted_request_is_asked_for_its_own_address():
    address = Address.of(("127.0.0.1",), 4600).and_secure(("192.168.1.20",), 4643)
    access = Access(address, b"s" * 32, 4600)
    lan = {"host": "192.168.1.20:4643", "content-type": "application/json"}
    assert access.refuse("GET", lan, secure=True) is None
    assert access.refuse("GET", lan).status == 403, "unencrypted"
    assert access.refuse("GET", {"host": "127.0.0.1:4600"}, secure=True).status == 403
    right = {**lan, "origin": "https://192.168.1.20:4643"}
    assert access.refuse("POST", right, secure=True) is None
    for wrong in ("http://192.168.1.20:4643", "https://192.168.1.20", "https://127.0.0.1:4600", "null"):
        assert access.refuse("GET", {**lan, "origin": wrong}, socket=True, secure=True).status == 403


def test_without_a_network_there_is_no_door(monkeypatch):
    monkeypatch.setattr(run, "_own_addresses", lambda: ())
    with pytest.raises(UsageError, match="no network"):
        run.phone_names("127.0.0.1")
    assert run.phone_names("10.1.2.3") == ("10.1.2.3",)


@contextmanager
def phoned(home):
    """`isobath walk --phone` as a process, and what it printed."""
    environment = {**os.environ, "ISOBATH_HOME": str(home.root)}
    command = [sys.executable, "-m", "isobath.cli", "walk", "--no-browser", "--json", "--port", "0"]
    command += ["--phone", "--host", "127.0.0.2"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        lines = ""
        while "}" not in lines:
            line = process.stdout.readline()
            assert line, "the server ended"
            lines += line
        try:
            yield json.loads(lines)
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "darwin", reason="127.0.0.2 is no address of a Mac")
def test_a_phone_comes_in_encrypted_and_plays(home):
    with phoned(home) as told:
        trust = ssl.create_default_context(cafile=home.phone / "authority.pem")
        origin = told["phone"].split("/?")[0]
        assert told["url"].startswith("http://127.0.0.1:")
        assert told["phone"].endswith("&piece=example-walk-1&way=walk")
        with httpx.Client(verify=trust) as client:
            assert client.get(f"{origin}/phone").status_code == 401
            entered = client.get(told["phone"])
            assert "#walk" in entered.text
            assert "Secure" in entered.headers["set-cookie"]
            shown = client.get(f"{origin}/phone?piece=abc&way=look").json()
            assert shown["link"].endswith("&piece=abc&way=look")
            assert shown["svg"].startswith("<svg")
            der = client.get(f"{origin}/isobath.crt")
            assert der.headers["content-type"] == "application/x-x509-ca-cert"
            cookie = entered.headers["set-cookie"].split(";")[0]
        assert httpx.get(f"{origin}/isobath.crt", verify=trust).content == der.content, "no secret"
        socket = {"ssl": trust, "additional_headers": {"Cookie": cookie}, "max_size": None}
        with connect(origin.replace("https", "wss") + "/ws", origin=origin, **socket) as opened:
            assert isinstance(TestPage(opened).ask(Hello(page="phone")), Welcome)
        place = origin.replace("https", "wss") + "/stream/voice?model=voices&page=phone"
        with connect(place, origin=origin, compression=None, **socket) as streamed:
            voice = Voice(streamed)
            assert isinstance(voice.hear(), Ready), "the server makes voices for phones, too"
            voice.say(Begin(epoch=1, seed=1))
            voice.ask(*(Latents(1, k, np.zeros(12, np.float32), None, None) for k in range(4)))
            assert [sound.frame for sound in voice.sound(4)] == [0, 1, 2, 3]
        with (
            pytest.raises((ConnectionClosed, InvalidStatus)),
            connect(
                origin.replace("https", "wss") + "/ws", origin="https://evil.example", **socket
            ) as refused,
        ):
            refused.recv(5)
        with pytest.raises(httpx.HTTPError):
            httpx.get(origin.replace("https", "http"))
