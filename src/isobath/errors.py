"""Every error the instrument can tell a musician about, on one tree.

IsobathError
├── ModelError
│   ├── ModelUnknown        no such model in the library
│   ├── ModelDamaged        the file is not a model, or not a whole one
│   ├── ModelNewer          written by a newer Isobath
│   ├── ModelMismatch       dimensions, rate or channels do not fit together
│   ├── ModelRefused        another program's file asks for more than a model needs
│   └── ModelFailed         another program's model failed, hung or is gone
├── MappingError            demonstrations that cannot be learned from
├── PieceError
│   ├── PieceUnknown
│   ├── PieceDamaged
│   └── PieceNewer
├── AudioError              a sound that cannot be read or written
├── ScoreError              a MIDI file or bars that cannot be read or played
│   └── SessionUnknown      no such session of the jam
├── SetError                a prepared set that is missing, unfinished, damaged or newer
├── SaveError               the disk refused; nothing that was saved before is lost
├── MemoryShort             a training that does not fit into memory
├── KernelError             the sound kernel is missing or refuses
└── UsageError              an argument outside its range

Each message says what happened, with the value, and the way out. The same sentence reaches
the terminal and the page.
"""


class IsobathError(Exception):
    """The root. `str(error)` is a sentence for the musician."""


class ModelError(IsobathError):
    """Something about a model."""


class ModelUnknown(ModelError):
    """No such model in the library."""


class ModelDamaged(ModelError):
    """The file is not a model, or not a whole one."""


class ModelNewer(ModelError):
    """The file was written by a newer Isobath."""


class ModelMismatch(ModelError):
    """Dimensions, rates or channels that do not fit together."""


class ModelRefused(ModelError):
    """A file of another program asks for more than a model needs; it was not run."""


class ModelFailed(ModelError):
    """A model of another program failed, gave no answer, or made something that is no sound."""


class MappingError(IsobathError):
    """Demonstrations that cannot be learned from."""


class PieceError(IsobathError):
    """Something about a piece."""


class PieceUnknown(PieceError):
    """No such piece in the library."""


class PieceDamaged(PieceError):
    """The file is not a piece, or not a whole one."""


class PieceNewer(PieceError):
    """The piece was saved by a newer Isobath."""


class AudioError(IsobathError):
    """A sound that cannot be read or written."""


class ScoreError(IsobathError):
    """A MIDI file, or bars, that cannot be read or played."""


class SessionUnknown(ScoreError):
    """No such session of the jam is kept."""


class SetError(IsobathError):
    """A prepared set that is missing, unfinished, damaged or newer."""


class SaveError(IsobathError):
    """The disk refused. What was saved before is still there."""


class MemoryShort(IsobathError):
    """A training that does not fit into memory."""


class KernelError(IsobathError):
    """The sound kernel is missing or refuses."""


class UsageError(IsobathError):
    """An argument outside its range."""


class RoomRefusal(IsobathError):
    """A room lets somebody not in, or no longer."""

    def __init__(self, sentence: str, *, lasting: bool = False) -> None:
        super().__init__(sentence)
        self.lasting = lasting
        """Asking again is in vain."""
