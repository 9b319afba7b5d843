"""From file names to recordings: which there are, whose, and the files of each."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from biocurate.errors import RecipeError, SourceError
from biocurate.formats.source import Source, scan
from biocurate.recipes.labelling import EventLabel
from biocurate.recipes.schema import Definition
from biocurate.recipes.typos import nearest

SEEN = 5
"""Files that an error lists."""


@dataclass(frozen=True)
class Unit:
    """The files of one recording, and what their names say."""

    recording_id: str
    """``<corpus>/<name>``."""
    name: str
    subject: str
    session: str | None
    run: str | None
    person: str
    """``<namespace>/<id>``."""
    groups: Mapping[str, str]
    """Named groups of the file pattern."""
    files: tuple[tuple[Source, str, Any], ...]
    """Source, name of its reader, the reader's options."""
    beside: Mapping[str, Source] = field(default_factory=dict)
    """Kind of a label -> the file beside the recording's own that holds it."""

    @property
    def root(self) -> Path:
        """The corpus' root."""
        return self.files[0][0].root


def find_units(
    definition: Definition,
    options: Mapping[str | None, BaseModel],
    root: Path,
    problems: list[SourceError] | None = None,
) -> list[Unit]:
    """Find the recordings below a root; files are named, not opened.

    Raises
    ------
    RecipeError
        The root is no folder, no file matches, two files are the same signal of one recording, or a signal has no
        options.
    """
    if not root.is_dir():
        raise RecipeError(f"{root} is no folder.", where=definition.name, mend="Give the corpus' folder with --root.")
    sources = scan(root, problems)
    found: dict[str, list[tuple[Source, dict[str, str]]]] = defaultdict(list)
    for source in sources:
        groups = match_file(definition, source.virtual)
        if groups is not None:
            found[name_of(definition, source, groups)].append((source, groups))
    if not found:
        raise _nothing_matches(definition, root, sources)
    by_path = {source.virtual: source for source in sources}
    units = [_unit(definition, options, name, files, by_path) for name, files in found.items()]
    return sorted(units, key=lambda unit: unit.recording_id)


def match_file(definition: Definition, virtual: str) -> dict[str, str] | None:
    """Groups of a file that the recipe reads; None for any other."""
    match = definition.files.pattern.fullmatch(virtual)
    if match is None or any(rule.fullmatch(virtual) for rule in definition.ignore):
        return None
    return {group: text for group, text in match.groupdict().items() if text is not None}


def name_of(definition: Definition, source: Source, groups: Mapping[str, str]) -> str:
    """Name of the recording that a file belongs to."""
    template = definition.files.name
    name = filled(template, groups) if template else source.virtual.rpartition("/")[2].rpartition(".")[0]
    return _plain(name or source.virtual.rpartition("/")[2])


def filled(template: str, groups: Mapping[str, str]) -> str:
    """Put groups into a template; a group that took no part in the match is empty."""
    return template.format_map(defaultdict(str, groups))


def _plain(text: str) -> str:
    """Text in the letters that a recording's id may have; no step of it is empty or only dots."""
    letters = re.sub(r"[^A-Za-z0-9._/-]+", "-", text)
    plain = "/".join(step if step.strip(".") else "-" for step in letters.split("/"))
    # Müller and Möller would both be M-ller: what loses letters keeps a hash of them.
    return text if plain == text else f"{plain}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _unit(
    definition: Definition,
    options: Mapping[str | None, BaseModel],
    name: str,
    files: Sequence[tuple[Source, dict[str, str]]],
    by_path: Mapping[str, Source],
) -> Unit:
    _refuse_twins(definition, name, files)
    groups = {group: text for _, found in files for group, text in found.items() if group != "signal"}
    subject = groups.get("subject", name)
    folder = files[0][0].virtual.rpartition("/")[0]
    wanted = {
        kind: "/".join(filter(None, (folder, filled(label.file, groups))))
        for kind, label in definition.labels.items()
        if isinstance(label, EventLabel)
    }
    return Unit(
        recording_id=f"{definition.name}/{name}",
        name=name,
        subject=subject,
        session=groups.get("session"),
        run=groups.get("run"),
        person=f"{definition.persons or definition.name}/{_plain(subject)}",
        groups=groups,
        files=tuple(
            (source, definition.files.reader, _options_of(definition, options, source, found.get("signal")))
            for source, found in files
        ),
        beside={kind: by_path[path] for kind, path in wanted.items() if path in by_path},
    )


def _options_of(
    definition: Definition, options: Mapping[str | None, BaseModel], source: Source, signal: str | None
) -> BaseModel:
    if None in options:
        return options[None]
    if signal not in options:
        raise RecipeError(
            f"`files.pattern` finds the signal {signal!r}, which `files.signals` does not describe.",
            where=f"{definition.name}, {source.virtual}",
            mend=f"Describe it there, or narrow the pattern. {nearest(signal, map(str, options))}",
        )
    return options[signal]


def _refuse_twins(definition: Definition, name: str, files: Sequence[tuple[Source, dict[str, str]]]) -> None:
    """Two files that would be the same signal of one recording: an archive beside its unpacked folder, mostly."""
    seen: dict[str | None, Source] = {}
    for source, groups in files:
        first = seen.setdefault(groups.get("signal"), source)
        if first is not source:
            raise RecipeError(
                f"{first.virtual} and {source.virtual} are both {definition.name}/{name}.",
                where=f"{definition.name}, files",
                mend="Put what tells them apart into `files.name`, or list one of them under `ignore`.",
            )


def _nothing_matches(definition: Definition, root: Path, sources: Sequence[Source]) -> RecipeError:
    seen = ", ".join(source.virtual for source in sources[:SEEN]) or "no file at all"
    more = f" and {len(sources) - SEEN:,} more" if len(sources) > SEEN else ""
    return RecipeError(
        f"no file below {root} matches {definition.files.pattern.pattern!r}; there is {seen}{more}.",
        where=f"{definition.name}, files.pattern",
        mend="Is --root the corpus' own folder? The pattern must match the whole path below it.",
    )
