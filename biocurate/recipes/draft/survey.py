"""What lies below a folder: which files look like recordings, and what their headers say."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError

from biocurate.errors import RecipeError, SourceError, UsageError
from biocurate.formats import Header, SignalHeader, reader
from biocurate.formats.arrays.contents import Entry
from biocurate.formats.arrays.reader import ArrayReader
from biocurate.formats.listing import scan
from biocurate.formats.source import Source
from biocurate.recipes.draft.patterns import Pattern, patterns
from biocurate.recipes.draft.tables import describe_tables, signal_of
from biocurate.recipes.typos import nearest

READERS = {
    ".edf": "edf",
    ".bdf": "edf",
    ".rec": "edf",
    ".hea": "wfdb",
    ".vhdr": "brainvision",
    ".mat": "mat",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
    ".fif": "mne",
    ".set": "mne",
    ".gdf": "mne",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
}
"""Extension -> format."""

RANKS = ("edf wfdb brainvision mne", "mat hdf5", "csv")
"""Formats of recordings before those that hold anything; of equals, the one with the most files is the corpus' own."""

TRIED = 3
"""Files of named arrays that are opened, until one of them can be."""

LOOKED_AT = 200
"""Headers that are read; of more files, so many spread over them."""

_ABOUT = re.compile(r"(?i)(readme|licen[cs]e|copying|change(log|s)|notice|citation|info|source)\b.*|(sha256|md5).*")
"""Text files about the others."""


@dataclass
class Survey:
    """What was found."""

    reader: str
    pattern: Pattern
    others: list[Pattern]
    """Files of that format that another pattern would be needed for."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the reader; a rate of None is one that a person has to say."""
    signals: dict[str, dict[str, Any]] = field(default_factory=dict)
    one_each: bool = False
    """Whether each file is a recording, though their names differ by signal only."""
    channels: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(label, unit) -> headers that have it."""
    rates: dict[str, set[float]] = field(default_factory=lambda: defaultdict(set))
    """Label -> its rates, as far as they are known."""
    arrays: list[Entry] = field(default_factory=list)
    """What the first file of named arrays that can be opened holds."""
    looked_at: int = 0
    open_ends: list[str] = field(default_factory=list)
    """What no file says."""
    unread: Counter[str] = field(default_factory=Counter)
    """Extension -> files that are neither."""
    other_readers: dict[str, int] = field(default_factory=dict)
    """Other formats of recordings -> files."""
    notes: list[str] = field(default_factory=list)
    """What was left out, and why."""
    problems: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Why a header cannot be read -> files."""


def survey(root: Path, *, rate_hz: float | None = None, only: str | None = None, regex: str | None = None) -> Survey:
    """Look through a folder; headers are read, samples are not.

    Parameters
    ----------
    root : Path
    rate_hz : float, optional
        Sampling rate of tables whose rows state neither times nor a rate.
    only : str, optional
        Name of the format to draft for; by default the corpus' own.
    regex : str, optional
        Pattern of the files, with its groups; by default it is found.

    Raises
    ------
    RecipeError
        No file looks like a recording, or none is of that format or pattern.
    UsageError
        A rate is given for files that state theirs.
    """
    problems: list[SourceError] = []
    sources = scan(root, problems)
    by_reader = _by_reader(sources)
    name = _reader_of(by_reader, root, only)
    if rate_hz is not None and name != "csv":
        raise UsageError(
            f"--rate is for tables without a column of times; these are {name} files.",
            where=str(root),
            mend="Leave it out, or give --reader csv for the tables beside them.",
        )
    files = {source.virtual: source for source in by_reader[name]}
    pattern, *others = patterns(files) if regex is None else _given(regex, files, root)
    found = Survey(name, pattern, others, notes=[str(problem) for problem in problems])
    if name == "csv":
        tables = describe_tables(pattern, [files[path] for path in pattern.paths], rate_hz)
        found.pattern, found.options, found.signals = tables.pattern, tables.options, tables.signals
        found.one_each, found.open_ends = tables.one_each, tables.todo
        found.notes += tables.notes
    read = [files[path] for path in found.pattern.paths]
    companions = _read_headers(found, read)
    found.arrays = _contents(name, read)
    left = _left(sources, found.pattern, companions)
    found.unread.update(PurePosixPath(source.name).suffix.lower() or source.name for source in left)
    found.other_readers = {other: len(some) for other, some in _by_reader(left).items() if other not in (name, "")}
    return found


def _by_reader(sources: Iterable[Source]) -> dict[str, list[Source]]:
    found: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        about = _ABOUT.fullmatch(source.name) is not None
        found["" if about else READERS.get(PurePosixPath(source.name).suffix.lower(), "")].append(source)
    return found


def _reader_of(by_reader: dict[str, list[Source]], root: Path, only: str | None) -> str:
    if only is not None:
        if only not in READERS.values():
            raise UsageError(f"no draft is made for {only!r}.", where="--reader", mend=nearest(only, READERS.values()))
        if only in by_reader:
            return only
        ends = ", ".join(ending for ending, name in READERS.items() if name == only)
        raise RecipeError(f"no file below it ends in {ends}.", where=str(root), mend="Leave --reader out.")
    for rank in RANKS:
        there = [name for name in rank.split() if name in by_reader]
        if there:
            return max(there, key=lambda name: len(by_reader[name]))
    raise RecipeError(
        f"no file below it looks like a recording: none ends in {', '.join(READERS)}.",
        where=str(root),
        mend="Give the folder of the raw files, or write the recipe by hand for a reader of your own.",
    )


def _given(regex: str, files: Iterable[str], root: Path) -> list[Pattern]:
    """A person's pattern, and patterns of what it leaves."""
    try:
        rule = re.compile(regex)
    except re.error as error:
        raise UsageError(f"{regex!r} is no regular expression: {error}.", where="--pattern") from None
    paths = sorted(files)
    taken = tuple(path for path in paths if rule.fullmatch(path))
    if not taken:
        raise RecipeError(
            f"no file below it matches {regex!r}; there is {', '.join(paths[:3])}.",
            where=str(root),
            mend="The pattern must match the whole path below the folder.",
        )
    return [Pattern(regex, tuple(rule.groupindex), taken), *patterns(path for path in paths if path not in taken)]


def _read_headers(found: Survey, sources: Sequence[Source]) -> set[str]:
    """Count channels; returns the endings of the files that are read with those of the pattern."""
    companions: set[str] = set()
    for source in sources[:: max(1, len(sources) // LOOKED_AT)]:
        given = {**found.options, **found.signals.get(signal_of(found.pattern, source), {})}
        steady = given.get("rate_hz", 0) is not None
        header = _header(found, source, given if steady else {**given, "rate_hz": 1.0}, companions)
        if header is None and "time" in given:
            # A clock that jitters is a person's to judge; what the columns are called is plain all the same.
            steady, alone = False, {**given, "rate_hz": 1.0, "on_clock": "arrival-order"}
            header = _header(found, source, alone, companions, told=True)
        if header is None:
            continue
        found.looked_at += 1
        for signal in header.signals:
            _count(found, signal, steady)
    return companions


def _header(
    found: Survey, source: Source, given: dict[str, Any], companions: set[str], *, told: bool = False
) -> Header | None:
    """What a file says of itself; None where it cannot be read, which goes to the problems unless it was told."""
    fmt = reader(found.reader)
    try:
        options = fmt.Options.model_validate(given)
        header = fmt.read_header(source, options)
        companions |= {_ending(beside) for beside in fmt.companions(source, options) if beside != source}
    except SourceError as error:
        why = f"{error.what} {error.mend}".strip()
    except ValidationError as error:
        why = _asked_for(error)
    except Exception as error:  # whatever a file provokes is told, and the others are looked at
        why = f"{type(error).__name__} at its header"
    else:
        return header
    if not told:
        found.problems[why].append(source.virtual)
    return None


def _asked_for(error: ValidationError) -> str:
    """What a reader needs to be told, in a recipe's words."""
    fields = {".".join(map(str, item["loc"])) for item in error.errors(include_url=False) if item["loc"]}
    needed = f": {', '.join(sorted(fields))}" if fields else ""
    return f"its reader must be told what the file holds, under `options`{needed}"


def _contents(name: str, sources: Sequence[Source]) -> list[Entry]:
    """What the first of some files of named arrays holds; nothing where none of a few can be opened."""
    fmt = reader(name)
    if not isinstance(fmt, ArrayReader):
        return []
    for source in sources[:TRIED]:
        try:
            return fmt.contents(source)
        except Exception:  # why is told where its header is read
            continue
    return []


def _ending(source: Source) -> str:
    return PurePosixPath(source.name).suffix.lower()


def _left(sources: Iterable[Source], pattern: Pattern, companions: set[str]) -> list[Source]:
    """Files that are neither matched nor read with one that is: of its name, with an ending that such files have."""
    matched, stems = set(pattern.paths), {path.rpartition(".")[0] for path in pattern.paths}
    return [
        source
        for source in sources
        if source.virtual not in matched
        and not (_ending(source) in companions and source.virtual.rpartition(".")[0] in stems)
    ]


def _count(found: Survey, signal: SignalHeader, has_rate: bool) -> None:
    found.channels[signal.label, signal.unit] += 1
    if has_rate:
        found.rates[signal.label].add(signal.rate_hz)
