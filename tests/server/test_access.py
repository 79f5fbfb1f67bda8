"""The decisions of the door, without a server."""

import pytest

from isobath.errors import SaveError
from isobath.server.access import (
    COOKIE_SECONDS,
    WRONG_SECONDS,
    WRONG_TOKENS,
    Access,
    Address,
    read_secret,
)

HOST = "127.0.0.1:4600"


class Clock:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def access(clock):
    return Access(Address.of(("127.0.0.1", "localhost"), 4600), b"s" * 32, 4600, clock)


def post(**headers):
    return {"host": HOST, "origin": f"http://{HOST}", "content-type": "application/json", **headers}


def test_a_token_lets_one_in_once(access):
    token = access.token
    assert access.use_token(token) == "right"
    assert access.use_token(token) == "wrong"
    assert access.token != token


def test_after_many_wrong_tokens_even_the_right_one_waits(access, clock):
    for _ in range(WRONG_TOKENS):
        assert access.use_token("guess") == "wrong"
    assert access.use_token(access.token) == "too many"
    clock.now += WRONG_SECONDS + 1
    assert access.use_token(access.token) == "right"


def test_wrong_tokens_from_one_address_keep_nobody_else_out(access, monkeypatch):
    for _ in range(WRONG_TOKENS):
        assert access.use_token("guess", "10.0.0.7") == "wrong"
    assert access.use_token(access.token, "10.0.0.7") == "too many"
    assert access.use_token(access.token, "10.0.0.8") == "right"
    monkeypatch.setattr("isobath.server.access.MOST_WRONG", 3)
    for n in range(5):
        access.use_token("guess", f"10.0.1.{n}")
    assert list(access._wrong) == [f"10.0.1.{n}" for n in (2, 3, 4)]


def test_tokens_that_are_not_ascii_are_wrong_and_nothing_more(access):
    assert access.use_token("ключ") == "wrong"


def test_a_cookie_made_here_is_known_and_no_other(access):
    cookie = access.cookie()
    assert access.knows(cookie)
    body, _, signature = cookie.rpartition(".")
    flipped = signature[:-1] + ("0" if signature[-1] != "0" else "1")
    for forged in (
        None,
        "",
        "a.b.c",
        cookie + "0",
        f"{body}.{flipped}",
        f"9{body}.{signature}",
        "..",
        "ü.ü.ü",
    ):
        assert not access.knows(forged)


def test_a_cookie_grows_old(access, clock):
    cookie = access.cookie()
    clock.now += COOKIE_SECONDS - 1
    assert access.knows(cookie)
    clock.now += 120
    assert not access.knows(cookie)


def test_a_cookie_outlives_the_server_but_not_its_secret(clock):
    address = Address.of(("localhost",), 4600)
    cookie = Access(address, b"s" * 32, 4600, clock).cookie()
    assert Access(address, b"s" * 32, 4600, clock).knows(cookie)
    assert not Access(address, b"t" * 32, 4600, clock).knows(cookie)


def test_the_secret_is_made_once_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "secret"
    first = read_secret(path)
    assert len(first) == 32
    assert read_secret(path) == first
    assert path.stat().st_mode & 0o077 == 0


def test_a_secret_that_cannot_be_kept_is_told(tmp_path):
    with pytest.raises(SaveError):
        read_secret(tmp_path / "missing" / "secret")


def test_our_own_page_may_post(access):
    assert access.refuse("POST", post()) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:4601",
        "evil.example:4600",
        "127.0.0.1.evil.example:4600",
        "127.0.0.1:4600.evil.example",
        "127.0.0.1:4600@evil.example",
        "LOCALHOST:4600",
        " 127.0.0.1:4600",
        "[::1]:4600",
    ],
)
def test_only_the_exact_hosts_are_answered(access, host):
    assert access.refuse("GET", {"host": host}).status == 403


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://evil.example",
        "http://127.0.0.1",
        "http://127.0.0.1:46000",
        "http://127.0.0.1:4600.evil.example",
        "http://127.0.0.1:4600/",
        "http://127.0.0.1:4600@evil.example",
        "http://x127.0.0.1:4600",
        "https://127.0.0.1:4600",
        "http://localhost:4600",
    ],
)
def test_only_our_own_origin_may_post_or_open_a_socket(access, origin):
    headers = post()
    headers.pop("origin")
    if origin is not None:
        headers["origin"] = origin
    assert access.refuse("POST", headers).status == 403
    assert access.refuse("GET", headers, socket=True).status == 403


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/plain; x=application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "application/jsonp",
    ],
)
def test_nothing_that_a_form_can_send_is_accepted(access, kind):
    assert access.refuse("POST", post(**{"content-type": kind})).status == 415


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "BREW"])
def test_every_method_but_looking_asks_for_the_origin(access, method):
    assert access.refuse(method, {"host": HOST, "content-type": "application/json"}).status == 403


def test_pages_of_others_may_link_here_but_not_load_from_here(access):
    link = {
        "host": HOST,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "navigate",
        "sec-fetch-dest": "document",
    }
    assert access.refuse("GET", link) is None
    for dest in ("iframe", "script", "image", "audio", "empty"):
        assert access.refuse("GET", {**link, "sec-fetch-dest": dest}).status == 403
    assert access.refuse("GET", {**link, "sec-fetch-mode": "no-cors"}).status == 403


def test_names_with_colons_are_bracketed_and_port_80_is_left_out():
    assert Address.of(("::1",), 4600).hosts == {"[::1]:4600"}
    assert Address.of(("localhost",), 80).hosts == {"localhost:80", "localhost"}
