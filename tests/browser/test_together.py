"""Two browsers in one world: they see each other, hear each other, and the host has the tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.browser.conftest import STEADY, Server, need_page
from tests.browser.instrument import Instrument

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

WALK = "document.querySelector('isobath-walk')"


class Walker(Instrument):
    """A page that walks."""

    def until(self, what: str, given: Any = None, ms: int = 45000) -> None:
        """Wait for something of the walk, `w`."""
        self.run(f"const w = {WALK}; await t.until(() => {what}, {what!r}, {ms})", given)

    def stand(self, x: float, z: float, azimuth: float = 0.0) -> None:
        self.run(f"{WALK}.walker.goTo(given)", {"x": x, "z": z, "azimuth": azimuth})


FLAT = """
const known = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...how) {
  return kind.startsWith("webgl") ? null : known.call(this, kind, ...how);
};
"""
"""No 3-D: a machine without a GPU draws one such page, and that is enough."""


def open_walk(context: Any, link: str, name: str) -> Walker:
    context.add_init_script(STEADY)
    context.add_init_script(f"localStorage.setItem('isobath.walker-name', '{name}')")
    page = context.new_page()
    page.goto(link)
    page.locator("isobath-walk canvas.world").wait_for(timeout=60_000)
    walker = Walker(page, page.url)
    walker.until("w?.together?.room === 'The room'")
    walker.start()
    return walker


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, context: Any) -> Iterator[tuple[Walker, Walker]]:
    """A host, and somebody who followed the invitation."""
    need_page()
    home: Path = tmp_path_factory.mktemp("room")
    server = Server(home, opens=("walk", "example-walk-2", "--room", "The room"))
    link = server.start()
    try:
        small = {"width": 360, "height": 240}
        own, flat = (context.browser.new_context(viewport=small) for _ in range(2))
        host = open_walk(own, link, "Ada")
        invitation = host.run(f"return {WALK}.together.invitation")
        flat.add_init_script(FLAT)
        guest = open_walk(flat, invitation, "<b>Béla</b>")
        yield host, guest
        own.close()
        flat.close()
    finally:
        server.stop()


def rms(audio: Any) -> float:
    return float(np.sqrt(np.mean(np.square(audio))))


def test_two_browsers_see_and_hear_each_other(two: tuple[Walker, Walker]) -> None:
    host, guest = two
    assert not guest.run(f"return {WALK}.together.host")
    host.stand(0.0, 0.0)
    guest.stand(1.0, -4.0, 0.5)
    host.until("w.together.others().length === 1 && Math.abs(w.together.others()[0].pose.z + 4) < 0.1")
    guest.until("w.together.others().length === 1 && Math.abs(w.together.others()[0].pose.z) < 0.1")
    host.until("w.together.avatars.parts.count === 3")
    host.until("w.querySelector('.walker-name').textContent === '<b>Béla</b>'")
    host.page.get_by_role("button", name="Walkers 2").dispatch_event("click")
    listed = host.page.get_by_role("dialog", name="Walkers")
    listed.get_by_text("<b>Béla</b>").wait_for()  # as it was written, and no markup
    host.until("w.together.neighbours.ids.length === 1")
    mine = """
    const { shaping } = i.store.state.piece.voices[0];
    i.instrument.setShaping(0, shaping, 0, 0, true);
    """
    host.run(mine)
    host.until("w.together.neighbours.slots[0].level > 0.9")
    heard = host.capture("await t.wait(700)")
    assert rms(heard[:, 4000:]) > 1e-3
    # It is the sound of where the other stands.
    point = guest.run("return Array.from(i.performer.values)")
    seen = host.run(
        f"const w = {WALK}; const o = w.together.others()[0].pose; const s = i.store.state.piece.world.size;"
        "return [0.5 + o.x / s[0], 0.5 + o.y / s[1], 0.5 - o.z / s[2]]"
    )
    np.testing.assert_allclose(seen[:3], point[:3], atol=2e-3)
    listed.get_by_role("button", name="Mute").dispatch_event("click")
    guest.until("w.together.company.get(w.together.company.me).muted")
    host.until("w.together.neighbours.ids.length === 0")
    host.page.wait_for_timeout(300)  # the decoder's tail
    assert rms(host.capture("await t.wait(300)")[:, 4000:]) < 1e-4
    listed.get_by_role("button", name="Mute").dispatch_event("click")
    assert host.errors == guest.errors == []


def test_a_guest_who_changes_the_piece_sees_it_as_it_is_again(two: tuple[Walker, Walker]) -> None:
    host, guest = two
    guest.page.locator("isobath-walk canvas.world").focus()
    guest.page.keyboard.press("l")
    guest.until("i.store.state.notice?.sentence.startsWith('Walkers do not change')")
    guest.until("i.store.state.piece.world.landmarks.length === 27")
    host.page.keyboard.press("Escape")
    host.page.locator("isobath-walk canvas.world").focus()
    host.page.keyboard.press("l")
    guest.until("i.store.state.piece.world.landmarks.length === 28")
    assert guest.run("return i.store.state.pieces.length") == 0


def test_whoever_loses_the_line_sounds_on_alone_and_is_the_same_walker_again(
    two: tuple[Walker, Walker],
) -> None:
    host, guest = two
    before = guest.run(f"return {WALK}.together.company.me")
    guest.run(
        f"""
        const {{ line }} = {WALK}.together;
        line.connect = () => {{}}; // the network is away until it is back
        line.socket.close();
        """
    )
    guest.page.locator("isobath-walk .notice").get_by_text("You walk on alone").wait_for()
    assert guest.run("return i.instrument.state") == "running"
    guest.stand(2.0, -2.0)
    guest.until("Math.abs(i.performer.at(i.store.state.piece.axes[0].id) - 0.5 - 2 / 120) < 1e-6")
    host.until("w.together.others().length === 1 && w.together.others()[0].who.away")
    guest.run(f"const {{ line }} = {WALK}.together; delete line.connect; line.connect()")
    guest.until("w.together.sentence === null && w.together.company.me === " + str(before))
    guest.page.locator("isobath-walk .notice").get_by_text("You walk on alone").wait_for(state="detached")
    host.until("!w.together.others()[0].who.away && Math.abs(w.together.others()[0].pose.x - 2) < 0.1")


def test_one_sound_for_all_is_the_same_in_every_page(two: tuple[Walker, Walker]) -> None:
    host, guest = two
    host.run(f"{WALK}.together.do('crowd', {{ on: true }})")
    for each in two:
        each.until("w.together.crowd.now.length === 1 && w.together.neighbours.ids.length === 0", ms=60000)
    host.stand(5.0, 5.0)
    guest.stand(5.0, 5.0)  # of one mind: the shared latent is what this place means
    for each in two:
        each.until(
            "w.together.others()[0].pose.x > 4.9 && w.together.crowd.wanted[0]"
            ".every((z, d) => Math.abs(z - w.together.crowd.now[0][d]) < 0.02)"
        )
    one, other = (each.run(f"return Array.from({WALK}.together.crowd.now[0])") for each in two)
    np.testing.assert_allclose(one, other, atol=0.2)
    host.run(f"{WALK}.together.do('crowd', {{ on: false }})")
    guest.until("w.together.crowd.now.length === 0")


def test_presence_survives_a_reload_and_the_host_removes(two: tuple[Walker, Walker]) -> None:
    host, guest = two
    before = guest.run(f"return {WALK}.together.company.me")
    guest.page.reload()
    guest.page.evaluate("location.hash = '#walk'")
    again = Walker(guest.page, guest.page.url)
    again.until("w?.together?.room === 'The room'")
    assert again.run(f"return {WALK}.together.company.me") == before
    host.run(f"{WALK}.together.do('remove', {{ walker: given }})", before)
    again.until("w.together.sentence?.includes('removed you')")
    host.until("w.together.company.walkers.length === 1")
    host.page.close()
    guest.page.close()
