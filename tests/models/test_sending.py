"""A blob as it is sent: smaller, and the same when it arrives."""

import numpy as np
import pytest

from isobath.errors import ModelDamaged
from isobath.models.pack import pack
from isobath.models.sending import received, sent
from tests.models.small_models import small_model


@pytest.mark.parametrize("encoder", [False, True])
def test_what_arrives_is_what_was_packed(encoder: bool) -> None:
    blob = pack(*small_model(), encoder=encoder)
    assert received(sent(blob)) == blob


def test_what_does_not_arrive_whole_is_told() -> None:
    there = sent(pack(*small_model()))
    for broken in (b"", there[:7], b"ISOB" + there[4:], there[:-20], there[:40] + bytes(60) + there[100:]):
        with pytest.raises(ModelDamaged):
            received(broken)
    short = bytearray(pack(*small_model()))
    short[4 * 10 : 4 * 11] = np.array([2**31], "<u4").tobytes()  # a table that lies elsewhere
    with pytest.raises(ModelDamaged):
        sent(bytes(short))
