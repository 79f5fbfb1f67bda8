"""The page as it is handed out."""

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
