"""Whether a view can be computed while a recording is being made, and what of it looks ahead."""

from __future__ import annotations

from biocurate.curate.views.normalise import TRANSDUCTIVE, Normalise
from biocurate.curate.views.schema import View
from biocurate.errors import ViewError
from biocurate.sensors import SensorType


def realisable(view: View, sensor: SensorType, where: str, forward: bool = False) -> View:
    """The chain of a sensor type, where it can be carried out on samples as they come.

    A step that looks a bounded time ahead, such as resampling, delays the answer by that time and is no hindrance. A
    filter that runs backward too needs the end of the recording, and so does a mean over all of it.

    Parameters
    ----------
    view : View
    sensor : SensorType
    where : str
        What an error is of.
    forward : bool
        Let filters run forward alone where the view has them run backward too: other samples than offline.

    Raises
    ------
    ViewError
        Where it cannot be, with the mend.
    """
    chain = view.chains[sensor]
    scopes = [step.scope for step in chain if isinstance(step, Normalise) and step.scope in TRANSDUCTIVE]
    if scopes:
        mend = "Normalise over `scope: window`, `causal` or `calibration`, and train on windows of that view."
        what = f"{sensor} is normalised over the whole {scopes[0]}, most of which has not come yet."
        raise ViewError(what, where=where, mend=mend)
    backward = [step.name for step in chain if not getattr(step, "causal", True)]
    if backward and not forward:
        mend = (
            f"Train on windows of a view with {{step: {backward[0]}, …, causal: true}}; or give --forward, which lets "
            "filters run forward alone and tells how far the answers are from the offline ones."
        )
        what = f"{sensor} runs {', '.join(backward)} backward from the recording's end, which has not come yet."
        raise ViewError(what, where=where, mend=mend)
    steps = (step.model_copy(update={"causal": True}) if step.name in backward else step for step in chain)
    return view.model_copy(update={"chains": {sensor: tuple(steps)}})
