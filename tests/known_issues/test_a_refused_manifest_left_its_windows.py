"""A manifest that cuts its own windows published them before it was known whether it could be built."""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.errors import ManifestError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put


@pytest.fixture
def stored(tmp_path):
    """Six persons at rest."""
    store = create_store(str(tmp_path / "s"))
    ecg = {
        f"a/p{n}": Recording((noise_stream("ECG", 100, [(0, 3000)], seed=n),), (interval(0, 30, "rest"),))
        for n in range(6)
    }
    put(store, ecg)
    return store


def define(length, **changes):
    rule = {"sensor": "ECG", "measure": "flat_v1", "at_most": 0.5}
    fields = {"name": "m", "windows": {"length": length}, "label": {"column": "condition"}, "quality": [rule]}
    return parse_definition(fields | {"split": {"method": "kfold", "folds": 2}} | changes)


REFUSED = [
    {"where": "corpus = 'z'"},
    {"label": {"column": "condition", "map": {"sleep": "sleep"}}},
    {"split": {"method": "kfold", "folds": 50}},
]


@pytest.mark.parametrize("change", REFUSED, ids=["nothing selected", "no label", "too few persons"])
def test_a_refused_build_leaves_no_window_set_behind(stored, change):
    before = stored.snapshot_id
    with pytest.raises(ManifestError):
        build_manifest(stored, define("10s", **change))
    assert "windows/manifest-m" not in stored.tables.names()
    assert stored.snapshot_id == before
    assert build_manifest(stored, define("10s")).rows.height == 18


@pytest.mark.parametrize("change", REFUSED, ids=["nothing selected", "no label", "too few persons"])
def test_a_refused_build_leaves_the_windows_of_the_last_one(stored, change):
    built = build_manifest(stored, define("10s"))
    windows = stored.windows("manifest-m").collect()
    with pytest.raises(ManifestError):
        build_manifest(stored, define("5s", **change))
    assert stored.windows("manifest-m").collect().equals(windows)
    assert stored.manifest("m").hash == built.hash
