"""What came of many damaged copies, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from biocurate.testing.fuzz.subject import Subject, case_of
from biocurate.testing.fuzz.verdict import FAULTS, Outcome
from biocurate.testing.fuzz.worker import Judged

SHOWN = [outcome for outcome in Outcome if outcome not in FAULTS]


@dataclass
class Report:
    """What came of a family of subjects."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    """Of each case that no reader should give: subject, number, kind of damage and what went wrong."""
    slowest_s: float = 0.0
    grown_bytes: int = 0
    """The most that a process has grown beyond what reading the undamaged files took."""

    @property
    def n_cases(self) -> int:
        """All of them."""
        return sum(self.outcomes.values())

    def add(self, subject: Subject, number: int, judged: Judged) -> None:
        """Count a case."""
        verdict = judged.verdict
        self.outcomes[verdict.outcome] += 1
        self.slowest_s = max(self.slowest_s, judged.seconds)
        self.grown_bytes = max(self.grown_bytes, judged.grown_bytes)
        if verdict.outcome in FAULTS:
            case = case_of(subject, number)
            self.faults.append(f"{subject.name} {number}: {verdict.outcome}, {verdict.why} ({case.kind}, {case.file})")


def table(reports: Mapping[str, Report]) -> Iterator[str]:
    """Lines of a table, a row a family."""
    heads = ["cases", *(outcome.value for outcome in SHOWN), "faults", "slowest s", "grown MB"]
    widths = [max(len(head), 6) + 2 for head in heads]
    yield f"{'format':12}" + "".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True))
    for name, report in reports.items():
        counts = [report.n_cases, *(report.outcomes[outcome] for outcome in SHOWN), len(report.faults)]
        cells = [f"{count:,}" for count in counts] + [f"{report.slowest_s:.2f}", f"{report.grown_bytes / 1e6:.0f}"]
        yield f"{name:12}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
