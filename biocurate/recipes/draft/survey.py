"""What lies below a folder: which files look like recordings, and what their headers say."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from biocurate.errors import RecipeError, SourceError
from biocurate.formats import SignalHeader, reader
from biocurate.formats.source import Source, scan
from biocurate.recipes.draft.csv_guess import csv_options
from biocurate.recipes.draft.patterns import Pattern, patterns

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
"""Extension -> format; where several are there, the one that stands first is the recordings' own."""

LOOKED_AT = 200
"""Headers that are read; of more files, so many spread over them."""


@dataclass
class Survey:
    """What was found."""

    reader: str
    pattern: Pattern
    others: list[Pattern]
    """Files of that format that another pattern would be needed for."""
    options: dict[str, Any] = field(default_factory=dict)
    signals: dict[str, dict[str, Any]] = field(default_factory=dict)
    channels: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(label, unit) -> headers that have it."""
    rates: dict[str, set[float]] = field(default_factory=lambda: defaultdict(set))
    """Label -> its rates."""
    looked_at: int = 0
    open_ends: list[str] = field(default_factory=list)
    """What no file says."""
    unread: Counter[str] = field(default_factory=Counter)
    """Extension -> files that are neither."""
    problems: list[str] = field(default_factory=list)


def survey(root: Path) -> Survey:
    """Look through a folder; headers are read, samples are not.

    Raises
    ------
    RecipeError
        No file looks like a recording.
    """
    problems: list[SourceError] = []
    sources = scan(root, problems)
    by_reader: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        by_reader[READERS.get(PurePosixPath(source.name).suffix.lower(), "")].append(source)
    name = next((name for name in READERS.values() if name in by_reader), None)
    if name is None:
        raise RecipeError(
            f"no file below it looks like a recording: none ends in {', '.join(READERS)}.",
            where=str(root),
            mend="Give the folder of the raw files, or write the recipe by hand for a reader of your own.",
        )
    files = {source.virtual: source for source in by_reader[name]}
    pattern, *others = patterns(files)
    found = Survey(name, pattern, others, problems=[str(problem) for problem in problems])
    read = [files[path] for path in pattern.paths]
    if name == "csv":
        _describe_tables(found, read)
        read = [files[path] for path in found.pattern.paths]
    found.unread.update(PurePosixPath(s.name).suffix.lower() or s.name for s in sources if s not in read)
    if not found.open_ends:
        _read_headers(found, read)
    return found


def _describe_tables(found: Survey, sources: Sequence[Source]) -> None:
    """Options of the tables; where files are told apart by signal, of each signal."""
    first: dict[str, Source] = {}
    for source in sources:
        first.setdefault(_signal(found, source), source)
    for signal, source in first.items():
        try:
            options, open_ends = csv_options(source)
        except SourceError as error:
            found.problems.append(str(error))
            continue
        if signal and open_ends:
            # Beats, marks and answers are no signals; they are left to the labels.
            found.problems.append(f"{source.virtual}: {open_ends[0]}; events or answers, perhaps: see `labels`")
        elif signal:
            found.signals[signal] = options
        else:
            found.options = options
            found.open_ends += [f"{source.virtual}: {text}" for text in open_ends]
    if found.signals:
        listed = "|".join(sorted(found.signals))
        regex = re.sub(r"\(\?P<signal>[^)]*\)", lambda _: f"(?P<signal>{listed})", found.pattern.regex)
        kept = tuple(path for path in found.pattern.paths if re.fullmatch(regex, path))
        found.pattern = replace(found.pattern, regex=regex, paths=kept)
    alike = list(found.signals.values())
    if alike and all(options == alike[0] for options in alike):
        found.options, found.signals = alike[0], {signal: {} for signal in found.signals}


def _signal(found: Survey, source: Source) -> str:
    match = re.fullmatch(found.pattern.regex, source.virtual)
    return match["signal"] if match and "signal" in found.pattern.groups else ""


def _read_headers(found: Survey, sources: Sequence[Source]) -> None:
    fmt = reader(found.reader)
    for source in sources[:: max(1, len(sources) // LOOKED_AT)]:
        given = {**found.options, **found.signals.get(_signal(found, source), {})}
        try:
            header = fmt.read_header(source, fmt.Options.model_validate(given))
        except Exception as error:  # whatever a file provokes is told, and the others are looked at
            found.problems.append(str(error) if isinstance(error, SourceError) else f"{source.virtual}: {error!r}")
            continue
        found.looked_at += 1
        for signal in header.signals:
            _count(found, signal)


def _count(found: Survey, signal: SignalHeader) -> None:
    found.channels[signal.label, signal.unit] += 1
    found.rates[signal.label].add(signal.rate_hz)
