"""What a representation is, and the registry that finds one by its name."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from hashlib import sha256
from typing import ClassVar, Literal, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError
from torch import Tensor

from biocurate.errors import UsageError
from biocurate.images.drawing.render import Resizing, rendering
from biocurate.images.drawing.scale import Scale
from biocurate.plugins import load_plugins
from biocurate.sensors import SensorType

PLUGINS = "biocurate.representations"
"""Entry-point group: a plugin's entry point names a module, or class, whose import defines a representation."""

_KINDS: dict[str, type[Representation]] = {}


class Representation(BaseModel, ABC):
    """A pure function from the samples of a window to a picture, with its parameters.

    A subclass is one definition: ``class Waveform(Representation, kind="waveform")`` registers it under that name.
    Its fields are its parameters, each with a default; its docstring gives the definition and where it comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str] = ""
    definition: ClassVar[int] = 1
    """Raised when `native` changes what it computes: images of the old definition keep another id."""
    origin: ClassVar[Literal["lower", "upper"]] = "lower"
    """Where row 0 of `native` is drawn: at the bottom, as for frequencies, or on top."""
    resizing: ClassVar[Resizing] = "bilinear"
    """How its images get another size."""
    usual: ClassVar[Mapping[SensorType, Mapping[str, object]]] = {}
    """Parameters by sensor type, where one type needs others than the rest."""
    _scale: Scale = PrivateAttr(default=Scale())

    def __init_subclass__(cls, kind: str = "", **config: Unpack[ConfigDict]) -> None:
        super().__init_subclass__(**config)
        if kind:
            cls.kind = kind
            _register(kind, cls)

    @abstractmethod
    def native(self, x: Tensor, rate: float) -> Tensor:
        """Compute the picture's numbers at the grid that they naturally have.

        Each window's numbers depend on that window only, to the last bit.

        Parameters
        ----------
        x : Tensor, shape (batch, time), float32, finite, in the sensor type's canonical unit
        rate : float, in hertz

        Returns
        -------
        Tensor, shape (batch, H, W), float32; low frequencies first
        """

    @abstractmethod
    def shortest(self, rate: float) -> int:
        """Fewest samples that a window must have to be drawn."""

    @abstractmethod
    def grid(self, samples: int, rate: float) -> tuple[int, int]:
        """Height and width of `native` for windows of `samples` samples, at least `shortest`."""

    def hertz(self, samples: int, rate: float) -> NDArray[np.float64] | None:
        """Frequencies of the rows of `native`, in hertz; None where rows are something else."""
        return None

    def numbers(self, samples: int, rate: float) -> int:
        """Numbers of a window that are worked on at once: it decides how many windows are drawn together on a CPU."""
        return max(samples, math.prod(self.grid(samples, rate)))

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Values drawn black and white by definition; None: those of `scale`."""
        return None

    def bounds_at(self, samples: int, rate: float) -> tuple[float, float] | None:
        """`bounds` of windows of so many samples, where they follow from the grid."""
        return self.bounds

    @property
    def scale(self) -> Scale:
        """Where black and white come from, unless they are `bounds`."""
        return self._scale

    def ends(self, samples: int, rate: float) -> tuple[float, float] | None:
        """Values drawn black and white in all images of such windows; None where images differ in them."""
        bounds = self.bounds_at(samples, rate)
        return self.scale.bounds if bounds is None else bounds

    def scaled(self, scale: Scale) -> Self:
        """Draw by another scale; what has bounds by definition, such as an angle, stays as it is."""
        if self.bounds is not None:
            return self
        other = self.model_copy()
        other._scale = scale
        return other

    @property
    def id(self) -> str:
        """Kind, and a hash of all that decides the bytes of its images."""
        facts = {
            "kind": self.kind,
            "definition": self.definition,
            "origin": self.origin,
            "parameters": self.model_dump(mode="json"),
            "rendering": rendering(self.bounds, self.resizing, self.scale.rule),
        }
        digest = sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
        return f"{self.kind}-{digest[:12]}"


def _register(kind: str, cls: type[Representation]) -> None:
    known = _KINDS.get(kind)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise UsageError(
            f"Two representations are called {kind!r}: {known.__module__}.{known.__qualname__} and "
            f"{cls.__module__}.{cls.__qualname__}.",
            mend="Rename or uninstall one of them.",
        )
    _KINDS[kind] = cls


def kinds() -> list[str]:
    """Names of all representations, plugins' included, sorted."""
    load_plugins(PLUGINS)
    return sorted(_KINDS)


def representation(kind: str, sensor: str | None = None, **parameters: object) -> Representation:
    """Make the representation of a kind.

    Parameters
    ----------
    kind : str
        Its name, such as ``spectrogram-psd``.
    sensor : str, optional
        Sensor type or alias whose defaults are taken.
    **parameters
        Its parameters; those left out have their defaults.

    Raises
    ------
    UsageError
        If there is no such kind or sensor type, or it has no such parameter or value.
    """
    if kind not in _KINDS:
        load_plugins(PLUGINS)
    if kind not in _KINDS:
        raise UsageError(f"There is no representation {kind!r}.", mend=f"Choose one of: {', '.join(sorted(_KINDS))}.")
    usual = {} if sensor is None else _KINDS[kind].usual.get(SensorType.parse(sensor), {})
    try:
        return _KINDS[kind].model_validate({**usual, **parameters})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise UsageError(
            f"These parameters do not fit: {wrong}.",
            where=kind,
            mend=f"It has: {', '.join(_KINDS[kind].model_fields)}.",
        ) from error


def kind_of(representation_id: str) -> type[Representation]:
    """Look up the class behind an id that an image was stored with.

    Raises
    ------
    UsageError
        If there is no such kind, as when its plugin is not installed.
    """
    kind = representation_id.rpartition("-")[0]
    if kind not in _KINDS:
        load_plugins(PLUGINS)
    if kind not in _KINDS:
        raise UsageError(
            f"There is no representation {kind!r}, whose images these are.",
            where=representation_id,
            mend="Install the plugin that brings it.",
        )
    return _KINDS[kind]
