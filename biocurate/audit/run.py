"""Audit a store: every recording of one corpus or of all, in parallel, counted by what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from biocurate.audit.finding import KINDS, Finding
from biocurate.audit.recording import Looked, audit_recording
from biocurate.engine import Pool, Progress, Silent
from biocurate.errors import StoreError
from biocurate.recipes.declared import Declared, declarations
from biocurate.store.objects import Objects
from biocurate.store.store import Store

TASK_RECORDINGS = 200
TASK_SAMPLES = 50_000_000
"""A task ends with the recording that passes either."""
EXAMPLES = 3
NEEDED = ("recording_id", "duration_ns", "warnings", "streams")


@dataclass
class Found:
    """One thing that was found in some recordings of a corpus."""

    corpus: str
    kind: str
    detail: str
    values: list[float] = field(default_factory=list)
    recordings: set[str] = field(default_factory=set)
    channels: Counter[str] = field(default_factory=Counter)
    marked: set[str] = field(default_factory=set)
    """Recordings in which the store has all these channels as suspect."""

    def add(self, finding: Finding) -> None:
        """Count one recording."""
        if finding.recording_id in self.recordings and not finding.marked:
            self.marked.discard(finding.recording_id)
        elif finding.recording_id not in self.recordings and finding.marked:
            self.marked.add(finding.recording_id)
        self.recordings.add(finding.recording_id)
        self.channels.update(finding.channels)
        if finding.value is not None:
            self.values.append(finding.value)


@dataclass
class Audit:
    """What an audit of a store looked at and what it found."""

    recordings: Counter[str] = field(default_factory=Counter)
    """Recordings of each corpus."""
    looked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Recordings of each corpus that each check had something to look at in."""
    found: dict[tuple[str, str, str], Found] = field(default_factory=dict)

    def add(self, corpus: str, looked: Looked) -> None:
        """Count one recording."""
        self.recordings[corpus] += 1
        self.looked.update((corpus, check) for check in looked.checks)
        for finding in looked.findings:
            key = corpus, finding.kind, finding.detail
            self.found.setdefault(key, Found(*key)).add(finding)

    @property
    def unread(self) -> int:
        """Recordings with samples that could not be read."""
        return len(set().union(*(found.recordings for found in self.found.values() if found.kind == "unread")))

    def table(self) -> pl.DataFrame:
        """One row a corpus and check: recordings looked at, and those in which it found something."""
        checks = list(dict.fromkeys(kind.check for kind in KINDS.values()))
        rows = []
        for corpus in sorted(self.recordings):
            for check in checks:
                hits = [f for f in self.found.values() if f.corpus == corpus and KINDS[f.kind].check == check]
                if self.looked[corpus, check] or hits:
                    names = set().union(*(found.recordings for found in hits))
                    rows.append((corpus, check, self.looked[corpus, check], len(names)))
        schema = {"corpus": pl.String, "check": pl.String, "looked at": pl.Int64, "with findings": pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def findings(self) -> list[dict[str, Any]]:
        """What was found, by corpus, with counts, examples and meaning; the gravest first."""
        order = list(KINDS)
        keys = sorted(self.found, key=lambda key: (key[0], order.index(key[1]), key[2]))
        return [_row(self.found[key], self.recordings[key[0]]) for key in keys]


def _row(found: Found, recordings: int) -> dict[str, Any]:
    kind = KINDS[found.kind]
    low, middle, high = (float(each) for each in np.quantile(found.values, (0, 0.5, 1))) if found.values else [None] * 3
    names = sorted(found.recordings)
    return {
        "corpus": found.corpus,
        "finding": found.kind,
        "check": kind.check,
        "says": kind.says,
        "of": found.detail,
        "recordings": len(names),
        "of recordings": recordings,
        "channels": [name for name, _ in found.channels.most_common()],
        "median": middle,
        "least": low,
        "most": high,
        "unit": kind.unit,
        "suspect": kind.suspect,
        "marked suspect": len(found.marked),
        "unmarked": sorted(found.recordings - found.marked) if kind.suspect else [],
        "means": kind.means,
        "examples": names[:EXAMPLES],
        "all": names,
    }


def audit(store: Store, pool: Pool, corpus: str | None = None, progress: Progress | None = None) -> Audit:
    """Run every check over the recordings of a store.

    Parameters
    ----------
    store : Store
    pool : Pool
        Where tasks run.
    corpus : str, optional
        One corpus; all of them by default.
    progress : Progress, optional

    Raises
    ------
    StoreError
        The store has no such corpus.
    """
    bar, result = progress or Silent(), Audit()
    corpora = sorted(store.recordings.select("corpus").unique().collect().to_series())
    if corpus is not None and corpus not in corpora:
        has = ", ".join(corpora) or "none yet"
        raise StoreError(f"there is no corpus {corpus!r}.", where=store.url, mend=f"The store has {has}.")
    chosen = corpora if corpus is None else [corpus]
    bar.start(store.recordings.filter(pl.col("corpus").is_in(chosen)).select(pl.len()).collect().item())
    for task, looked in pool.map(audit_some, _tasks(store, chosen)):
        for one in looked:
            result.add(task.corpus, one)
        bar.advance(len(looked))
    return result


@dataclass(frozen=True)
class Task:
    """Some recordings of one corpus."""

    objects: Objects
    corpus: str
    declared: Declared
    rows: tuple[dict[str, Any], ...]


def audit_some(task: Task) -> list[Looked]:
    """Audit some recordings, one after the other."""
    return [audit_recording(task.objects, row, task.declared) for row in task.rows]


def _tasks(store: Store, corpora: Sequence[str]) -> Iterator[Task]:
    for corpus in corpora:
        declared = declarations(store, corpus)
        rows = store.recordings.filter(pl.col("corpus") == corpus).select(NEEDED).sort("recording_id").collect()
        batch: list[dict[str, Any]] = []
        samples = 0
        for row in rows.iter_rows(named=True):
            batch.append(row)
            samples += sum(stream["n_samples"] * stream["n_channels"] for stream in row["streams"])
            if len(batch) == TASK_RECORDINGS or samples >= TASK_SAMPLES:
                yield Task(store.objects, corpus, declared, tuple(batch))
                batch, samples = [], 0
        if batch:
            yield Task(store.objects, corpus, declared, tuple(batch))
