"""A check of a corpus whose every recording was refused ended in an IndexError instead of its findings."""

from __future__ import annotations

import yaml

from biocurate.recipes import load_recipe
from biocurate.recipes.check import check

RECIPE = {
    "name": "tiny",
    "title": "A tiny corpus",
    "licence": "CC0-1.0",
    "access": "open",
    "citation": "none",
    "url": "https://example.org",
    "files": {
        "pattern": r"(?P<part>\d+)\.hdf5",
        "reader": "hdf5",
        "options": {"records": {}, "signals": [{"path": "x", "axes": ["record", "time"], "rate_hz": 100}]},
    },
    "labels": {"dx": {"from": "table", "file": "t.csv", "key": {"column": "id", "group": "record"}, "column": "dx"}},
}


def test_its_findings_are_told(tmp_path):
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(RECIPE))
    root = tmp_path / "raw"
    root.mkdir()
    (root / "1.hdf5").write_bytes(b"no HDF5 at all")
    (root / "t.csv").write_text("id,dx\n0,AF\n")
    report = check(load_recipe(tmp_path / "tiny.yaml"), root)
    assert report.recordings == 0
    assert len(report.findings) == 1
