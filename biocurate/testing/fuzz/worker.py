"""The process that reads damaged files: bounded in memory, and allowed to die."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from biocurate.recording import Recording
from biocurate.testing.fuzz.subject import Case, Subject, case_of
from biocurate.testing.fuzz.verdict import Verdict, alike, channels, judge, read_whole

MOST_MEMORY = 2 * 2**30
"""Address space, in bytes, that reading may take beyond what the whole file took; more is a MemoryError."""


@dataclass(frozen=True)
class Judged:
    """One case, done."""

    verdict: Verdict
    seconds: float
    grown_bytes: int
    """What the process has at most grown beyond what the whole file took."""


def serve(line: Connection, subjects: Sequence[Subject]) -> None:
    """Judge cases, each told as the place of its subject and its number, until None comes down the line."""
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name, str(place)) for place in range(len(subjects))]
        wholes = [_whole(subject, folder) for subject, folder in zip(subjects, folders, strict=True)]
        base = _peak()
        _bound()
        line.send("ready")
        while (asked := line.recv()) is not None:
            place, number = asked
            line.send(_judged(subjects[place], wholes[place], number, folders[place], base))


def _whole(subject: Subject, folder: Path) -> Recording:
    """Read the undamaged files; the other decoder, too, so that its libraries are loaded and it is known to agree."""
    _write(folder, subject.files)
    whole = read_whole(subject, folder)
    if subject.decoder is not None:
        other = subject.decoder(folder / subject.source(folder).path, subject.options)
        if not alike(channels(whole), other):
            raise RuntimeError(f"{subject.name}: the other decoder reads the whole file otherwise")
    return whole


def _judged(subject: Subject, whole: Recording, number: int, folder: Path, base: int) -> Judged:
    case = case_of(subject, number)
    _write(folder, {case.file: case.content})
    start = time.perf_counter()
    verdict = judge(subject, whole, case, folder)
    seconds = time.perf_counter() - start
    _write(folder, {case.file: subject.files[case.file]})
    return Judged(verdict, seconds, _peak() - base)


def replay(subject: Subject, number: int, folder: Path) -> tuple[Case, Verdict]:
    """Judge one case in this process, and leave its files in a folder."""
    whole = _whole(subject, folder)
    case = case_of(subject, number)
    _write(folder, {case.file: case.content})
    return case, judge(subject, whole, case, folder)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # a new file: what was mapped of the old one stays as it was
        path.write_bytes(content)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _bound() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0]) if Path("/proc/self/statm").exists() else 0
    most = pages * resource.getpagesize() + MOST_MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
