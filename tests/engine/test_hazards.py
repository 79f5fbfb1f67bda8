"""Where a model by itself is loud and rough."""

from __future__ import annotations

import numpy as np
import pytest

from isobath.engine.apart import statistics_of
from isobath.engine.hazards import PLACES, hazards, report
from isobath.engine.surveying import SurveyCancelled, held
from isobath.models.coder import bundled, load


def test_a_model_tells_its_loud_and_rough_places() -> None:
    model = load(bundled()["drums"])
    found = hazards(model)
    assert (found.model, len(found.loudest), len(found.roughest)) == ("drums", PLACES, PLACES)
    assert found.loudest[0].lufs > found.loud_lufs > found.usual_lufs > found.loudest[0].lufs - 60
    assert [each.lufs for each in found.loudest] == sorted((e.lufs for e in found.loudest), reverse=True)
    assert found.roughest[0].asper > found.usual_asper
    # what is told of a place is what is heard there, and it is one that the model knows
    again = held(model, np.array([found.loudest[0].latent]))
    assert again.loudness[0] == pytest.approx(found.loudest[0].lufs, abs=0.2)
    mean, std = statistics_of(model)
    far = (np.array(found.loudest[0].latent) - mean) / std
    assert found.loudest[0].far[0] == int(np.argmax(np.abs(far)))
    assert np.abs(far).max() < 4.0
    assert report(found).startswith("drums: half of its sounds are louder than")
    assert found.dimensions[0].label, "the one that carries loudness"
    with pytest.raises(SurveyCancelled):
        hazards(model, lambda: True)
