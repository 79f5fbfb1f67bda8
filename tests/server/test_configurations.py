"""What the page says of each kind of model is what the kind is."""

import pytest

from isobath.server.configurations import PARAMETERS, WORDS, configurations


def test_every_configuration_has_words_and_a_size_and_one_is_offered_first():
    told = configurations({"slow": 0.5})
    assert {each.name for each in told} == set(WORDS) == set(PARAMETERS)
    assert [each.name for each in told if each.default] == [told[0].name] == ["instrument"]
    assert [each.seconds_a_step for each in told][:2] == [None, 0.5]
    assert all(each.delay_ms > 0 and each.phase1_steps > 0 for each in told)


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_sizes_are_counted(name):
    torch = pytest.importorskip("torch")
    from torch._subclasses.fake_tensor import FakeTensorMode

    from isobath.training import family, plan
    from isobath.training.configurations import CONFIGURATIONS
    from isobath.training.settings import Family

    shape = CONFIGURATIONS[name].shape
    random = torch.Generator().manual_seed(1)
    if isinstance(shape, Family):
        with FakeTensorMode(allow_non_fake_inputs=True):  # shapes alone
            weights = family.decoder(shape, random).weights.values()
    else:
        weights = plan.decoder(shape, random).weights.values()
    assert sum(each.numel() for each in weights) == PARAMETERS[name]
