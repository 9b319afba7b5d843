"""From raw files to what models take: store, view, manifest, images and vectors. What is there is not made again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.catalogue import find_definition
from biocurate.curate.manifests.definition import Definition, parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import find_view
from biocurate.engine import Pool, Progress
from biocurate.errors import ModelError, SourceError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import Store, create_store, open_store
from zoo.reproducing.experiment import Experiment
from zoo.reproducing.grid import Training, joined

Bar = Callable[[str, str], AbstractContextManager[Progress]]
"""From a title and a unit to a bar, such as `biocurate.cli.progress.progress`."""


@dataclass(frozen=True)
class Data:
    """What models are trained on."""

    store: Store
    manifest: str
    sensors: tuple[str, ...]
    """Sensor types that every window has."""
    notes: tuple[str, ...]

    def images(self, kind: str) -> str:
        """Name of the set of images of a representation."""
        return f"{self.manifest}-{kind}"

    def vectors(self, kind: str, weights: str) -> str:
        """Name of the set of their vectors."""
        return f"{self.manifest}-{kind}-{weights}"


def make_data(experiment: Experiment, roots: dict[str, Path], out: Path, pool: Pool, bar: Bar) -> Data:
    """Ingest the corpora, derive the view and build the manifest.

    Parameters
    ----------
    experiment : Experiment
    roots : dict of str to Path
        Where each corpus lies.
    out : Path
        Folder whose ``store`` is made, or gone on with.
    pool : Pool
    bar : callable

    Raises
    ------
    SourceError
        Where no file of a corpus could be read.
    """
    store, notes = ingested(experiment.corpora, roots, out, pool, bar)
    if experiment.view is not None:
        with bar("Deriving", "h") as progress:
            preprocess(store, find_view(experiment.view), corpora=experiment.corpora, pool=pool, progress=progress)
    definition = definition_of(experiment)
    manifest = build_manifest(store, definition, pool=pool)
    rule = definition.window_rule
    sensors = tuple(str(sensor) for sensor in rule.require) if rule is not None else ()
    notes += [f"No window has the label {label}." for label in manifest.absent]
    return Data(store, manifest.name, sensors, tuple(notes))


def ingested(
    corpora: Sequence[str], roots: Mapping[str, Path], out: Path, pool: Pool, bar: Bar
) -> tuple[Store, list[str]]:
    """Read corpora into the store of an experiment, and say what was not read; as of `make_data`."""
    place = out / "store"
    store = open_store(str(place)) if (place / "biocurate.json").is_file() else create_store(str(place))
    notes = []
    for corpus in corpora:
        with bar(f"Ingesting {corpus}", "MB") as progress:
            outcome = ingest(make_plan(load_recipe(corpus), roots[corpus], store, pool), pool, store, progress)
        if outcome.failures:
            notes.append(f"{len(outcome.failures)} files of {corpus} were not read: biocurate status {place}.")
        if store.recordings.filter(corpus=corpus).limit(1).collect().is_empty():
            mend = f"See what the recipe expects: biocurate recipes show {corpus}"
            raise SourceError("no recording of the corpus was read.", where=str(roots[corpus]), mend=mend)
    return store, notes


def definition_of(experiment: Experiment) -> Definition:
    """The shipped definition, of the experiment's view and with its changes."""
    fields = json.loads(find_definition(experiment.manifest).canonical())
    if experiment.view is not None:
        fields = joined(fields, {"windows": {"view": experiment.view}})
    return parse_definition(joined(fields, experiment.change), where=f"manifest {experiment.manifest}, as changed")


def make_images(experiment: Experiment, data: Data, pool: Pool, bar: Bar) -> None:
    """Draw a set of images for each representation."""
    if not experiment.images:
        return
    from biocurate.images.making.generate import generate_sets
    from biocurate.images.making.ordering import orders, pictures

    manifest = data.store.manifest(data.manifest)
    asked = []
    for kind in experiment.images:
        asked += orders([manifest], pictures([kind], data.sensors, {}), (), data.images(kind))
    with bar("Drawing", "images") as progress:
        generate_sets(data.store, asked, pool=pool, progress=progress)


def make_vectors(
    experiment: Experiment, data: Data, wanted: list[Training], weights: Path | None, bar: Bar
) -> dict[str, str]:
    """Embed the images by each source of weights that some training takes, and say where each source is from."""
    from zoo.embedding.making import embed
    from zoo.embedding.source import open_source
    from zoo.models.registry import model_config

    heads = [each.row for each in wanted if model_config(each.row.model).spec.input == "embedding"]
    taken = sorted({row.weights for row in heads if row.weights is not None})
    if not taken:
        return {}
    if experiment.embedder is None:
        raise ModelError("rows take vectors, and no `embedder` makes them.", where=experiment.title)
    found: dict[str, str] = {}
    for name in taken:
        if name == "imported":
            if weights is None:
                continue
            source = open_source(str(weights), {})
        else:
            source = open_source(experiment.embedder, model_config(experiment.embedder).options().model_dump())
        for kind in experiment.images:
            with bar(f"Embedding, {name} weights", "images") as progress:
                embed(data.store, source, data.images(kind), data.vectors(kind, name), progress=progress)
        found[name] = source.origin
    return found
