"""Every critic can tell one sound from another, whatever its length and channels."""

import pytest
import torch

from isobath.errors import UsageError
from isobath.training.critics import Critics


@pytest.mark.parametrize("name", ["spectra", "scales", "periods", "bands"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_critic_learns_to_tell_a_tone_from_noise(name: str, channels: int) -> None:
    torch.manual_seed(0)
    critics = Critics((name,), channels, 4, (256,), seed=1)
    optimiser = torch.optim.Adam(critics.parameters(), 5e-3)
    real = 0.3 * torch.sin(torch.arange(2051) * 0.1).expand(2, channels, -1)
    fake = 0.3 * torch.randn(2, channels, 2051)
    losses = []
    for _ in range(12):
        reals, features = critics(real)
        fakes, _ = critics(fake)
        assert all(len(f) == 2 for f in features)
        loss = sum(((1 - r).relu().mean() + (1 + f).relu().mean()) for r, f in zip(reals, fakes, strict=True))
        losses.append(float(loss))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert losses[-1] < 0.9 * losses[0]


def test_the_seed_gives_the_critic_and_an_unknown_name_is_refused() -> None:
    a, b = (Critics(("scales", "periods"), 1, 2, (256,), seed=3) for _ in range(2))
    assert all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))
    with pytest.raises(UsageError, match="no critic gossip"):
        Critics(("gossip",), 1, 2, (256,), seed=3)
