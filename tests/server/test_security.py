"""What went wrong in other local servers, tried on this one, over real sockets.

The advisories are listed in docs/decisions/0006-server-and-library.md.
"""

import socket
from contextlib import suppress

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from isobath.protocol.connection import write
from isobath.protocol.messages import MESSAGE_BYTES, Hello, ListPieces, Problem


def refused(open_socket):
    """Whether a WebSocket is refused before it opens."""
    with pytest.raises(InvalidStatus) as refusal, open_socket() as opened:
        opened.recv(1)
    return refusal.value.response.status_code == 403


def raw(served, request):
    """Bytes straight onto the socket; the status line that comes back."""
    with socket.create_connection(("127.0.0.1", served.port), 5) as plain:
        plain.sendall(request.replace("\n", "\r\n").encode())
        return plain.recv(4096).split(b"\r\n")[0].decode()


# CVE-2026-40110 (jupyter_server): the pattern for Origin was not anchored at its end.
@pytest.mark.parametrize("tail", [".evil.example", "evil.example", "0", "/", "@evil.example"])
def test_an_origin_that_merely_begins_like_ours_is_refused(shared, tail):
    assert refused(lambda: shared.socket(origin=shared.origin + tail))
    assert shared.post("/models", b"x", origin=shared.origin + tail).status_code == 403


# CVE-2024-28179 (jupyter-server-proxy): the WebSocket of a route forgot to ask who is there.
@pytest.mark.parametrize("cookie", ["", "isobath=1", "isobath-1=1.a.b"])
def test_a_socket_without_the_cookie_is_refused(shared, cookie):
    assert refused(lambda: shared.socket(cookie=cookie))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/models"),
        ("GET", "/models/whale"),
        ("GET", "/models/whale/decoder"),
        ("POST", "/models"),
        ("POST", "/models/whale/encode"),
        ("GET", "/pieces/a/export"),
        ("POST", "/pieces/import"),
        ("GET", "/assets/main-abc.js"),
        ("GET", "/index.html"),
    ],
)
def test_every_route_asks_for_the_cookie(shared, method, path):
    headers = {"origin": shared.origin, "content-type": "application/json"}
    answer = httpx.request(method, shared.origin + path, headers=headers)
    assert answer.status_code == 401
    assert "link" in answer.json()["sentence"]


def test_no_route_was_forgotten(shared):
    """A route added later and not asked for above still stands behind the guard."""
    assert httpx.get(f"{shared.origin}/anything/else").status_code == 401


# ComfyUI #12860: Host and Origin were compared with each other, which rebinding satisfies.
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.evil:{port}"]
)
def test_a_name_that_was_made_to_resolve_here_is_refused(shared, host):
    host = host.format(port=shared.port)
    with shared.client(host=host) as client:
        assert client.get("/models").status_code == 403
        assert client.get("/").status_code == 403
        headers = {"origin": f"http://{host}", "content-type": "application/json"}
        assert client.post("/models", content=b"x", headers=headers).status_code == 403
    handshake = (
        f"GET /ws HTTP/1.1\nHost: {host}\nOrigin: http://{host}\nCookie: {shared.cookie}\n"
        "Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\n\n"
    )
    assert "403" in raw(shared, handshake)


def test_headers_of_proxies_are_not_believed(shared):
    with shared.client(host="evil.example") as client:
        for header in ("x-forwarded-host", "forwarded", "x-host"):
            assert client.get("/models", headers={header: shared.host}).status_code == 403
    assert refused(lambda: shared.socket(origin="http://evil.example"))


# GHSA-5xxr-jvhm-jxmj (ComfyUI): `Origin: null`, which a sandboxed frame sends, skipped the check.
def test_origin_null_and_no_origin_are_refused(shared):
    assert shared.post("/models", b"x", origin="null").status_code == 403
    with shared.client() as client:
        assert (
            client.post("/models", content=b"x", headers={"content-type": "application/json"}).status_code
            == 403
        )
    assert refused(lambda: shared.socket(origin="null"))
    assert refused(lambda: shared.socket(origin=""))


# ComfyUI-Manager: forms of other pages could post, because their content types were accepted.
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_content_types_of_forms_are_refused(shared, kind):
    assert shared.post("/pieces/import", b"x=1", kind=kind).status_code == 415


# GHSA-935v-rmg9-44mw (Home Assistant): the page could be framed and clicked through.
@pytest.mark.parametrize(
    "path", ["/", "/models", "/nothing", "/health", "/?token=wrong", "/assets/main-abc.js"]
)
def test_no_answer_can_be_framed_or_guessed_at(shared, path):
    for client in (shared.client(), httpx.Client(base_url=shared.origin)):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src 'self' 'wasm-unsafe-eval';" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
        client.close()


def test_a_preflight_of_another_page_is_not_granted(shared):
    headers = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = httpx.options(shared.origin + "/models", headers=headers)
    assert answer.status_code == 403
    assert not any(name.startswith("access-control") for name in answer.headers)


# ------------------------------------------------------------------------- the link, the cookie


def test_the_link_is_exchanged_for_a_strict_cookie_once(served):
    link = f"/?token={served.access.token}"
    with httpx.Client(base_url=served.origin) as client:
        answer = client.get(link)
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "token" not in answer.text
        assert client.get("/").text == "<!doctype html><title>the page</title>"
        assert client.get("/models").status_code == 200
        assert client.get(link).status_code == 200  # whoever is in already may reload the link
    with httpx.Client(base_url=served.origin) as other:
        answer = other.get(link)
        assert answer.status_code == 403
        assert "used before" in answer.text
        assert "set-cookie" not in answer.headers


def test_guessing_tokens_is_stopped(served):
    with httpx.Client(base_url=served.origin) as client:
        statuses = [client.get(f"/?token=guess{i}").status_code for i in range(15)]
        assert statuses[:10] == [403] * 10
        assert statuses[10:] == [429] * 5
        assert client.get(f"/?token={served.access.token}").status_code == 429


def test_a_piece_named_in_the_link_is_passed_on_only_if_it_is_an_id(served):
    for piece, target in (("abc-1", "/?piece=abc-1"), ('"><script>', "/"), ("//evil", "/")):
        with httpx.Client(base_url=served.origin) as client:
            answer = client.get("/", params={"token": served.access.token, "piece": piece})
            assert f'content="0;url={target}"' in answer.text


# ----------------------------------------------------------------------------- paths and sizes


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/assets/../../secret",
        "/%2e%2e/secret",
        "/assets/..%2f..%2flibrary.db",
        "/models/..%2f..%2fsecret",
        "/models/%2e%2e/decoder",
        "/pieces/..%2f..%2fx/export",
        "//etc/passwd",
        "/assets/%00",
    ],
)
def test_nothing_a_page_asks_for_can_name_a_path(shared, path):
    request = f"GET {path} HTTP/1.1\nHost: {shared.host}\nCookie: {shared.cookie}\nConnection: close\n\n"
    assert raw(shared, request).split()[1] in {"404", "400"}


def test_a_message_that_is_too_large_ends_the_connection(shared):
    with shared.socket() as opened:
        opened.send(write(Hello(page="large")))
        opened.recv(5)
        with suppress(ConnectionClosed):  # it may be closed while we are still sending
            opened.send(b"\x00" * (MESSAGE_BYTES + 5000))
        with pytest.raises(ConnectionClosed):
            opened.recv(10)


def test_a_socket_that_does_not_greet_is_closed(shared):
    with shared.socket() as opened:
        opened.send(write(ListPieces(request=1)))
        assert b"problem" in opened.recv(5)
        with pytest.raises(ConnectionClosed):
            opened.recv(5)


def test_nonsense_is_answered_and_the_conversation_goes_on(shared):
    with shared.page("nonsense") as page:
        page.socket.send(b"\xc1\xff")
        assert isinstance(page.hear(), Problem)
        assert page.ask(ListPieces(request=5)).request == 5
