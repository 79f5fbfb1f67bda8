"""`isobath rooms` and the rooms of `isobath walk`, as far as nothing has to be served."""

import sys

import pytest
from click.testing import CliRunner

from isobath.cli.rooms import rooms
from isobath.cli.walk import walk
from isobath.errors import UsageError


def test_without_ray_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'isobath\[cluster\]'"):
        CliRunner().invoke(rooms, ["example-walk-1", "a"], catch_exceptions=False)


def test_what_belongs_to_a_room_needs_one():
    for option in ("--open", "--edit"):
        answer = CliRunner().invoke(walk, [option])
        assert answer.exit_code == 2
        assert "--room" in answer.output
