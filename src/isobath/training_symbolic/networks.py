"""The networks: encoder, decoder and hierarchical prior, of paper 003 and of the small twin.

The twin has no recurrence: it reads each bar with the same matrix, joins the bars, and writes all
bars at once, so that its decoder is one smooth map of the latent and plays in numpy
(symbolic/model.py has the same sums). Sources: paper 003, section 3.1 and table 3; Roberts et al. 2018.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isobath.symbolic.bars import DRUM_VALUES, STEPS_PER_BAR, TOKENS

from .head import Moments
from .settings import Shape

LOWEST_LOG_SIGMA, HIGHEST_LOG_SIGMA = -6.0, 2.0


def values_of(shape: Shape) -> int:
    """Values of a step."""
    return DRUM_VALUES if shape.kind == "drums" else TOKENS


class Network(nn.Module):
    """Encoder and decoder of either kind, with the affine head of attributes."""

    def __init__(self, shape: Shape, attributes: int) -> None:
        super().__init__()
        self.shape = shape
        self.values = values_of(shape)
        self.steps = shape.bars * STEPS_PER_BAR
        self.head = nn.Linear(shape.dims, attributes).requires_grad_(False)
        self.moments = Moments(shape.dims, attributes)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(n, steps, values) -> mean and log standard deviation, (n, dims) each."""
        raise NotImplementedError

    def logits(self, z: Tensor, x: Tensor | None = None) -> Tensor:
        """(n, dims) -> (n, steps, values) before activation; x: the truth, where it is fed back."""
        raise NotImplementedError

    def activated(self, logits: Tensor) -> Tensor:
        """Hits and velocities in 0..1, offsets in -1..1; or the chances of the tokens."""
        if self.shape.kind == "melody":
            return logits.softmax(-1)
        return torch.cat((logits[..., :18].sigmoid(), logits[..., 18:].tanh()), dim=-1)

    def decode(self, z: Tensor) -> Tensor:
        """f(z): (n, dims) -> (n, steps, values)."""
        return self.activated(self.logits(z))


class Twin(Network):
    """The small one: matrices alone."""

    def __init__(self, shape: Shape, attributes: int) -> None:
        super().__init__(shape, attributes)
        e, h = shape.bar_width, shape.width
        a_bar = STEPS_PER_BAR * (shape.token_width or self.values)
        if shape.token_width:
            self.listen = nn.Linear(self.values, shape.token_width, bias=False)
            self.speak = nn.Linear(shape.token_width, self.values)
            with torch.no_grad():
                near = neighbours(self.values, shape.token_width)
                self.listen.weight.copy_(near.T)
                self.speak.weight.copy_(near)
        self.read_bar, self.join = nn.Linear(a_bar, e), nn.Linear(shape.bars * e, h)
        self.think, self.posterior = nn.Linear(h, h), nn.Linear(h, 2 * shape.dims)
        self.enter, self.plan = nn.Linear(shape.dims, h), nn.Linear(h, h)
        self.part, self.write_bar = nn.Linear(h, shape.bars * e), nn.Linear(e, a_bar)
        for layer in (self.read_bar, self.join, self.think, self.enter, self.plan, self.part):
            nn.init.kaiming_normal_(layer.weight)  # SiLU passes half, as ReLU does
            nn.init.zeros_(layer.bias)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.shape.token_width:
            x = self.listen(x)
        bars = F.silu(self.read_bar(x.reshape(len(x), self.shape.bars, -1)))
        h = F.silu(self.join(bars.flatten(1)))
        h = h + F.silu(self.think(h))
        mean, log_sigma = self.posterior(h).chunk(2, dim=-1)
        return mean, log_sigma.clamp(LOWEST_LOG_SIGMA, HIGHEST_LOG_SIGMA)

    def logits(self, z: Tensor, x: Tensor | None = None) -> Tensor:  # noqa: ARG002
        h = F.silu(self.enter(z))
        h = h + F.silu(self.plan(h))
        bars = F.silu(self.part(h)).reshape(len(z), self.shape.bars, -1)
        written: Tensor = self.write_bar(bars).reshape(len(z), self.steps, -1)
        return self.speak(written) if self.shape.token_width else written


def neighbours(tokens: int, width: int) -> Tensor:
    """Where tokens begin, (tokens, width): hold and note-off alone, pitches as hills over the keyboard,
    so that what is learned of one is learned of those beside it."""
    found = torch.zeros(tokens, width)
    found[0, 0] = found[1, 1] = 1.0
    hills = torch.linspace(0, tokens - 3, width - 2)
    apart = float(hills[1] - hills[0])
    pitches = torch.arange(tokens - 2)[:, None]
    found[2:, 2:] = torch.exp(-0.5 * ((pitches - hills) / apart).square())
    return found


class Paper(Network):
    """Paper 003's: bidirectional GRUs, a conductor that goes bar by bar, a GRU within the bar."""

    def __init__(self, shape: Shape, attributes: int) -> None:
        super().__init__(shape, attributes)
        e, c, d = shape.encoder, shape.conductor, shape.decoder
        self.encoder = nn.GRU(self.values, e, num_layers=2, bidirectional=True, batch_first=True)
        self.posterior = nn.Linear(2 * e, 2 * shape.dims)
        self.begin = nn.Linear(shape.dims, c)
        self.bars = nn.Parameter(torch.zeros(shape.bars, c))
        self.conductor = nn.GRU(c, c, batch_first=True)
        self.hand_over = nn.Linear(c, 2 * d)
        self.places = nn.Parameter(0.1 * torch.randn(STEPS_PER_BAR, self.values))
        self.within = nn.GRU(self.values + c, d, num_layers=2, batch_first=True)
        self.say = nn.Linear(d, self.values)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        _, last = self.encoder(x)
        mean, log_sigma = self.posterior(torch.cat((last[-2], last[-1]), dim=-1)).chunk(2, dim=-1)
        return mean, log_sigma.clamp(LOWEST_LOG_SIGMA, HIGHEST_LOG_SIGMA)

    def _conducted(self, z: Tensor) -> Tensor:
        """(n, bars, conductor)."""
        first = self.begin(z).tanh()[None]
        led: Tensor = self.conductor(self.bars.expand(len(z), -1, -1).contiguous(), first)[0]
        return led

    def _states(self, led: Tensor) -> Tensor:
        """Both layers' first states of a bar, (2, n, decoder)."""
        both: Tensor = self.hand_over(led).tanh().reshape(len(led), 2, -1).transpose(0, 1)
        return both.contiguous()

    def logits(self, z: Tensor, x: Tensor | None = None) -> Tensor:
        led = self._conducted(z)
        if self.shape.feedback == "parallel":
            every = led.reshape(-1, led.shape[-1])
            return self._bar(every, self.places.expand(len(every), -1, -1)).reshape(
                len(z), self.steps, self.values
            )
        if x is not None:
            heard = F.pad(x[:, :-1], (0, 0, 1, 0)).reshape(-1, STEPS_PER_BAR, self.values)
            return self._bar(led.reshape(-1, led.shape[-1]), heard).reshape(len(z), self.steps, self.values)
        return self._free(led)

    def _bar(self, led: Tensor, heard: Tensor) -> Tensor:
        entering = torch.cat((heard, led[:, None].expand(-1, heard.shape[1], -1)), dim=-1)
        said: Tensor = self.say(self.within(entering, self._states(led))[0])
        return said

    def _free(self, led: Tensor) -> Tensor:
        """Step by step, each hearing the last one's mean."""
        heard = led.new_zeros(len(led), 1, self.values)
        found = []
        for bar in led.unbind(1):
            state = self._states(bar)
            for _ in range(STEPS_PER_BAR):
                h, state = self.within(torch.cat((heard, bar[:, None]), dim=-1), state)
                found.append(self.say(h))
                heard = self.activated(found[-1])
        return torch.cat(found, dim=1)


def network_of(shape: Shape, attributes: int) -> Network:
    """The network a shape asks for."""
    return (Twin if shape.network == "twin" else Paper)(shape, attributes)


class HierarchicalPrior(nn.Module):
    """p(z | ζ) and q(ζ | z), two hidden layers each (paper 003, table 3)."""

    def __init__(self, dims: int, width: int) -> None:
        super().__init__()
        self.generate = _two_layers(dims, width)
        self.infer = _two_layers(dims, width)

    @staticmethod
    def split(said: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log standard deviation."""
        mean, log_sigma = said.chunk(2, dim=-1)
        return mean, log_sigma.clamp(LOWEST_LOG_SIGMA, 3.0)


def _two_layers(dims: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(dims, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2 * dims)
    )
