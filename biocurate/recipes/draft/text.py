"""A survey as the text of a recipe, with a TODO wherever a person must say something."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import Any

import yaml

from biocurate.recipes.draft.survey import Survey
from biocurate.recipes.todo import MARK
from biocurate.sensors import SensorType, canonical_unit, identify_all

TODO = f"# {MARK}: "
LISTED = 5
WIDTH = 110
"""Letters of a line of comment."""
SAID = 34
"""Where the comments behind short fields begin."""
ARRAYS = {"mat", "hdf5"}
"""Formats of named arrays: which of them are signals, no file says."""
READINGS = {SensorType.HR, SensorType.IBI, SensorType.BP}
FASTEST_HZ = 10
"""A heart gives a few readings a second; what is faster under such a name is the wave that they are taken from."""


def recipe_text(name: str, found: Survey) -> str:
    """Write a recipe; the same survey gives the same bytes."""
    return "\n".join([*_head(name), "", *_files(found), "", *_channels(found), "", *_tail(found)]) + "\n"


def _head(name: str) -> Iterator[str]:
    yield yaml.safe_dump({"name": name}).strip()
    yield _field("title: unknown", f"{TODO}the corpus' own title")
    yield _field("licence: unknown", f"{TODO}SPDX name, such as CC-BY-4.0")
    yield _field("access: open", f"{TODO}open, registered or credentialed")
    yield _field("citation: unknown", f"{TODO}what to cite")
    yield _field("url: unknown", f"{TODO}where it is published")
    yield _field("verified: none", "# `real`, once a person has held it against the corpus' own files")
    yield _field("# mains_hz: 50", f"{TODO}50 or 60, where it was recorded")


def _field(text: str, comment: str) -> str:
    return f"{text:<{SAID - 1}} {comment}"


def _comment(text: str, indent: str = "", mark: str = "# ") -> Iterator[str]:
    """A line of comment; a long one goes on below."""
    first, *others = wrap(" ".join(text.split()), WIDTH, break_on_hyphens=False, break_long_words=False) or [""]
    yield f"{indent}{mark}{first}"
    yield from (f"{indent}#   {more}" for more in others)


def _todo(text: str, indent: str = "  ") -> Iterator[str]:
    return _comment(text, indent, TODO)


def _files(found: Survey) -> Iterator[str]:
    groups = [group for group in found.pattern.groups if group != "signal"]
    yield "files:"
    yield f"  # matches {_many(len(found.pattern.paths), 'file')}, such as {found.pattern.paths[0]}"
    yield f"  pattern: {_quoted(found.pattern.regex)}"
    if "subject" in groups:
        yield from _todo("is `subject` the person? Rename the groups: subject, session, run; others serve labels")
    elif found.one_each or "signal" not in found.pattern.groups:
        yield from _todo("no part of the names says whose they are: give a group (?P<subject>…), or each is a person")
    else:
        yield from _todo("no part of the names says whose they are: give a group (?P<subject>…), or all are one person")
    if found.one_each:
        yield from _todo("each file is a recording; where all were recorded at once, `name: recording` joins them")
    if name := _name(found, groups):
        yield f"  name: {_quoted(name)}"
    yield f"  reader: {found.reader}"
    yield from _options(found)
    for text in found.open_ends[:LISTED]:
        yield from _todo(text)
    yield from _problems(found)
    for number, other in enumerate(found.others[:LISTED]):
        hint = "; --pattern REGEX drafts for files of one's choice" if number == 0 else ""
        yield from _todo(f"not matched: {_many(len(other.paths), 'file')} like {other.paths[0]}{hint}")


def _problems(found: Survey) -> Iterator[str]:
    """Why files cannot be read; reasons that differ in their numbers only are one."""
    alike: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for why, paths in found.problems.items():
        alike[re.sub(r"[\d.]+|before|after", "0", why)] += [(path, why) for path in paths]
    for some in list(alike.values())[:LISTED]:
        path, why = some[0]
        yield from _todo(f"{_many(len(some), 'file')} cannot be read so, such as {path}: {why}")


def _name(found: Survey, groups: Iterable[str]) -> str:
    """A template where files' own names do not tell recordings apart."""
    if "signal" in found.pattern.groups:
        return "_".join(f"{{{group}}}" for group in sorted(groups, key=_place)) or (
            "{signal}" if found.one_each else "recording"
        )
    stems = Counter(path.rpartition("/")[2].rpartition(".")[0] for path in found.pattern.paths)
    if len(stems) == len(found.pattern.paths):
        return ""
    return "_".join(f"{{{group}}}" for group in sorted(groups, key=_place))


def _place(group: str) -> tuple[int, str]:
    order = ("subject", "session", "run")
    return (order.index(group) if group in order else len(order), group)


def _options(found: Survey) -> Iterator[str]:
    said = f"     {TODO}rate_hz, in hertz: no row says it; or draft again with --rate HZ"
    if found.reader in ARRAYS:
        yield from _arrays(found)
    if found.options:
        yield f"  options: {_inline(found.options)}{said if _lacks_rate(found.options) else ''}"
    if found.signals:
        yield "  signals:"
        for signal, options in sorted(found.signals.items()):
            yield f"    {_inline({signal: options})[1:-1]}{said if _lacks_rate(options) else ''}"


def _arrays(found: Survey) -> Iterator[str]:
    """What is to be said of named arrays, by an example of the largest one, and what there is to choose from."""
    largest = max(found.arrays, key=lambda entry: entry.n_values, default=None)
    path, axes, n_channels = "val", ["channel", "time"], 2
    if largest is not None and largest.shape is not None:
        path, axes = largest.path, _likely_axes(largest.shape)
        n_channels = largest.shape[axes.index("channel")] if "channel" in axes else 0
    signals = {"path": path, "axes": axes, "rate_hz": 500, "unit": "mV"}
    labels = {"labels": [f"ch{number}" for number in range(1, n_channels + 1)]} if n_channels else {}
    example = {"signals": [signals | labels]}
    yield from _todo("which variables hold samples, how their axes lie, and the rate, such as")
    yield f"  #   options: {_inline(example)}"
    if found.arrays:
        yield from _comment("One of the files holds, with the shape of each array:", "  ")
        yield from (f"  #   {_inline([entry.path])[1:-1]}: {entry.what}" for entry in found.arrays)


def _likely_axes(shape: tuple[int, ...]) -> list[str]:
    """The longest axis is time, and the longest of the others the channels."""
    by_length = sorted(range(len(shape)), key=lambda axis: shape[axis], reverse=True)
    meant = dict(zip(by_length, ("time", "channel", "record"), strict=False))
    return [meant.get(axis, "record") for axis in range(len(shape))]


def _lacks_rate(options: dict[str, Any]) -> bool:
    return options.get("rate_hz", 0) is None


def _channels(found: Survey) -> Iterator[str]:
    if not found.channels:
        yield "channels:"
        yield from _todo("no header could be read: name the channels by hand, or mend `files` and draft again")
        yield "  - {match: '.*', sensor: MISC}"
        return
    yield f"channels:                         # in {_many(found.looked_at, 'header')}; the first rule that matches wins"
    labels = list(found.channels)
    by_sensor: dict[SensorType, list[tuple[str, str]]] = defaultdict(list)
    for (label, unit), identity in zip(labels, identify_all(labels), strict=True):
        by_sensor[identity.sensor_type].append((label, unit))
    for sensor, members in by_sensor.items():
        yield from _unknown(found, members) if sensor is SensorType.MISC else _rule(found, sensor, members)


def _rule(found: Survey, sensor: SensorType, members: list[tuple[str, str]]) -> Iterator[str]:
    names = list(dict.fromkeys(label for label, _ in members))
    rates = sorted({rate for name in names for rate in found.rates[name]})
    said = f" at {_listed_rates(rates)}" if rates else ""
    yield f"  - {{match: {_quoted(_any_of(names))}, sensor: {sensor}}}     # {_many(len(names), 'label')}{said}"
    if sensor in READINGS and rates and rates[-1] > FASTEST_HZ:
        yield from _todo(f"what is it? At {rates[-1]:g} Hz it is hardly a reading of {sensor}; PPG or ECG, perhaps")
    unfit = [(label, unit) for label, unit in members if canonical_unit(unit, sensor) is None]
    unstated = list(dict.fromkeys(label for label, unit in unfit if not unit))
    if unstated:
        whose = "" if unstated == names else f" of {_some(unstated)}"
        yield from _todo(f"no file states the unit{whose}: add `unit`, or `unit_status: suspect` and a `reason`")
    for label, unit in unfit:
        if unit:
            yield from _todo(f"{label!r} has the unit {unit!r}, which {sensor} is not measured in: add the true `unit`")


def _some(names: list[str]) -> str:
    listed = ", ".join(map(repr, names[:LISTED]))
    return f"{listed} and {len(names) - LISTED} more" if len(names) > LISTED else listed


def _listed_rates(rates: list[float]) -> str:
    if len(rates) > LISTED:
        return f"{rates[0]:g} to {rates[-1]:g} Hz"
    return f"{', '.join(f'{rate:g}' for rate in rates)} Hz"


def _unknown(found: Survey, members: list[tuple[str, str]]) -> Iterator[str]:
    """One rule for labels that differ in digits only and share their unit."""
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for label, unit in members:
        alike[re.sub(r"\d+", "0", label), unit].append(label)
    for (_, unit), labels in alike.items():
        what = "what is it? In" if len(labels) == 1 else f"what are these {len(labels)}? In up to"
        headers = max(found.channels[label, unit] for label in labels)
        yield (
            f"  - {{match: {_quoted(_any_of(labels))}, sensor: MISC}}     "
            f"{TODO}{what} {_many(headers, 'header')}, {_unit_said(unit)}; or `skip: true`"
        )


def _unit_said(unit: str) -> str:
    return f"unit {unit!r}" if unit else "no unit stated: add `unit`, NU where it has none"


def _any_of(labels: Iterable[str]) -> str:
    return "|".join(map(plain_regex, labels))


def _tail(found: Survey) -> Iterator[str]:
    yield _field("labels: {}", f"{TODO}from: run, group, table, comments, annotations, intervals, events")
    if found.unread:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in found.unread.most_common(LISTED))
        yield from _comment(f"not read: {kinds}. Labels may be in them; what is of no use goes under `ignore`.")
    for reader, count in sorted(found.other_readers.items()):
        said = _many(count, "file")
        yield from _comment(f"{said} could be {reader}: a recipe of its own, drafted with --reader {reader}")
    for note in found.notes[:LISTED]:
        yield from _comment(note)
    yield _field("expect: {}", f"{TODO}subjects, recordings, rate_hz, channels as published")


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def plain_regex(text: str) -> str:
    """A pattern that matches a text and nothing else; unlike `re.escape`, blanks stay readable."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _inline(value: Any) -> str:  # noqa: ANN401
    """A value as YAML on one line."""
    dumped: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return dumped.strip()
