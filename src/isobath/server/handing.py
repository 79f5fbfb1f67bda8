"""What the server hands over to the process that makes streamed voices (`isobath.server.pump`)."""

import msgspec


class Asked(msgspec.Struct, frozen=True):
    """A voice to make, for the socket that comes with it; or the stage to listen to, whose memory comes as
    well."""

    id: int
    name: str
    path: str = ""
    foreign: bool = False
    stage: bool = False
