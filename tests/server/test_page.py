"""The page as it is handed out."""

import gzip

import httpx

from tests.server.serving import serving


def test_the_page_and_its_files_are_served(shared):
    with shared.client() as client:
        page = client.get("/")
        assert page.headers["cache-control"] == "no-cache"
        script = client.get("/assets/main-abc.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert "immutable" in script.headers["cache-control"]
        assert client.get("/assets/kernel-abc.wasm").headers["content-type"] == "application/wasm"
        assert client.get("/assets/nothing.js").status_code == 404


def test_a_file_that_lies_there_compressed_is_sent_so_to_who_takes_it(home, tmp_path):
    script = b"export const sea = 1;\n" * 90
    (tmp_path / "assets").mkdir()
    for name, data in (("a.js", script), ("a.js.gz", gzip.compress(script)), ("a.js.br", b"not asked for")):
        (tmp_path / "assets" / name).write_bytes(data)
    with serving(home, tmp_path) as served, served.client() as client:
        for accepted, coding in (("gzip, br;q=0", "gzip"), ("identity", None), ("", None)):
            answer = client.get("/assets/a.js", headers={"accept-encoding": accepted})
            assert answer.headers.get("content-encoding") == coding
            assert answer.headers["content-type"].startswith("text/javascript")
            assert answer.headers["vary"] == "accept-encoding"
            assert answer.content == script
        with client.stream("GET", "/assets/a.js", headers={"accept-encoding": "gzip, br"}) as answer:
            assert answer.headers["content-encoding"] == "br"
            assert b"".join(answer.iter_raw()) == b"not asked for"


def test_a_browser_that_was_not_let_in_is_told_where_the_link_is(shared):
    answer = httpx.get(shared.origin + "/")
    assert answer.status_code == 403
    assert "terminal" in answer.text


def test_a_page_that_was_not_built_says_how(home, tmp_path):
    with serving(home, tmp_path / "nothing") as served, served.client() as client:
        answer = client.get("/")
        assert answer.status_code == 503
        assert "npm run build" in answer.text
        assert client.get("/assets/x.js").status_code == 404


def test_a_sign_of_life_needs_no_cookie_and_gives_nothing_away(shared):
    assert httpx.get(shared.origin + "/health").json() == {"ok": True}


def test_kernels_get_a_clock_fine_enough_to_measure_by(shared):
    with shared.client() as client:
        headers = client.get("/").headers
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
