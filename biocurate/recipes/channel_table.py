"""A table beside a recording that says what its channels are, such as BIDS' ``channels.tsv``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from biocurate.errors import RecipeError, UsageError
from biocurate.formats.source import Source
from biocurate.recipes.schema import ChannelRule, ChannelTable
from biocurate.recipes.tables import column_of, read_rows
from biocurate.recording import Annotation, Recording
from biocurate.sensors import SensorType

KIND = "channel"
"""Kind of the annotations that say what state a channel is in."""

_MISSING = {"", "n/a", "na", "nan"}
"""BIDS 1.10, common principles, tabular files: ``n/a`` is a missing value."""


def rules_of(table: ChannelTable, source: Source) -> tuple[ChannelRule, ...]:
    """Rules that give each of the table's channels its sensor type, unit and reference.

    Raises
    ------
    RecipeError
        The table has no such column, or a sensor type that neither `map` nor biocurate knows.
    """
    return tuple(_rule(table, row, source) for row in _rows(table, source))


def states_of(table: ChannelTable, source: Source, recording: Recording) -> list[Annotation]:
    """Annotations over the whole recording for the channels that the table calls bad."""
    names = {channel.label: channel.name for stream in recording.streams for channel in stream.channels}
    return [
        Annotation(0, recording.duration_ns, KIND, "bad", channel=names[row["label"]])
        for row in _rows(table, source)
        if row["status"].lower() == "bad" and row["label"] in names
    ]


def _rows(table: ChannelTable, source: Source) -> Iterator[dict[str, str]]:
    rows = read_rows(source)
    columns = {"label": table.label, "sensor": table.sensor, "unit": table.unit, "reference": table.reference}
    # A table may leave out the columns that BIDS calls optional.
    optional = {"status": table.status} if table.status in rows.columns else {}
    named = {field: column_of(rows, column, source) for field, column in (columns | optional).items() if column}
    for row in rows.select(**named).iter_rows(named=True):
        texts = {field: str(text or "") for field, text in row.items()}
        yield {field: "" if (text := texts.get(field, "")).lower() in _MISSING else text for field in _FIELDS}


_FIELDS = ("label", "sensor", "unit", "reference", "status")


def _rule(table: ChannelTable, row: dict[str, str], source: Source) -> ChannelRule:
    said = table.map.get(row["sensor"], row["sensor"])
    fields: dict[str, Any] = {"match": re.escape(row["label"])}
    if said is None:
        return ChannelRule(**fields, skip=True)
    try:
        sensor = SensorType.parse(said or SensorType.MISC)
    except UsageError:
        raise RecipeError(
            f"a channel is of the type {said!r}, which is no sensor type.",
            where=source.virtual,
            mend="Say in `channel_table.map` of the recipe what it is.",
        ) from None
    if row["unit"]:
        # The file's own unit goes first: the reader may have scaled its values, of which the table knows nothing.
        fields["default_unit"] = row["unit"]
    if row["reference"]:
        fields["reference"] = row["reference"].replace("{", "{{").replace("}", "}}")
    return ChannelRule(**fields, sensor=sensor)
