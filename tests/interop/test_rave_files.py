"""Files that the reference itself wrote, read as data and played by the kernel: the same sound.

`bench/rave/export.py` makes them with `acids-rave`, which is not for commercial use and therefore
no dependency of ours: `.ci/run` installs it in an environment of its own where it can. Beside each
file lies what its TorchScript made of three seconds of sound, its random draws held at zero.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray

from isobath.cli.group import isobath
from isobath.foreign import rave
from isobath.foreign.archive import read
from isobath.models.coder import Model
from isobath.models.description import Description, LatentStatistics, Percentiles

FOLDER = os.environ.get("ISOBATH_RAVE_FILES", "")
FILES = sorted(p for p in Path(FOLDER).glob("*.ts") if p.with_suffix(".npz").exists()) if FOLDER else []
ABSENT = (
    "There are no files written by acids-rave: it is not installed here. Make some with "
    "bench/rave/install.sh and bench/rave/export.py, and set ISOBATH_RAVE_FILES to their folder."
)
SAME = 1e-4
pytestmark = [pytest.mark.interop, pytest.mark.skipif(not FILES, reason=ABSENT)]

Array = NDArray[np.float32]


def _played(path: Path) -> tuple[rave.Imported, Model]:
    """The file's network in the kernel, weights in full precision, shaped noise silenced."""
    imported = rave.convert(read(path))
    for o in imported.decoder:
        if o.kind == "noise":
            imported.tensors[str(o.filters)] *= 0
    return imported, Model(_description(imported), imported.tensors)


def _description(imported: rave.Imported) -> Description:
    levels = [0.0, 1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0, 100.0]
    spread = [-4.0, -2.3, -1.6, -0.7, 0.0, 0.7, 1.6, 2.3, 4.0]
    dims = imported.dims
    latent = LatentStatistics(
        mean=[0.0] * dims, std=[1.0] * dims, covariance=np.eye(dims).tolist(),
        percentiles=Percentiles(at=levels, values=[spread] * dims),
        explained=[1.0 / dims] * dims, labels=[""] * dims, known_radius=4.0,
    )  # fmt: skip
    return Description(
        format=2, name="file", sample_rate=imported.sample_rate, channels=imported.channels,
        hop=imported.hop, dims=dims, delay=max(imported.delay, 0), latent=latent,
        encoder=imported.encoder, decoder=imported.decoder,
    )  # fmt: skip


def _error(found: Array, wanted: Array) -> float:
    """The greatest difference, in parts of full scale or of the loudest peak where that is more."""
    assert found.shape == wanted.shape
    assert np.isfinite(found).all()
    return float(np.abs(found - wanted).max() / max(1.0, float(np.abs(wanted).max())))


def _known(path: Path) -> dict[str, Any]:
    with np.load(path.with_suffix(".npz")) as stored:
        return {name: stored[name] for name in stored.files}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_kernel_plays_the_file_as_its_torchscript_does(path: Path) -> None:
    known = _known(path)
    if not known["streaming"]:
        pytest.skip("exported without streaming: it has no state to compare")
    imported, model = _played(path)
    assert (model.hop, model.channels) == (int(known["hop"]), known["audio"].shape[0])
    audio, latent = known["audio"], known["latent"]
    encoder = model.encoder()
    blocks = range(0, audio.shape[1], 4 * model.hop)
    found = np.concatenate([encoder(audio[:, a : a + 4 * model.hop]) for a in blocks], axis=1)
    if imported.latent == "codes":
        assert (found != latent).mean() < 0.01  # two codes as near as one another
    else:
        there = np.isfinite(latent)  # silence has no angle: the file says nan, ours something
        assert there.mean() > 0.5
        assert _error(found[there], latent[there]) <= SAME
    assert _error(model.decode(np.nan_to_num(latent)), known["decoded"]) <= SAME
    assert np.abs(known["decoded"]).max() > 0.01


def test_the_smallest_file_is_imported_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOBATH_HOME", str(tmp_path))
    path = min(FILES, key=lambda p: p.stat().st_size)
    done = CliRunner().invoke(isobath, ["import", str(path), "--json"], prog_name="isobath")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["hop"] == int(_known(path)["hop"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_file_passes_the_gate_and_runs_confined_as_in_plain_torch(path: Path) -> None:
    torch = pytest.importorskip("torch")
    from isobath.errors import ModelFailed
    from isobath.foreign import wire
    from isobath.foreign.gate import check
    from isobath.foreign.process import Process
    from isobath.foreign.repack import repacked

    archive = read(path)
    check(archive)
    process = Process(path.stem, repacked(archive))
    try:
        plain = torch.jit.load(str(path)).eval()
        dims, ratio, _, _ = (int(x) for x in plain.decode_params)
        latent = np.zeros((1, dims, 4096 // ratio), np.float32)
        torch.manual_seed(3)
        with torch.no_grad():
            wanted = plain.decode(torch.from_numpy(latent)).numpy()
        voice = process.ask(wire.Open(seed=3))
        assert isinstance(voice, wire.Opened)
        if np.isfinite(wanted).all():
            (found,), _ = process.call(voice.instance, "decode", latent)
            assert _error(found, wanted) < SAME
        else:  # untrained spherical files do this in plain torch, too
            with pytest.raises(ModelFailed, match="not numbers"):
                process.call(voice.instance, "decode", latent)
    finally:
        process.stop()
