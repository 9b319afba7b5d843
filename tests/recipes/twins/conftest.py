"""What every twin must pass: a green check, a store that equals its files, and expectations that it can break."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.catalogue import find_definition
from biocurate.curate.manifests.definition import parse_definition
from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import Recipe, load_recipe
from biocurate.recipes.check import Report, check
from biocurate.recording import Recording
from biocurate.store.manifests import Manifest
from biocurate.store.store import Store, create_store
from biocurate.testing.conformance import check_store
from biocurate.verify import verify_deep


@dataclass(frozen=True)
class Taken:
    """A twin that went the whole way."""

    recipe: Recipe
    report: Report
    recordings: dict[str, Recording]
    """By name."""
    store: Store

    def said(self, name: str, kind: str) -> list[tuple[float, float, str]]:
        """Onset and length in seconds, and value, of a recording's annotations of one kind."""
        made = [each for each in self.recordings[name].annotations if each.kind == kind]
        return [(each.onset_ns / 1e9, each.duration_ns / 1e9, each.value) for each in made]

    def streams(self, name: str) -> dict[tuple[str, float], list[str]]:
        """Names of the channels by sensor type and rate."""
        found: dict[tuple[str, float], list[str]] = {}
        for stream in self.recordings[name].streams:
            names = [channel.name for channel in stream.channels]
            found.setdefault((str(stream.sensor_type), stream.rate_hz), []).extend(names)
        return found

    def units(self, name: str) -> dict[str, set[str]]:
        """Units by sensor type."""
        found: dict[str, set[str]] = {}
        for stream in self.recordings[name].streams:
            found.setdefault(str(stream.sensor_type), set()).update(channel.unit for channel in stream.channels)
        return found


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Taken]:
    """Holds a recipe against a twin, takes it into a store, and compares every sample with the files."""

    def run(name: str, root: Path, findings: tuple[str, ...] = ()) -> Taken:
        recipe = load_recipe(name)
        assert recipe.definition.verified == "twin"
        report = check(recipe, root)
        assert tuple(report.findings) == findings
        assert report.unread == {}
        units = recipe.units(root)
        store = create_store(str(tmp_path / f"store-{name}"))
        outcome = ingest(make_plan(recipe, root, store), InProcess(), store)
        assert (outcome.recordings, outcome.failures) == (len(units), [])
        check_store(store)
        compared = verify_deep(store, name, root)
        assert (compared.recordings, compared.problems) == (len(units), [])
        assert compared.samples == compared.equal > 0
        return Taken(recipe, report, {unit.name: recipe.read(unit) for unit in units}, store)

    return run


@pytest.fixture
def select(tmp_path: Path) -> Callable[..., Manifest]:
    """Takes twins into one store, and builds a shipped definition over it.

    A twin has few persons, and may be short: a definition's split and its windows' lengths may be others.
    """

    def run(name: str, roots: dict[str, Path], **change: object) -> Manifest:
        fields = json.loads(find_definition(name).canonical())
        fields |= {"windows": fields["windows"] | change.pop("windows", {})} | change
        store = create_store(str(tmp_path / f"store-of-{name}"))
        for recipe, root in roots.items():
            outcome = ingest(make_plan(load_recipe(recipe), root, store), InProcess(), store)
            assert outcome.failures == []
        return build_manifest(store, parse_definition(fields))

    return run
