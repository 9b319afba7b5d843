"""Make the small store of a format version that later versions must still read: run once a version, by hand.

python tests/data/make_store.py tests/data/store-format-1.tar.gz
"""

from __future__ import annotations

import json
import sys
import tarfile
import tempfile
from pathlib import Path

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.engine import InProcess
from biocurate.images.drawing.registry import representation
from biocurate.images.making.generate import generate
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.testing import simulate, write_cohort
from biocurate.testing.conformance import contents

DEFINITION = {
    "name": "kept",
    "windows": {"corpora": ["sim-csv"], "length": "10s", "require": ["GSR", "PPG"]},
    "label": {"column": "condition"},
    "split": {"method": "kfold", "folds": 2},
}


def make(target: Path) -> None:
    """Write the store, and beside it what it must be found to hold."""
    with tempfile.TemporaryDirectory() as folder:
        roots = write_cohort(simulate(2, minutes=0.4), Path(folder) / "raw")
        store = create_store(str(Path(folder) / "store"))
        for name in ("sim-edf", "sim-csv", "sim-wfdb"):
            plan = make_plan(load_recipe(roots[name] / "recipe.yaml"), roots[name], store)
            ingest(plan, InProcess(), store)
        manifest = build_manifest(store, parse_definition(DEFINITION))
        generate(store, manifest, representation("spectrogram-psd"), ["GSR"], image_set="kept-gsr")
        expected = {
            "contents": contents(store),
            "manifest": manifest.hash,
            "windows": manifest.rows.height,
            "images": store.tables.scan("images/kept-gsr").collect().height,
        }
        with tarfile.open(target, "w:gz") as archive:
            archive.add(Path(folder) / "store", "store")
        target.with_suffix("").with_suffix(".json").write_text(json.dumps(expected, sort_keys=True))


if __name__ == "__main__":
    make(Path(sys.argv[1]))
