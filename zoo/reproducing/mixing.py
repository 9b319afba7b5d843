"""A paper's pre-training carried out: from raw files of its corpora to weights, and what was published beside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.catalogue import find_definition
from biocurate.curate.manifests.definition import Definition, parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import find_view
from biocurate.engine import Pool
from biocurate.store.store import Store
from zoo.models.registry import validated
from zoo.pretraining.masked.config import MaskedConfig
from zoo.pretraining.run import pretrain
from zoo.reproducing.data import Bar, ingested
from zoo.reproducing.grid import joined
from zoo.reproducing.mixture import Mixture, Share
from zoo.reproducing.roots import roots_of, twins_of

RUN = "pretraining"
"""Folder of the run, below ``runs``."""

HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True)
class Mixed:
    """What came out."""

    name: str
    title: str
    rows: pl.DataFrame
    """A row a corpus: hours and persons that were trained on and the paper's, and losses on held-out persons."""
    notes: tuple[str, ...]
    twin: bool
    run: Path
    """Weights, for the rows of other experiments."""


def mix(name: str, mixture: Mixture, root: Path | None, out: Path, pool: Pool, bar: Bar) -> Mixed:
    """Pre-train as a paper did, from raw files; run it again and it goes on where it stopped.

    Parameters
    ----------
    name : str
    mixture : Mixture
    root : Path or None
        Folder that holds one of each corpus' name. None writes twins.
    out : Path
        Folder for store, run and ``table.csv``.
    pool : Pool
    bar : callable

    Raises
    ------
    UsageError
        Where a corpus has no folder.
    SourceError
        Where no file of a corpus could be read.
    """
    asked = mixture.as_twin() if root is None else mixture
    roots = twins_of(asked.names, asked.twin.persons, out) if root is None else roots_of(asked.names, root)
    store, notes = ingested(asked.names, roots, out, pool, bar)
    manifests = {share.corpus: _built(store, asked, share, pool, bar) for share in asked.corpora}
    found = _trained(store, asked, manifests, out / "runs" / RUN, bar)
    rows = _table(store, asked, manifests, found, twin=root is None)
    rows.write_csv(out / "table.csv")
    return Mixed(name, asked.title, rows, (*asked.notes, *notes, *found["notes"]), root is None, out / "runs" / RUN)


def definition_of(mixture: Mixture, share: Share) -> Definition:
    """The shipped definition, of one corpus and of its view."""
    fields = json.loads(find_definition(mixture.manifest).canonical())
    own = {"corpora": [share.corpus], "view": share.view, "require": list(share.sensors)}
    changed = joined(joined(fields, mixture.change), {"name": f"{mixture.manifest}-{share.corpus}", "windows": own})
    return parse_definition(changed, where=f"manifest {mixture.manifest} of {share.corpus}")


def config_of(mixture: Mixture, manifests: Mapping[str, str]) -> MaskedConfig:
    """The choices of the pre-training."""
    corpora = [
        {"manifest": manifests[share.corpus], "sensors": share.sensors, "name": share.corpus}
        for share in mixture.corpora
    ]
    given = {"model": mixture.model, "corpora": corpora, "pretraining": mixture.pretraining}
    found: MaskedConfig = validated(MaskedConfig, given, mixture.title)
    return found


def _built(store: Store, mixture: Mixture, share: Share, pool: Pool, bar: Bar) -> str:
    """Derive a corpus' view and build its manifest; returns its name."""
    with bar(f"Deriving {share.corpus}", "h") as progress:
        preprocess(store, find_view(share.view), corpora=(share.corpus,), pool=pool, progress=progress)
    return build_manifest(store, definition_of(mixture, share), pool=pool).name


def _trained(store: Store, mixture: Mixture, manifests: Mapping[str, str], run: Path, bar: Bar) -> dict[str, Any]:
    """What a pre-training tells; one that stands is read."""
    told = run / "pretraining.json"
    if not told.is_file():
        with bar("Pre-training", "windows") as progress:
            return asdict(pretrain(store, config_of(mixture, manifests), run, resume=True, progress=progress))
    found: dict[str, Any] = json.loads(told.read_text())
    return found


def _table(
    store: Store, mixture: Mixture, manifests: Mapping[str, str], found: Mapping[str, Any], *, twin: bool
) -> pl.DataFrame:
    told = {each["corpus"]: each for each in found["corpora"]}
    rows = []
    for share in mixture.corpora:
        ours = told[share.corpus]
        length = store.manifest(manifests[share.corpus]).rows["duration_ns"][0]
        rows.append(
            {
                "corpus": share.corpus,
                "hours": ours["windows"] * length / HOUR_NS,
                "published hours": share.hours,
                "persons": ours["persons"],
                "published persons": share.persons,
                "hidden loss": ours["val_hidden_loss"],
                "of saying 0": ours["mean_hidden_loss"],
                "held-out persons": ours["held_out"],
                "source": share.source,
                "data": "twin" if twin else "corpus",
            }
        )
    return pl.DataFrame(rows)
