"""What the channels under a window are, why their units are believed, and what was corrected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from biocurate.curate.explain.origin import Origin
from biocurate.recipes.correcting import Correction
from biocurate.recording import Channel, canonical_scale
from biocurate.sensors import SensorType

Row = Mapping[str, Any]


def channel_facts(origin: Origin, stream: Row) -> list[dict[str, Any]]:
    """Each channel of a stream, with the way to its canonical unit and why its unit stands.

    ``scale`` and ``shift`` go from stored values to the canonical unit: ``x = stored * scale + shift``.
    """
    sensor = SensorType.parse(stream["sensor_type"])
    facts = []
    for channel in stream["channels"]:
        scale, shift = scale_of(channel, sensor)
        facts.append(
            {
                field: channel[field]
                for field in ("index", "label", "name", "unit", "gain", "offset", "invalid", "canonical_unit")
            }
            | {"scale": scale, "shift": shift, "unit_status": channel["unit_status"]}
            | {"reason": _reason(origin, channel, sensor)}
        )
    return facts


def scale_of(channel: Row, sensor: SensorType) -> tuple[float, float]:
    """Factor and shift from stored values to the canonical unit."""
    said = Channel(channel["label"], channel["name"], channel["unit"], channel["gain"], channel["offset"])
    _, scale, shift = canonical_scale(said, sensor)
    return scale, shift


def corrections_of(origin: Origin, labels: Iterable[str]) -> list[dict[str, Any]]:
    """The recipe's corrections that touched some channels."""
    said = list(labels)
    return [
        {
            "field": each.field,
            "value": each.value,
            "channels": [label for label in said if _fits(each, label)],
            "reason": each.reason,
            "source": each.source,
        }
        for each in _corrections(origin)
        if any(_fits(each, label) for label in said)
    ]


def is_scaled_anew(origin: Origin, channel: Row) -> bool:
    """Whether the recipe gives a channel another scale or unit than its file, so that a tool's values differ."""
    rule = origin.rule(channel["label"])
    said = rule is not None and (rule.unit or rule.default_unit or rule.gain is not None or rule.offset is not None)
    fields = {each.field for each in _corrections(origin) if _fits(each, channel["label"])}
    return bool(said) or bool(fields & {"gain", "offset", "unit", "invalid"})


def _corrections(origin: Origin) -> list[Correction]:
    if origin.recipe is None:
        return []
    return [each for each in origin.recipe.definition.corrections if each.is_of(origin.name)]


def _fits(correction: Correction, label: str) -> bool:
    return correction.channels is None or correction.channels.fullmatch(label) is not None


def _reason(origin: Origin, channel: Row, sensor: SensorType) -> str:
    """Why a unit has its status."""
    status, rule = channel["unit_status"], origin.rule(channel["label"])
    if status == "declared":
        return "the file states it"
    if status == "corrected":
        found = [each for each in _corrections(origin) if _fits(each, channel["label"])]
        return "; ".join(f"{each.reason} ({each.source})" for each in found) or "a correction of the recipe"
    if status == "suspect" and rule is not None and rule.reason:
        return rule.reason
    if status == "recipe":
        return "the recipe states it"
    begins = f"{sensor}: unit is"
    told = [text for text in origin.recording["warnings"] or [] if text.startswith(begins)]
    return "; ".join(told) or ("the file states none that is known" if status == "unknown" else "no reason is stored")
