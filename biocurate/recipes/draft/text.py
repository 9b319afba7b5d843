"""A survey as the text of a recipe, with a TODO wherever a person must say something."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from biocurate.recipes.draft.survey import Survey
from biocurate.sensors import SensorType, canonical_unit, identify_all

TODO = "# TODO: "
LISTED = 5


def recipe_text(name: str, found: Survey) -> str:
    """Write a recipe."""
    return "\n".join([*_head(name), "", *_files(found), "", *_channels(found), "", *_tail(found)]) + "\n"


def _head(name: str) -> Iterator[str]:
    yield f"name: {name}"
    for field, said in (("title", "the corpus' own title"), ("licence", "SPDX name, such as CC-BY-4.0")):
        yield f"{field}: unknown                     {TODO}{said}"
    yield f"access: open                       {TODO}open, registered or credentialed"
    yield f"citation: unknown                  {TODO}what to cite"
    yield f"url: unknown                       {TODO}where it is published"
    yield f"# mains_hz: 50                     {TODO}50 or 60, where it was recorded"


def _files(found: Survey) -> Iterator[str]:
    groups = [group for group in found.pattern.groups if group != "signal"]
    yield "files:"
    yield f"  # matches {len(found.pattern.paths):,} files, such as {found.pattern.paths[0]}"
    yield f"  pattern: {_quoted(found.pattern.regex)}"
    if "subject" not in groups:
        yield f"  {TODO}no part of the names tells subjects apart: give a group (?P<subject>…)"
    else:
        yield f"  {TODO}is `subject` the person? Rename the groups: subject, session, run; others serve labels"
    name = "_".join(f"{{{group}}}" for group in sorted(groups, key=_place))
    if name or "signal" in found.pattern.groups:
        yield f"  name: {_quoted(name or 'recording')}"
    yield f"  reader: {found.reader}"
    if found.options:
        yield f"  options: {_inline(found.options)}"
    if found.signals:
        yield "  signals:"
        yield from (f"    {signal}: {_inline(options)}" for signal, options in sorted(found.signals.items()))
    yield from (f"  {TODO}{text}" for text in found.open_ends[:LISTED])
    for other in found.others[:LISTED]:
        yield f"  {TODO}not matched: {len(other.paths):,} files like {other.paths[0]}"


def _place(group: str) -> tuple[int, str]:
    order = ("subject", "session", "run")
    return (order.index(group) if group in order else len(order), group)


def _channels(found: Survey) -> Iterator[str]:
    if not found.channels:
        yield f"channels: []                       {TODO}once the files can be read, draft again"
        return
    yield f"channels:                         # in {found.looked_at:,} headers; the first rule that matches wins"
    labels = list(found.channels)
    by_sensor: dict[SensorType, list[tuple[str, str]]] = defaultdict(list)
    for (label, unit), identity in zip(labels, identify_all(labels), strict=True):
        by_sensor[identity.sensor_type].append((label, unit))
    for sensor, members in by_sensor.items():
        yield from _unknown(found, members) if sensor is SensorType.MISC else _rule(found, sensor, members)


def _rule(found: Survey, sensor: SensorType, members: list[tuple[str, str]]) -> Iterator[str]:
    names = list(dict.fromkeys(label for label, _ in members))
    rates = sorted({rate for name in names for rate in found.rates[name]})
    said = f"{', '.join(f'{rate:g}' for rate in rates)} Hz"
    yield f"  - {{match: {_quoted('|'.join(map(plain_regex, names)))}, sensor: {sensor}}}     # {len(names)} at {said}"
    for label, unit in members:
        if canonical_unit(unit, sensor) is None:
            yield f"  {TODO}{label!r} has the unit {unit!r}, which {sensor} is not measured in: add `unit` to its rule"


def _unknown(found: Survey, members: list[tuple[str, str]]) -> Iterator[str]:
    for label, unit in members:
        yield (
            f"  - {{match: {_quoted(plain_regex(label))}, sensor: MISC}}     "
            f"{TODO}what is it? In {found.channels[label, unit]:,} headers, unit {unit!r}; or `skip: true`"
        )


def _tail(found: Survey) -> Iterator[str]:
    yield f"labels: {{}}                       {TODO}from: run, group, table, comments, annotations, intervals, events"
    if found.unread:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.unread.most_common(LISTED))
        yield f"# not read: {kinds}. Labels may be in them; what is of no use goes under `ignore`."
    for problem in found.problems[:LISTED]:
        yield f"# could not be read: {' '.join(problem.split())}"
    yield f"expect: {{}}                         {TODO}subjects, recordings, rate_hz, channels as published"


def plain_regex(text: str) -> str:
    """A pattern that matches a text and nothing else; unlike `re.escape`, blanks stay readable."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _inline(value: Any) -> str:  # noqa: ANN401
    """JSON is YAML."""
    return json.dumps(value, ensure_ascii=False)
