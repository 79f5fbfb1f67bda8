"""Pieces over HTTP."""

import msgspec

from isobath.protocol.messages import Pieces
from tests.library.pieces import piece


def test_a_piece_leaves_and_comes_back_and_every_page_is_told(served):
    kept = served.library.pieces.add(piece(demonstrations=3, takes=1))
    with served.client() as client:
        answer = client.get(f"/pieces/{kept.id}/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="p1.isobath"'
    with served.page() as page:
        back = served.post("/pieces/import", answer.content).json()
        assert back["id"] in [line.id for line in page.hear(Pieces).pieces]
    assert served.library.pieces.read(back["id"]) == msgspec.structs.replace(kept, id=back["id"])


def test_a_file_that_is_no_piece_is_told(shared):
    answer = shared.post("/pieces/import", b"hello")
    assert answer.status_code == 400
    assert "not an Isobath piece" in answer.json()["sentence"]


def test_a_piece_that_is_not_there_cannot_leave(shared):
    with shared.client() as client:
        assert client.get("/pieces/nobody/export").status_code == 404
