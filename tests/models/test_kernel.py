"""The compiled library itself: what it needs, what it refuses, what it keeps."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from isobath.errors import KernelError, ModelDamaged
from isobath.models import kernel
from isobath.models.coder import Model
from isobath.models.kernel import DECODER, ENCODER, KernelModel, State, levels, library
from isobath.models.pack import pack, whitening

from .small_models import small_model

CLOCKS = {"syscall", "clock_gettime", "clock_nanosleep"}
"""The time, waking who makes the sound, and the canary: of the stage's audio host alone."""


def test_only_the_stage_knows_the_time() -> None:
    for path in (Path(__file__).parents[2] / "kernel").glob("*.[ch]"):
        found = {name for name in CLOCKS if re.search(rf"\b{name}\b", path.read_text(encoding="utf-8"))}
        assert found == (CLOCKS if path.name == "stage.c" else set()), path.name


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("nm") is None, reason="reads the library with nm")
def test_nothing_can_allocate_lock_or_open_files() -> None:
    allowed = CLOCKS | {"memcpy", "memmove", "memset", "__cxa_finalize", "__gmon_start__"}
    for level in levels():
        path = kernel.NATIVE / f"isobath-kernel-{level}.so"
        listing = subprocess.run(
            ["nm", "-D", "--undefined-only", path], capture_output=True, text=True, check=True
        )
        needed = {re.split(r"\s+", line.strip())[-1].split("@")[0] for line in listing.stdout.splitlines()}
        assert {name for name in needed if not name.startswith("_ITM")} <= allowed


def test_the_best_build_for_this_processor_is_chosen() -> None:
    assert library() is library()
    able = library().ib_level()
    assert library()._name.endswith(f"-{max(n for n in levels() if n <= able)}{Path(library()._name).suffix}")


def test_a_missing_library_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kernel, "NATIVE", tmp_path)
    with pytest.raises(KernelError, match=r"python kernel/build\.py native"):
        library.__wrapped__()


def test_blobs_of_another_version_or_cut_short_are_refused() -> None:
    blob = pack(*small_model())
    for wrong in (b"", blob[:64], blob[:-4], b"RIFF" + blob[4:], blob[:4] + b"\x07\0\0\0" + blob[8:]):
        with pytest.raises(KernelError, match="refuses"):
            KernelModel(wrong)


def test_arguments_out_of_range_are_refused() -> None:
    model = KernelModel(pack(*small_model(), encoder=False))
    for coder, batch, frames in (
        (DECODER, 0, 1),
        (DECODER, 1, 0),
        (DECODER, 4096, 1),
        (7, 1, 1),
        (ENCODER, 1, 1),
    ):
        with pytest.raises(KernelError, match="refuses"):
            State(model, coder, batch, frames)
    state = State(model, DECODER, 2, 4)
    with pytest.raises(KernelError, match="out of range"):
        state.reset(voice=2)


def test_a_state_is_small_and_independent_of_the_length_of_calls() -> None:
    model = KernelModel(pack(*small_model()))
    sizes = [State(model, DECODER, 1, frames).memory.size for frames in (1, 64, 1 << 16)]
    assert sizes[0] < sizes[1] == sizes[2] < 1 << 20


def test_whitening_gives_unit_variance_in_every_direction() -> None:
    import msgspec

    description, tensors = small_model()
    a = np.random.default_rng(1).standard_normal((3, 3))
    covariance = a @ a.T + 0.1 * np.eye(3)
    latent = msgspec.structs.replace(description.latent, covariance=covariance.tolist())
    w = whitening(msgspec.structs.replace(description, latent=latent)).astype(np.float64)
    np.testing.assert_allclose(w @ covariance @ w.T, np.eye(3), atol=1e-4)
    assert tensors


def test_weights_that_do_not_fit_their_coder_are_a_damaged_model() -> None:
    description, tensors = small_model()
    name = description.decoder[0].weight or ""
    tensors[name] = np.ascontiguousarray(tensors[name][:, :2])
    with pytest.raises(ModelDamaged, match="does not fit together"):
        Model(description, tensors)


def test_the_rehearsal_at_init_leaves_no_past() -> None:
    """A new state has played silence once (to warm the caches); nothing of that may be heard."""
    model = KernelModel(pack(*small_model()))
    info = model.info
    z = np.random.default_rng(3).standard_normal((1, 5, info.dims)).astype(np.float32)
    state = State(model, DECODER, 1, 8)
    tail = state.memory[1024:].view(np.uint32)
    assert np.count_nonzero(tail) <= 256  # the layout, and nothing of the registers
    first = state.decode(z)
    state.reset()
    np.testing.assert_array_equal(state.decode(z), first)
