"""One axis, one latent: nothing is learned, the performer's place is the sound's place.

As in the soundwalks of paper 004, section 3.1, where three positions are the first three latents and
all others rest at 0.
"""

import numpy as np

from isobath.mapping.mapping import Mapping, Part
from isobath.mapping.settings import Output, Settings
from isobath.mapping.terms import Polynomial


def direct(axes: int, dims: int, settings: Settings) -> Mapping:
    """The mapping that takes axis i to latent dimension i, from -reach at 0 to reach at 1.

    A dimension whose output names axes listens to the first of those instead; one that has no axis
    rests at 0.
    """
    outputs = settings.outputs + (Output(),) * (dims - len(settings.outputs))
    learned = [i for i, each in enumerate(outputs[:dims]) if each.mode == "learned"]
    factors = tuple((axis,) for axis in range(axes))
    weights = np.zeros((axes, len(learned)))
    for column, dimension in enumerate(learned):
        named = outputs[dimension].axes
        source = dimension if named is None else next(iter(named), axes)
        if source < axes:
            weights[source, column] = settings.reach
    part = Part(
        tuple(range(axes)),
        tuple(learned),
        np.full(axes, 0.5),
        np.full(axes, 2.0),
        np.zeros(len(learned)),
        (Polynomial(factors, weights),),
    )
    return Mapping(
        algorithm="direct",
        axes=axes,
        dims=dims,
        active=tuple(each.mode != "off" for each in outputs),
        values=np.array([each.value if each.mode == "locked" else 0.0 for each in outputs]),
        parts=(part,) if learned else (),
    )
