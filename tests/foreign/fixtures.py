# ruff: noqa: ARG002 (the contract names arguments that need not be used)
"""Small files that behave like those of other programs: one for every row of the compatibility matrix.

All are our own; they share with the originals what a host can see (names, ratios, buffers, attributes,
which blocks they take, what they keep), and nothing of what they do.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

HOP = 64
RATE = 22050


def params(*numbers: int) -> Tensor:
    return torch.tensor(numbers)


class Smooth(nn.Module):
    """Keeps its past: half of each frame is the one before."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("cache", torch.zeros(1, channels, 1))

    def forward(self, x: Tensor) -> Tensor:
        both = torch.cat([self.cache.expand(x.shape[0], -1, -1), x], 2)
        self.cache = both[:1, :, -1:].clone()
        return 0.5 * (both[:, :, 1:] + both[:, :, :-1])


class Coder(nn.Module):
    """Sound to `dims` latents every `hop` samples and back."""

    def __init__(self, dims: int = 4, hop: int = HOP, channels: int = 1, streaming: bool = True) -> None:
        super().__init__()
        torch.manual_seed(dims + hop)
        self.down = nn.Conv1d(channels, dims, hop, hop, bias=False)
        self.up = nn.ConvTranspose1d(dims, channels, hop, hop, bias=False)
        self.smooth = Smooth(dims) if streaming else nn.Identity()
        self.smooth_up = Smooth(dims) if streaming else nn.Identity()

    def listen(self, x: Tensor) -> Tensor:
        return self.smooth(self.down(x))

    def speak(self, z: Tensor) -> Tensor:
        return self.up(self.smooth_up(z))


class RaveOne(nn.Module):
    """RAVE v1: no list of methods, a tuple from `encode_amortized`, names of its own for plain facts."""

    def __init__(self, dims: int = 4, hop: int = HOP) -> None:
        super().__init__()
        self._rave = Coder(dims, hop)
        self.register_buffer("sampling_rate", torch.tensor(RATE))
        self.register_buffer("latent_size", torch.tensor(dims))
        self.register_buffer("max_batch_size", torch.tensor(8))
        self.register_buffer("encode_params", params(1, 1, dims, hop))
        self.register_buffer("encode_amortized_params", params(1, 1, dims, hop))
        self.register_buffer("decode_params", params(dims, hop, 1, 1))
        self.register_buffer("forward_params", params(1, 1, 1, 1))

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return self._rave.listen(x)

    @torch.jit.export
    def encode_amortized(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self._rave.listen(x)
        return z, torch.ones_like(z)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return self._rave.speak(z)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class RaveOneStereo(RaveOne):
    """RAVE v1 in stereo: the decoder plays its one latent twice, with two noises."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("decode_params", params(4, HOP, 2, 1))
        self.register_buffer("forward_params", params(1, 1, 2, 1))

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        twice = torch.cat([self._rave.speak(z), self._rave.speak(z)], 1)
        return twice + 1e-2 * torch.randn_like(twice)


class Prior(nn.Module):
    """A prior with a loop, for one voice."""

    def __init__(self, dims: int) -> None:
        super().__init__()
        self.step = nn.Linear(dims, dims)
        self.register_buffer("previous", torch.zeros(1, dims))

    def forward(self, temperature: Tensor) -> Tensor:
        frames: list[Tensor] = []
        for i in range(temperature.shape[2]):
            self.previous = torch.tanh(self.step(self.previous)) + temperature[:1, :, i] * torch.randn_like(
                self.previous
            )
            frames.append(self.previous)
        return torch.stack(frames, 2)


class RaveOneWithPrior(RaveOne):
    """RAVE v1 combined with a prior that takes a temperature."""

    def __init__(self) -> None:
        super().__init__()
        self._prior = Prior(4)
        self.register_buffer("prior_params", params(1, HOP, 4, HOP))

    @torch.jit.export
    def prior(self, temperature: Tensor) -> Tensor:
        return self._prior(temperature)


class Listed(nn.Module):
    """What newer files have: lists of methods and attributes."""

    names: list[str]
    settings: list[str]

    def __init__(
        self, methods: dict[str, tuple[int, int, int, int]], settings: dict[str, list[int]] | None = None
    ) -> None:
        super().__init__()
        self.names = list(methods)
        self.settings = list(settings or {}) or ["none"]
        for name, numbers in methods.items():
            self.register_buffer(f"{name}_params", params(*numbers))
        for name, codes in (settings or {"none": [0]}).items():
            self.register_buffer(f"{name}_params", torch.tensor(codes))

    @torch.jit.export
    def get_methods(self) -> list[str]:
        return self.names

    @torch.jit.export
    def get_attributes(self) -> list[str]:
        return self.settings


class RaveTwo(Listed):
    """RAVE 2.0 to 2.2: listed methods, a dummy attribute, `sr`, `stereo`."""

    def __init__(self, dims: int = 4, hop: int = HOP, streaming: bool = True) -> None:
        super().__init__(
            {"encode": (1, 1, dims, hop), "decode": (dims, hop, 1, 1), "forward": (1, 1, 1, 1)},
        )
        self.sr, self.stereo, self.latent_size = RATE, False, dims
        self.encode_output_labels = [f"(signal) latent dimension {i}" for i in range(dims)]
        self.coder = Coder(dims, hop, streaming=streaming)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return self.coder.listen(x)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return self.coder.speak(z)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class RaveTwoThree(Listed):
    """RAVE 2.3: channels, attributes that are always there and whose getters give scalars, a method more."""

    def __init__(self, channels: int = 2) -> None:
        adain = {"learn_target": [0], "reset_target": [0], "learn_source": [0], "reset_source": [0]}
        super().__init__(
            {
                "encode": (channels, 1, 4, HOP),
                "decode": (4, HOP, channels, 1),
                "forward": (channels, 1, channels, 1),
            },
            adain,
        )
        self.sr, self.n_channels, self.target_channels = RATE, channels, channels
        self.is_using_adain = False
        self.learn_target, self.reset_target, self.learn_source, self.reset_source = (False,) * 4
        self.coder = Coder(4, HOP, channels)

    @torch.jit.export
    def get_learn_target(self) -> bool:
        return self.learn_target

    @torch.jit.export
    def get_reset_target(self) -> bool:
        return self.reset_target

    @torch.jit.export
    def get_learn_source(self) -> bool:
        return self.learn_source

    @torch.jit.export
    def get_reset_source(self) -> bool:
        return self.reset_source

    @torch.jit.export
    def set_learn_target(self, value: bool) -> int:
        self.learn_target = value
        return 0

    @torch.jit.export
    def set_reset_target(self, value: bool) -> int:
        self.reset_target = value
        return 0

    @torch.jit.export
    def set_learn_source(self, value: bool) -> int:
        self.learn_source = value
        return 0

    @torch.jit.export
    def set_reset_source(self, value: bool) -> int:
        return -1

    @torch.jit.export
    def set_stereo_mode(self, value: bool) -> int:
        return 0

    @torch.jit.export
    def prior(self, x: Tensor) -> Tensor:
        return x

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return self.coder.listen(x)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return self.coder.speak(z)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))


class Discrete(Listed):
    """Latents are code numbers as floats; one beyond the table is an error."""

    def __init__(self, books: int = 3, size: int = 37) -> None:
        super().__init__({"encode": (1, 1, books, HOP), "decode": (books, HOP, 1, 1)})
        self.sr, self.size = RATE, size
        self.down = nn.Conv1d(1, books, HOP, HOP)
        self.table = nn.Embedding(size, 4)
        self.up = nn.ConvTranspose1d(4, 1, HOP, HOP)
        self.smooth = Smooth(4)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return torch.floor(torch.sigmoid(4 * self.down(x)) * (self.size - 1)).clamp(0, self.size - 1)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        looked = self.table(z.round().to(torch.long)).sum(1).permute(0, 2, 1)
        return self.up(self.smooth(looked))


class DiscreteAndPatient(Discrete):
    """The same, but codes beyond the table are brought into it."""

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        looked = self.table(z.round().to(torch.long).clamp(0, self.size - 1)).sum(1).permute(0, 2, 1)
        return self.up(self.smooth(looked))


class Spherical(Listed):
    """Latents are angles, one fewer than dimensions."""

    def __init__(self) -> None:
        super().__init__({"encode": (1, 1, 3, HOP), "decode": (3, HOP, 1, 1)})
        self.sr = RATE
        self.coder = Coder(4)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        z = self.coder.listen(x)
        return torch.atan2(z[:, 1:], z[:, :-1])

    @torch.jit.export
    def decode(self, a: Tensor) -> Tensor:
        return self.coder.speak(torch.cat([torch.cos(a), torch.sin(a[:, -1:])], 1))


class Forked(Listed):
    """The vs fork and its cousins: a second argument, a distribution in nested tuples, signs."""

    signs: list[float]

    def __init__(self) -> None:
        super().__init__({"encode": (1, 1, 4, HOP), "encode_dist": (1, 1, 8, HOP), "decode": (4, HOP, 1, 1)})
        self.sr, self.signs = RATE, [1.0, -1.0, 1.0, 1.0]
        self.coder = Coder(4)

    @torch.jit.export
    def encode(self, x: Tensor, temp: float = 0.0) -> Tensor:
        return self.coder.listen(x) + temp

    @torch.jit.export
    def encode_dist(self, x: Tensor) -> tuple[tuple[Tensor, Tensor], Tensor]:
        z = self.coder.listen(x)
        return (z, z * z), torch.zeros(1)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return self.coder.speak(z * torch.tensor(self.signs)[None, :, None])


class Bare(Listed):
    """Exported without streaming: padded convolutions without memory, which click at every block."""

    def __init__(self) -> None:
        super().__init__({"encode": (1, 1, 4, HOP), "decode": (4, HOP, 1, 1), "forward": (1, 1, 1, 1)})
        self.sr = RATE
        torch.manual_seed(0)
        self.blur = nn.Conv1d(1, 1, 129, padding=64, bias=False)
        self.down = nn.Conv1d(1, 4, HOP, HOP, bias=False)
        self.up = nn.ConvTranspose1d(4, 1, 3 * HOP, HOP, padding=HOP, bias=False)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return self.down(self.blur(x))

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        return self.blur(self.up(z))

    def forward(self, x: Tensor) -> Tensor:
        return self.blur(x)


class BareAndNoisy(Bare):
    """The same with a noise of its own, as loud as the sound."""

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        y = self.blur(self.up(z))
        return y + 0.1 * torch.randn_like(y)


class MsPrior(Listed):
    """Latents to latents and the perplexity; one voice, a loop, an empty method for the buffer."""

    def __init__(self) -> None:
        super().__init__(
            {"forward": (4, HOP, 5, HOP), "dummy_method": (1, 1, 1, 16 * HOP)},
            {"temperature": [2], "listen": [0], "learn_context": [0], "reset": [0]},
        )
        self.sr = RATE
        self.temperature, self.listen, self.learn_context, self.reset = 1.0, True, False, False
        self.register_buffer("state", torch.zeros(1, 4))

    @torch.jit.export
    def get_temperature(self) -> list[float]:
        return [self.temperature]

    @torch.jit.export
    def set_temperature(self, value: float) -> int:
        if value < 0:
            return -1
        self.temperature = value
        return 0

    @torch.jit.export
    def set_listen(self, value: bool) -> int:
        self.listen = value
        return 0

    @torch.jit.export
    def set_learn_context(self, value: bool) -> int:
        self.learn_context = value
        return 0

    @torch.jit.export
    def set_reset(self, value: bool) -> int:
        if value:
            self.state = torch.zeros_like(self.state)
        return 0

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[0] != 1:
            raise RuntimeError("one voice only")
        made: list[Tensor] = []
        for i in range(x.shape[2]):
            if self.listen:
                self.state = 0.5 * self.state + x[:, :, i]
            else:
                self.state = self.state + self.temperature * torch.randn_like(self.state)
            made.append(torch.cat([self.state, self.state.abs().sum(1, keepdim=True)], 1))
        return torch.stack(made, 2)

    @torch.jit.export
    def dummy_method(self, x: Tensor) -> Tensor:
        return x[:, :, :: 16 * 64]


class AfterAudio(Listed):
    """Blocks of exactly four frames; many methods; the diffusion looks at its first voice only."""

    def __init__(self) -> None:
        block = {
            "forward": (2, 1, 1, 1),
            "structure": (1, 1, 3, HOP),
            "timbre": (1, 1, 6, HOP),
            "diffuse": (9, HOP, 4, HOP),
            "decode": (4, HOP, 1, 1),
            "latent2map": (6, HOP, 2, HOP),
            "map2latent": (2, HOP, 6, HOP),
        }
        super().__init__(block, {"nb_steps": [1], "guidance_timbre": [2], "guidance_structure": [2]})
        self.sr = RATE
        self.nb_steps, self.guidance_timbre, self.guidance_structure = 3, 1.0, 1.0
        self.one, self.two, self.made = Coder(3), Coder(6), Coder(4)
        self.mix = nn.Conv1d(9, 4, 1)
        self.map, self.back = nn.Conv1d(6, 2, 1), nn.Conv1d(2, 6, 1)

    @torch.jit.export
    def get_nb_steps(self) -> int:
        return self.nb_steps

    @torch.jit.export
    def set_nb_steps(self, value: int) -> int:
        self.nb_steps = value
        return 0

    @torch.jit.export
    def set_guidance_timbre(self, value: float) -> int:
        self.guidance_timbre = value
        return 0

    @torch.jit.export
    def set_guidance_structure(self, value: float) -> int:
        self.guidance_structure = value
        return 0

    def exactly(self, frames: int) -> None:
        if frames != 4:
            raise RuntimeError("set the buffer to four frames")

    @torch.jit.export
    def structure(self, x: Tensor) -> Tensor:
        self.exactly(x.shape[2] // 64)
        return self.one.listen(x)

    @torch.jit.export
    def timbre(self, x: Tensor) -> Tensor:
        self.exactly(x.shape[2] // 64)
        return self.two.listen(x)

    @torch.jit.export
    def diffuse(self, z: Tensor) -> Tensor:
        self.exactly(z.shape[2])
        x = torch.randn(1, 4, 4)
        for _ in range(self.nb_steps):
            x = 0.5 * x + self.mix(z[:1])
        return x.expand(z.shape[0], -1, -1)

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        self.exactly(z.shape[2])
        return self.made.speak(z)

    @torch.jit.export
    def latent2map(self, z: Tensor) -> Tensor:
        return self.map(z)

    @torch.jit.export
    def map2latent(self, z: Tensor) -> Tensor:
        return self.back(z)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.diffuse(torch.cat([self.structure(x[:, :1]), self.timbre(x[:, 1:])], 1)))


class AfterMidi(Listed):
    """Notes as signals: pitch and velocity of each voice, and the timbre."""

    def __init__(self, voices: int = 2) -> None:
        super().__init__({"forward": (2 * voices + 3, 1, 1, 1)})
        self.sr, self.voices = RATE, voices
        self.forward_input_labels = [
            "pitch 1",
            "velocity 1",
            "pitch 2",
            "velocity 2",
            "timbre 1",
            "timbre 2",
            "timbre 3",
        ]
        self.register_buffer("phase", torch.zeros(1, voices, 1))

    def forward(self, x: Tensor) -> Tensor:
        pitch, velocity = x[:, 0 : 2 * self.voices : 2], x[:, 1 : 2 * self.voices : 2]
        step = 440.0 * torch.exp2((pitch - 69.0) / 12.0) / 22050.0
        phase = self.phase + torch.cumsum(step, 2)
        self.phase = phase[:1, :, -1:] % 1.0
        return (torch.sin(6.283185 * phase) * velocity / 127.0).sum(1, keepdim=True)


class Vschaos(Listed):
    """Words as attributes, a smallest buffer, a label as a signal."""

    def __init__(self) -> None:
        super().__init__(
            {"encode": (1, 1, 4, 256), "decode": (5, 256, 1, 1)},
            {"inversion_mode": [3], "dimred": [3, 1]},
        )
        self.sr, self.min_buffer_size = RATE, 1024
        self.inversion_mode, self.dimred, self.kept = "keep_input", "pca", 4
        self.decode_input_labels = ["z 1", "z 2", "z 3", "z 4", "label"]
        self.down = nn.Conv1d(513, 4, 1)
        self.up = nn.Conv1d(5, 256, 1)
        self.register_buffer("past", torch.zeros(1, 1, 256))

    @torch.jit.export
    def get_inversion_mode(self) -> str:
        return self.inversion_mode

    @torch.jit.export
    def set_inversion_mode(self, value: str) -> int:
        if value not in ["keep_input", "random"]:
            return -1
        self.inversion_mode = value
        return 0

    @torch.jit.export
    def get_dimred(self) -> tuple[str, int]:
        return self.dimred, self.kept

    @torch.jit.export
    def set_dimred(self, value: str, kept: int) -> int:
        self.dimred, self.kept = value, kept
        return 0

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        if x.shape[2] < 1024:
            raise RuntimeError("the buffer is shorter than the transform")
        spectrum = torch.stft(
            x[:, 0], 1024, 256, window=torch.hann_window(1024), center=True, return_complex=True
        )
        return self.down(spectrum.abs())[:, :, : x.shape[2] // 256]

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        label = z[:, 4:].round().clamp(0, 3)
        frames = self.up(torch.cat([z[:, :4], label], 1))
        sound = frames.permute(0, 2, 1).reshape(z.shape[0], 1, -1)
        both = torch.cat([self.past, sound], 2)
        self.past = both[:, :, -256:].clone()
        return 0.5 * (both[:, :, 256:] + both[:, :, :-256])


class Looper(Listed):
    """A living looper: keeps what it heard, and plays it when told to."""

    def __init__(self) -> None:
        super().__init__(
            {"forward": (1, 1, 2, 1), "encode": (1, 1, 4, HOP), "forward_with_latents": (1, HOP, 6, HOP)},
            {"loop_index": [1], "thru": [0], "auto": [1, 2]},
        )
        self.sr, self.loop_index, self.thru, self.auto, self.ease = RATE, 0, True, 0, 0.5
        self.coder = Coder(4)
        self.register_buffer("kept", torch.zeros(1, 1, 512))

    @torch.jit.export
    def get_loop_index(self) -> int:
        return self.loop_index

    @torch.jit.export
    def set_loop_index(self, value: int) -> int:
        self.loop_index = value
        return 0

    @torch.jit.export
    def set_thru(self, value: bool) -> int:
        self.thru = value
        return 0

    @torch.jit.export
    def get_auto(self) -> tuple[int, float]:
        return self.auto, self.ease

    @torch.jit.export
    def set_auto(self, value: int, ease: float) -> int:
        self.auto, self.ease = value, ease
        return 0

    def forward(self, x: Tensor) -> Tensor:
        heard = torch.cat([self.kept, x], 2)
        old = heard[:, :, : x.shape[2]]
        self.kept = heard[:, :, -512:].clone()
        return torch.cat([x * float(self.thru), old * float(self.loop_index)], 1)

    @torch.jit.export
    def encode(self, x: Tensor) -> Tensor:
        return self.coder.listen(x)

    @torch.jit.export
    def forward_with_latents(self, x: Tensor) -> Tensor:
        return x.expand(-1, 6, -1) * self.ease


class Effects(Listed):
    """Eight methods of different ratios, attributes of several values, all six kinds, buffers by name."""

    def __init__(self) -> None:
        super().__init__(
            {
                "gain": (1, 1, 1, 1),
                "pan": (1, 1, 2, 1),
                "mid": (2, 1, 2, 1),
                "loud": (1, 1, 1, 128),
                "bright": (1, 1, 2, 256),
                "slow": (1, 512, 1, 512),
                "up": (1, 32, 1, 1),
                "across": (2, 8, 3, 32),
            },
            {"mixed": [0, 1, 2, 3], "curve": [4], "sample": [5], "sealed": [2]},
        )
        self.sample_rate = RATE
        self.on, self.count, self.amount, self.word = True, 2, 0.5, "soft"
        self.curve = torch.zeros(3)
        self.held = torch.zeros(1)
        self.sealed = 3.0

    @torch.jit.export
    def get_sample_rate(self) -> int:
        return self.sample_rate

    @torch.jit.export
    def set_sample_rate(self, rate: int) -> int:
        self.sample_rate = rate
        return 0

    @torch.jit.export
    def get_mixed(self) -> tuple[bool, int, float, str]:
        return self.on, self.count, self.amount, self.word

    @torch.jit.export
    def set_mixed(self, on: bool, count: int, amount: float, word: str) -> int:
        self.on, self.count, self.amount, self.word = on, count, amount, word
        return 0

    @torch.jit.export
    def get_curve(self) -> Tensor:
        return self.curve

    @torch.jit.export
    def set_curve(self, curve: Tensor) -> int:
        self.curve = curve
        return 0

    @torch.jit.export
    def get_sample(self) -> Tensor:
        return self.held

    @torch.jit.export
    def get_buffer_attributes(self) -> list[str]:
        return ["sample#0"]

    @torch.jit.export
    def set_buffer_attribute(self, name: str, sound: Tensor, rate: int) -> int:
        self.held = sound
        return 0

    @torch.jit.export
    def gain(self, x: Tensor) -> Tensor:
        return x * self.amount

    @torch.jit.export
    def pan(self, x: Tensor) -> Tensor:
        return torch.cat([x, -x], 1)

    @torch.jit.export
    def mid(self, x: Tensor) -> Tensor:
        return torch.stack([x[:, 0] + x[:, 1], x[:, 0] - x[:, 1]], 1)

    @torch.jit.export
    def loud(self, x: Tensor) -> Tensor:
        return x.reshape(x.shape[0], 1, -1, 128).pow(2).mean(3)

    @torch.jit.export
    def bright(self, x: Tensor) -> Tensor:
        blocks = x.reshape(x.shape[0], -1, 256)
        power = torch.fft.rfft(blocks).abs()
        return torch.stack([power.mean(2), power.argmax(2).to(x.dtype)], 1)

    @torch.jit.export
    def slow(self, x: Tensor) -> Tensor:
        return x + 1

    @torch.jit.export
    def up(self, x: Tensor) -> Tensor:
        return torch.repeat_interleave(x, 32, dim=2)

    @torch.jit.export
    def across(self, x: Tensor) -> Tensor:
        return torch.cat([x, x[:, :1]], 1)[:, :, ::4]


class Heavy(RaveTwo):
    """As large as a file that people pass around: 26 MB of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(26 << 18))

    def forward(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x)) + self.weights[:1]


FIXTURES: dict[str, Callable[[], nn.Module]] = {
    "rave_1": RaveOne,
    "rave_1_stereo": RaveOneStereo,
    "rave_1_prior": RaveOneWithPrior,
    "rave_2": RaveTwo,
    "rave_2_hop_16": lambda: RaveTwo(hop=16),
    "rave_2_wasserstein": lambda: RaveTwo(dims=16),
    "rave_23": RaveTwoThree,
    "discrete": Discrete,
    "discrete_patient": DiscreteAndPatient,
    "spherical": Spherical,
    "fork": Forked,
    "not_streaming": Bare,
    "not_streaming_noisy": BareAndNoisy,
    "msprior": MsPrior,
    "after_audio": AfterAudio,
    "after_midi": AfterMidi,
    "vschaos": Vschaos,
    "looper": Looper,
    "effects": Effects,
    "heavy": Heavy,
}


def save(name: str, folder: Path) -> Path:
    """Write one of the fixtures."""
    path = folder / f"{name}.ts"
    torch.jit.script(FIXTURES[name]().eval()).save(str(path))
    return path
