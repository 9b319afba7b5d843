"""From file names to recordings: which there are, whose, and the files of each."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel

from biocurate.errors import RecipeError, SourceError
from biocurate.formats import members
from biocurate.formats.listing import scan
from biocurate.formats.source import Source
from biocurate.recipes.labelling import BesideLabel
from biocurate.recipes.named import subject_of_name
from biocurate.recipes.naming import hashed
from biocurate.recipes.schema import RECORD, Definition
from biocurate.recipes.typos import nearest

SEEN = 5
"""Files that an error lists."""

CHANNEL_TABLE = "channel table"
"""What a unit calls the table that says what its channels are."""


@dataclass(frozen=True)
class Unit:
    """The files of one recording, and what their names say."""

    recording_id: str
    """``<corpus>/<name>``."""
    name: str
    """By its files, also where the id and what follows are hashes (`naming`)."""
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

    def names(self, sources: Iterable[Source]) -> set[str]:
        """Every name that its files and their paths give it."""
        texts = {
            text
            for source in sources
            for text in (source.path, source.member, source.virtual, source.name, PurePosixPath(source.name).stem)
            if text
        }
        return texts | {self.name, *self.groups.values()}


def find_units(
    definition: Definition,
    options: Mapping[str | None, BaseModel],
    root: Path,
    problems: list[SourceError] | None = None,
) -> list[Unit]:
    """Find the recordings below a root; files are named, and only those that may hold many recordings are opened.

    Raises
    ------
    RecipeError
        The root is no folder, no file matches, two files are the same signal of one recording, or a signal has no
        options.
    SourceError
        Whose a recording is, cannot be told; or a file that may hold many recordings is damaged. `problems` takes it.
    """
    if not root.is_dir():
        raise RecipeError(f"{root} is no folder.", where=definition.name, mend="Give the corpus' folder with --root.")
    sources = scan(root, problems, partial(_ignores, definition))
    matched = [(source, groups) for source in sources if (groups := match_file(definition, source.virtual)) is not None]
    if not matched:
        raise _nothing_matches(definition, root, sources, problems or [])
    found: dict[str, list[tuple[Source, dict[str, str]]]] = defaultdict(list)
    for source, groups in matched:
        for part, said in _records(definition, options, source, groups, problems):
            found[name_of(definition, part, said)].append((part, said))
    by_path = {source.virtual: source for source in sources}
    units = []
    for name, files in found.items():
        try:
            units.append(_unit(definition, options, name, files, by_path))
        except SourceError as error:
            if problems is None:
                raise
            problems.append(error)
    return sorted(units, key=lambda unit: unit.recording_id)


def match_file(definition: Definition, virtual: str) -> dict[str, str] | None:
    """Groups of a file that the recipe reads; None for any other."""
    match = definition.files.pattern.fullmatch(virtual)
    if match is None or _ignores(definition, virtual):
        return None
    return {group: text for group, text in match.groupdict().items() if text is not None}


def _ignores(definition: Definition, virtual: str) -> bool:
    return any(rule.fullmatch(virtual) for rule in definition.ignore)


def _records(
    definition: Definition,
    options: Mapping[str | None, BaseModel],
    source: Source,
    groups: dict[str, str],
    problems: list[SourceError] | None,
) -> list[tuple[Source, dict[str, str]]]:
    """Every recording of a file, and what names it: its own name is one more group."""
    reader = reader_of(definition, source)
    try:
        found = members(reader, source, _options_of(definition, options, source, reader, groups.get("signal")))
    except SourceError as error:
        if problems is None:
            raise
        problems.append(error)
        return []
    return [(part, groups | {RECORD: part.record.name} if part.record else groups) for part in found]


def name_of(definition: Definition, source: Source, groups: Mapping[str, str]) -> str:
    """Name of the recording that a file belongs to."""
    template = definition.files.name
    file = source.virtual.rpartition("/")[2]
    stem = file.rpartition(".")[0] or file
    name = filled(template, groups) if template else f"{stem}/{source.record.name}" if source.record else stem
    return _plain(name or file)


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
    first = files[0][0]
    subject = subject_of_name(definition.subject.id, first.root, name, groups, first.virtual)
    if not subject.strip():
        raise RecipeError(
            "the group `subject` of `files.pattern` is empty for it: whoever has no name would be one person.",
            where=f"{definition.name}, {first.virtual}",
            mend="Let the group match at least one letter, or leave the file out under `ignore`.",
        )
    folder = first.virtual.rpartition("/")[0]
    wanted = {kind: label.file for kind, label in definition.labels.items() if isinstance(label, BesideLabel)}
    if definition.channel_table:
        wanted[CHANNEL_TABLE] = definition.channel_table.file
    beside = {kind: _beside(file, folder, groups, by_path) for kind, file in wanted.items()}
    namespace = definition.persons.namespace(groups) if definition.persons else None
    called = hashed if definition.files.hash_names else str
    return Unit(
        recording_id=f"{definition.name}/{called(name)}",
        name=name,
        subject=called(subject),
        session=called(groups["session"]) if "session" in groups else None,
        run=called(groups["run"]) if "run" in groups else None,
        person=f"{namespace or definition.name}/{_plain(called(subject))}",
        groups=groups,
        files=tuple(
            (source, name, _options_of(definition, options, source, name, found.get("signal")))
            for source, found in files
            for name in [reader_of(definition, source)]
        ),
        beside={kind: source for kind, source in beside.items() if source is not None},
    )


def reader_of(definition: Definition, source: Source) -> str:
    """Name of the format that a file is read as.

    Raises
    ------
    RecipeError
        The recipe names a format for some extensions, and not for this one.
    """
    readers = definition.files.reader
    if isinstance(readers, str):
        return readers
    extension = PurePosixPath(source.name).suffix.lower()
    if extension not in readers:
        raise RecipeError(
            f"`files.reader` names no format for {extension!r}, which `files.pattern` matches.",
            where=f"{definition.name}, {source.virtual}",
            mend="Add it there, or narrow the pattern.",
        )
    return readers[extension]


def _beside(
    file: Sequence[str], folder: str, groups: Mapping[str, str], by_path: Mapping[str, Source]
) -> Source | None:
    """The first of some files that is there."""
    names = [filled(template, groups) for template in file]
    paths = [name[1:] if name.startswith("/") else "/".join(filter(None, (folder, name))) for name in names]
    return next((by_path[path] for path in paths if path in by_path), None)


def _options_of(
    definition: Definition, options: Mapping[str | None, BaseModel], source: Source, name: str, signal: str | None
) -> BaseModel:
    if not isinstance(definition.files.reader, str):
        return options[name]
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


def _nothing_matches(
    definition: Definition, root: Path, sources: Sequence[Source], problems: Sequence[SourceError]
) -> RecipeError:
    seen = ", ".join(source.virtual for source in sources[:SEEN]) or "no file at all"
    more = f" and {len(sources) - SEEN:,} more" if len(sources) > SEEN else ""
    unlisted = f" {len(problems):,} could not be listed: {problems[0].where} {problems[0].what}" if problems else ""
    return RecipeError(
        f"no file below {root} matches {definition.files.pattern.pattern!r}; there is {seen}{more}.{unlisted}",
        where=f"{definition.name}, files.pattern",
        mend="Is --root the corpus' own folder? The pattern must match the whole path below it.",
    )
