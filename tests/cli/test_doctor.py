"""`isobath doctor`."""

import json

from isobath.cli import doctor


def test_it_looks_at_everything_and_says_so(run):
    result = run("doctor", "--json")
    found = {each["what"]: each for each in json.loads(result.stdout)}
    assert set(found) == {what for what, _ in doctor.LOOKS}
    assert found["sound kernel"]["well"] is True
    assert found["library"]["well"] is True
    assert result.exit_code == int(any(each["well"] is False for each in found.values()))


def test_what_is_missing_is_told_and_fails(run, monkeypatch, tmp_path):
    from isobath.server import page

    monkeypatch.setattr(page, "static_folder", lambda: tmp_path / "nothing")
    result = run("doctor")
    assert result.exit_code == 1
    assert "npm run build" in result.stdout


def test_a_library_that_cannot_be_opened_is_a_finding_and_no_crash(run, home):
    home.make()
    home.database.mkdir()
    result = run("doctor")
    assert result.exit_code == 1
    assert "library" in result.stdout
