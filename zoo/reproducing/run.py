"""An experiment carried out: every training of it, and the table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from biocurate.engine import Pool
from biocurate.errors import BiocurateError, UsageError
from zoo.judging.judge import judge_seeds
from zoo.judging.report import Report
from zoo.reproducing.data import Bar, make_data, make_images, make_vectors
from zoo.reproducing.experiment import Experiment
from zoo.reproducing.grid import Training, as_twin, trainings
from zoo.reproducing.roots import roots_of, twins_of
from zoo.reproducing.table import lines, table
from zoo.reproducing.training import Bench

MEANINGLESS = "twin: figures mean nothing"
"""Printed with every table of a twin."""

NO_WEIGHTS = "take weights that were not named, and are left out: import or pre-train them, then --weights DIR."

TABLE = "table.csv"


@dataclass(frozen=True)
class Reproduced:
    """What came out."""

    name: str
    title: str
    rows: pl.DataFrame
    """As of `zoo.reproducing.table.table`."""
    notes: tuple[str, ...]
    twin: bool
    undone: Mapping[str, tuple[str, ...]]
    """By reason: rows that could not be trained."""


def reproduce(
    name: str,
    experiment: Experiment,
    root: Path | None,
    out: Path,
    pool: Pool,
    bar: Bar,
    weights: Path | None = None,
    only: tuple[str, ...] = (),
) -> Reproduced:
    """Run an experiment from raw files to its table; run it again and it goes on where it stopped.

    Parameters
    ----------
    name : str
    experiment : Experiment
    root : Path or None
        Folder of the corpus; where there are several, of a folder of each one's name. None writes a twin.
    out : Path
        Folder for store, runs and ``table.csv``.
    pool : Pool
    bar : callable
    weights : Path, optional
        Imported or pre-trained weights, for rows that take them.
    only : tuple of str
        Only rows whose names hold one of these.

    Raises
    ------
    UsageError
        Where no row has such a name, or a corpus has no folder.
    """
    twin = root is None
    asked = as_twin(experiment) if twin else experiment
    wanted = _wanted(asked, only)
    lacking = [each.name for each in wanted if each.row.weights == "imported" and weights is None]
    wanted = [each for each in wanted if each.name not in lacking]
    corpora = asked.corpora
    roots = twins_of(corpora, asked.twin.persons, out) if root is None else roots_of(corpora, root)
    data = make_data(asked, roots, out, pool, bar)
    make_images(asked, data, pool, bar)
    vectors = make_vectors(asked, data, wanted, weights, bar)
    bench = Bench(asked, data, vectors, weights, out / "runs", bar)
    reports, undone = _trained(bench, wanted)
    found = {row: report for each in _joined(reports, bench.runs) for row, report in lines(*each).items()}
    rows = table(asked, found, twin)
    rows.write_csv(out / TABLE)
    notes = [*([MEANINGLESS] if twin else []), *asked.notes, *data.notes]
    notes += [f"{len(lacking)} rows {NO_WEIGHTS}"] if lacking else []
    return Reproduced(name, asked.title, rows, tuple(notes), twin, undone)


def _wanted(experiment: Experiment, only: tuple[str, ...]) -> list[Training]:
    every = trainings(experiment)
    wanted = [each for each in every if not only or any(part in each.name for part in only)]
    if not wanted:
        some = "; ".join(list(dict.fromkeys(each.name for each in every))[:5])
        raise UsageError("no row has such a name.", where="--only", mend=f"There are, for example: {some}.")
    return wanted


def _trained(bench: Bench, wanted: list[Training]) -> tuple[list[tuple[Training, Report]], dict[str, tuple[str, ...]]]:
    """Reports of what could be trained; the rows of what could not, by reason."""
    reports: list[tuple[Training, Report]] = []
    undone: dict[str, tuple[str, ...]] = {}
    for training in wanted:
        try:
            reports.append((training, bench.train(training)))
        except BiocurateError as error:
            why = f"{error.what} {error.mend}".rstrip() if error.where == training.name else str(error)
            undone[why] = (*undone.get(why, ()), training.name)
    return reports, undone


def _joined(reports: list[tuple[Training, Report]], runs: Path) -> list[tuple[Training, Report]]:
    """One report a row: of all its seeds."""
    by_row: dict[str, list[tuple[Training, Report]]] = {}
    for training, report in reports:
        by_row.setdefault(training.name, []).append((training, report))
    return [
        (mine[0][0], mine[0][1] if len(mine) == 1 else judge_seeds([runs / each.folder for each, _ in mine]))
        for mine in by_row.values()
    ]
