"""Rehearsals asked for by a page, and what is told of a model, over a real socket."""

import msgspec

from isobath.protocol.messages import Change, Ping, Pong, Rehearse, Rehearsed, Rehearsing, Saved
from isobath.protocol.rehearsal import Hazards
from tests.server.test_stage import demonstrated


def test_a_page_has_its_piece_rehearsed(served):
    with served.page() as page:
        piece = demonstrated(page.welcome.opened.piece)
        piece = msgspec.structs.replace(
            piece,
            axes=piece.axes[:1],
            pads=(),
            voices=tuple(
                msgspec.structs.replace(
                    voice,
                    demonstrations=tuple(
                        msgspec.structs.replace(each, point=each.point[:1]) for each in voice.demonstrations
                    ),
                )
                for voice in piece.voices
            ),
        )
        page.ask(Change(number=1, piece=piece, label="Demonstrate"), Saved)
        page.say(Rehearse(request=1))  # the second one ends it
        page.say(Rehearse(request=2, takes=False))
        assert page.hear(Rehearsing).share == 0.0
        page.ask(Ping(sent=1.0), Pong)  # nothing waits for it
        told = page.hear(Rehearsed, timeout=60)
        assert (told.request, told.sentence) == (2, "")
        found = told.rehearsal
        assert found.piece == piece.name
        assert len(found.loudest) > 0
        assert all(len(each.point) == 1 and len(each.jump) == 3 for each in found.loudest)
        assert told.text.startswith(f"# Rehearsal of {piece.name}")
        page.say(Rehearse(request=3))
        page.say(Rehearse(request=4, on=False))  # ended, without an answer
        page.ask(Ping(sent=2.0), Pong)


def test_a_model_tells_its_hazards(served):
    with served.client() as client:
        found = msgspec.json.decode(client.get("/models/drums/hazards").content, type=Hazards)
        assert found.model == "drums"
        assert found.loudest[0].lufs > found.usual_lufs
        assert client.get("/models/nobody/hazards").status_code == 404
