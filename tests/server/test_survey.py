"""Safety maps, measured by the server when there is time."""

import os
import threading

import msgspec

from isobath.mapping import fit
from isobath.protocol.messages import Ping, Pong, Survey, Surveyed
from isobath.protocol.piece import Demonstration, Voice
from isobath.server.survey import low_priority_pool, measure


def voice_of(page):
    """A voice of the first model with a learned mapping of one axis."""
    model = page.welcome.models[0]
    shown = tuple(
        Demonstration(id=str(i), point=point, latent=(float(i),) * model.dims)
        for i, point in enumerate(((0.1,), (0.9,), (0.5,)))
    )
    mapping = fit([d.point for d in shown], [d.latent for d in shown]).to_plain()
    return Voice(id="v", model=model.name, demonstrations=shown, fitted=mapping)


def test_a_voice_is_measured_and_known_again(served):
    with served.page() as page:
        voice = voice_of(page)
        first = page.ask(Survey(request=1, axes=1, voice="v", voices=(voice,)), Surveyed)
        assert first.sentence == ""
        assert first.safety is not None
        assert first.safety.axes == 1
        again = msgspec.structs.replace(voice, safety=first.safety)
        second = page.ask(Survey(request=2, axes=1, voice="v", voices=(again,)), Surveyed)
        assert second.safety == first.safety


def test_what_cannot_be_measured_is_answered_with_a_sentence(served):
    with served.page() as page:
        voice = msgspec.structs.replace(voice_of(page), model="../../etc/passwd")
        answer = page.ask(Survey(request=1, axes=1, voice="v", voices=(voice,)), Surveyed)
        assert answer.safety is None
        assert "There is no model" in answer.sentence
        answer = page.ask(Survey(request=2, axes=1, voice="w", voices=(voice_of(page),)), Surveyed)
        assert "Reload" in answer.sentence
        answer = page.ask(Survey(request=3, axes=3, voice="v", voices=(voice_of(page),)), Surveyed)
        assert "axes" in answer.sentence
        assert page.ask(Ping(sent=1.0), Pong).sent == 1.0


def test_a_newer_question_ends_the_older_one(served):
    with served.page() as page:
        voice = voice_of(page)
        for request in range(1, 8):
            page.say(Survey(request=request, axes=1, voice="v", voices=(voice,)))
        assert page.hear(Surveyed).request == 7


def test_without_a_mapping_there_is_no_map():
    survey = Survey(request=1, axes=1, voice="v", voices=(Voice(id="v", model="m"),))

    def load(_):
        from isobath.models.coder import bundled
        from isobath.models.coder import load as read

        return read(next(iter(bundled())))

    assert measure(survey, load, lambda: False) == Surveyed(request=1, voice="v")


def test_the_thread_that_measures_gives_way():
    pool = low_priority_pool()
    nice = pool.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    pool.shutdown()
    assert nice == 10
