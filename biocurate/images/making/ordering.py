"""From what a person asks for to orders: how each sensor type is drawn, and what the sets are called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from biocurate.errors import UsageError
from biocurate.images.drawing.picture import Picture
from biocurate.images.drawing.registry import representation
from biocurate.images.making.plan import Order
from biocurate.sensors import SensorType
from biocurate.store.manifests import Manifest


def pictures(
    kinds: Sequence[str], sensors: Sequence[str], parameters: Mapping[str, str], size: int | None = None
) -> dict[str, tuple[Picture, ...]]:
    """Make the pictures of each sensor type.

    Parameters
    ----------
    kinds : sequence of str
        Names of representations.
    sensors : sequence of str
        Sensor types or aliases, whose own defaults are taken.
    parameters : mapping of str to str
        ``name`` goes to every representation that has such a parameter, ``kind.name`` to one.
    size : int, optional
        Side in pixels that images are stored at.

    Raises
    ------
    UsageError
        Where there is no such representation, sensor type, parameter, value or size.
    """
    if not sensors:
        raise UsageError("No sensor type is named.", where="images", mend="Say which to draw, such as EEG.")
    given = {kind: _of_kind(kind, parameters) for kind in dict.fromkeys(kinds)}
    used = {name for each in given.values() for name in each.values()}
    if unused := [name for name in parameters if name not in used]:
        fields = {field: None for kind in given for field in _fields(kind)}
        raise UsageError(
            f"no representation that is drawn has the parameter {unused[0]!r}.",
            where=", ".join(given),
            mend=f"They have: {', '.join(fields)}.",
        )
    return {
        str(SensorType.parse(sensor)): tuple(
            Picture(representation(kind, sensor, **{field: parameters[name] for field, name in each.items()}), size)
            for kind, each in given.items()
        )
        for sensor in sensors
    }


def _of_kind(kind: str, parameters: Mapping[str, str]) -> dict[str, str]:
    """Parameters that a representation has -> as they were given; what names it comes before what names none."""
    fields = _fields(kind)
    plain = {name: name for name in parameters if name in fields}
    own = {name.removeprefix(f"{kind}."): name for name in parameters if name.startswith(f"{kind}.")}
    return plain | own


def _fields(kind: str) -> list[str]:
    return list(type(representation(kind)).model_fields)


def orders(
    manifests: Sequence[Manifest],
    drawn: Mapping[str, tuple[Picture, ...]],
    channels: Sequence[str] = (),
    image_set: str | None = None,
) -> list[Order]:
    """Make one order a manifest.

    Parameters
    ----------
    manifests : sequence of Manifest
    drawn : mapping of str to tuple of Picture
        As `pictures` makes them.
    channels : sequence of str
        Canonical channel names; all where there are none.
    image_set : str, optional
        ``<manifest>-<kind>`` where left out and one kind is drawn, else ``<manifest>``.

    Raises
    ------
    UsageError
        Where several manifests would have one set.
    """
    if image_set is not None and len(manifests) > 1:
        raise UsageError(
            "a set is of one manifest.",
            where=f"--set {image_set}",
            mend="Leave out --set, and each manifest has a set of its own.",
        )
    kinds = {picture.representation.kind for each in drawn.values() for picture in each}
    ending = f"-{kinds.pop()}" if len(kinds) == 1 else ""
    return [
        Order(image_set or manifest.name + ending, manifest, dict(drawn), tuple(channels)) for manifest in manifests
    ]
