"""Many damaged copies of recordings, each judged in a process that is replaced when it dies or hangs."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Self

from biocurate.testing.fuzz.report import Report
from biocurate.testing.fuzz.subject import Subject
from biocurate.testing.fuzz.verdict import Outcome, Verdict
from biocurate.testing.fuzz.worker import Judged, serve

START_S = 120.0
"""Time for a process to start and read the undamaged files."""


@dataclass(frozen=True)
class Campaign:
    """Damaged copies of some recordings."""

    subjects: Sequence[Subject]
    n_cases: int
    """Of each family, at the least; its subjects share them, and number theirs from 0."""
    workers: int = 1
    limit_s: float = 20.0
    """A case that takes longer hangs."""

    def run(self) -> dict[str, Report]:
        """Judge every case.

        Returns
        -------
        dict of str to Report
            By the subjects' families.
        """
        members = Counter(subject.family for subject in self.subjects)
        cases = [
            (place, number)
            for place, subject in enumerate(self.subjects)
            for number in range(-(-self.n_cases // members[subject.family]))
        ]
        shares = [cases[first :: self.workers] for first in range(self.workers)]
        with ThreadPoolExecutor(self.workers) as pool:
            done = [case for share in pool.map(self._judge, shares) for case in share]
        reports = {subject.family: Report() for subject in self.subjects}
        for place, number, judged in done:
            reports[self.subjects[place].family].add(self.subjects[place], number, judged)
        return reports

    def _judge(self, cases: Sequence[tuple[int, int]]) -> list[tuple[int, int, Judged]]:
        done: list[tuple[int, int, Judged]] = []
        while len(done) < len(cases):
            with _Child.started(self.subjects) as child:
                for place, number in cases[len(done) :]:
                    judged = child.ask(place, number, self.limit_s)
                    done.append((place, number, judged))
                    if judged.verdict.outcome in (Outcome.HUNG, Outcome.DIED):
                        break
        return done


@dataclass
class _Child:
    process: BaseProcess
    line: Connection

    @classmethod
    def started(cls, subjects: Sequence[Subject]) -> Self:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        os.environ.setdefault("POLARS_MAX_THREADS", "1")  # each thread's stack counts as address space
        process = context.Process(target=serve, args=(theirs, subjects), daemon=True)
        process.start()
        theirs.close()
        try:
            if not ours.poll(START_S):
                raise TimeoutError(f"the undamaged files were not read within {START_S:g} s")
            ours.recv()
        except BaseException:
            process.kill()
            raise
        return cls(process, ours)

    def ask(self, place: int, number: int, limit_s: float) -> Judged:
        try:
            self.line.send((place, number))
            if not self.line.poll(limit_s):
                return Judged(Verdict(Outcome.HUNG, f"no end within {limit_s:g} s"), limit_s, 0)
            judged: Judged = self.line.recv()
            return judged
        except (EOFError, OSError):
            self.process.join(10)
            return Judged(Verdict(Outcome.DIED, f"exit status {self.process.exitcode}"), 0.0, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.join()
        self.line.close()
