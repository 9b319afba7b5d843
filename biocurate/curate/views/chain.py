"""What a chain does to one stream: its stages, what is left out, the settling, and what is left for reading."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from biocurate.curate.views.clip import Clip
from biocurate.curate.views.form import Band, Form, Settling, Stage, narrowed
from biocurate.curate.views.normalise import Normalise
from biocurate.curate.views.schema import View
from biocurate.curate.views.signal import Held, Signal
from biocurate.errors import ViewError
from biocurate.sensors import SensorType

LEAST = 1e-3
"""Of a digital step: a standard deviation up to this share of it is no signal. Rounding alone makes 0.29 of one."""


@dataclass(frozen=True)
class Finish:
    """What is done when samples are read."""

    normalise: Normalise | None = None
    clip: Clip | None = None


@dataclass(frozen=True)
class Plan:
    """A chain as it is carried out on one stream."""

    raw: Form
    form: Form
    """What the stored stream is like."""
    stages: tuple[Stage, ...] = ()
    finish: Finish = Finish()
    refused: str = ""
    """Why no view is made of the stream; empty where one is."""
    dropped: tuple[str, ...] = field(default=())
    """What is left out, and why."""

    @property
    def settling(self) -> Settling:
        """How far an edge reaches into the result: as far as all steps together."""
        return sum((stage.settling for stage in self.stages), Settling())

    @property
    def halo_s(self) -> float:
        """How much of the segment a block needs on either side."""
        forms = [self.raw, *(stage.form for stage in self.stages)]
        return sum(stage.halo / form.rate_hz for stage, form in zip(self.stages, forms, strict=False))

    def over(self, signal: Signal) -> Signal:
        """Lay the stages over a segment."""
        for stage in self.stages:
            if stage.over is not None:
                signal = stage.over(Held(signal))
        return signal


def plan_stream(view: View, stream: Mapping[str, Any], mains_hz: float | None) -> Plan:
    """Plan the view of a stream.

    Parameters
    ----------
    view : View
        With a chain for the stream's sensor type.
    stream : mapping
        Its row: sensor_type, rate_hz, band_hz and channels.
    mains_hz : float or None
        As the corpus' recipe declares it.
    """
    sensor = SensorType(stream["sensor_type"])
    raw = form = form_of(stream, mains_hz)
    stages: list[Stage] = []
    finish = Finish()
    for step in view.chains[sensor]:
        if step.needs_units and form.doubtful and not view.allow_suspect:
            named = ", ".join(form.doubtful[:3]) + (", …" if len(form.doubtful) > 3 else "")
            return Plan(raw, form, refused=f"{step.name} needs units that hold, and those of {named} are suspect")
        try:
            stage = step.plan(form)
        except ViewError as error:
            return Plan(raw, form, refused=error.what)
        if isinstance(step, Normalise) and step.on_read:
            finish = Finish(normalise=step)
        elif finish.normalise is not None and isinstance(step, Clip):
            finish = Finish(finish.normalise, step)
        else:
            stages.append(stage)
        form = stage.form
    made = stages[-1].form if stages else raw
    return Plan(raw, made, tuple(stages), finish, "", tuple(each for stage in stages for each in stage.dropped))


def form_of(stream: Mapping[str, Any], mains_hz: float | None) -> Form:
    """What a raw stream is like."""
    channels = stream["channels"]
    exact = stream["dtype"].startswith(("int", "uint"))
    return Form(
        sensor=SensorType(stream["sensor_type"]),
        rate_hz=float(stream["rate_hz"]),
        names=tuple(channel["name"] for channel in channels),
        units=tuple(channel["canonical_unit"] or "" for channel in channels),
        band_hz=hardware_band(stream.get("band_hz"), [channel["prefilter"] for channel in channels]),
        mains_hz=mains_hz,
        doubtful=tuple(channel["name"] for channel in channels if channel["unit_status"] == "suspect"),
        floor=tuple(LEAST * abs(scale) if exact else 0.0 for scale in stream["scale"]),
    )


_CUTOFF = re.compile(r"(?i)\b(HP|LP)\s*:\s*([\d.,]+)\s*(k?)Hz")


def hardware_band(stated: Sequence[float | None] | None, prefilters: Sequence[str | None]) -> Band:
    """The band that the recorder let through: what the stream's row states, narrowed by its channels' prefilters.

    Parameters
    ----------
    stated : sequence of two floats, or None
    prefilters : sequence of str or None
        As EDF+ section 2.1.3.7 writes them: ``HP:0.1Hz LP:75Hz``.
    """
    band: Band = (stated[0], stated[1]) if stated else (None, None)
    for text in {each for each in prefilters if each}:
        for kind, number, kilo in _CUTOFF.findall(text):
            try:
                value = float(number.replace(",", ".")) * (1000 if kilo else 1)
            except ValueError:
                continue
            band = narrowed(band, value, None) if kind.upper() == "HP" else narrowed(band, None, value)
    return band
