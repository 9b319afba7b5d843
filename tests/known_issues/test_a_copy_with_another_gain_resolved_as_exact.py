"""`manifest resolve` called a copy exact whose physical values or channels were others, and built from it.

Rows were matched by digests of integers alone: the ECG's physical range doubled in one header, Fp1 and F7 exchanged in
another, and all windows were exact. And all recordings of a person begin at the epoch in MEDS, where those of
eegmat gave one subject and time both labels.
"""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.catalogue import find_definition
from biocurate.curate.manifests.files.document import read_manifest_file
from biocurate.curate.manifests.files.export import export_manifest
from biocurate.curate.manifests.files.resolve import resolve
from biocurate.engine import engine
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store

pytestmark = pytest.mark.corpora


def take_in(store, root):
    with engine(0) as pool:
        assert ingest(make_plan(load_recipe("eegmat"), root, store), pool, store).failures == []
    return store


def part(corpora, root):
    root.mkdir(parents=True)
    for subject in ("05", "06", "07", "08", "09"):
        for file in (corpora / "eegmat").glob(f"Subject{subject}_*.edf"):
            shutil.copy(file, root)
    shutil.copy(corpora / "eegmat/subject-info.csv", root)
    return root


def header(data):
    """Number of signals, their labels, and where the fields of the physical range begin (EDF, 1992)."""
    n = int(data[252:256])
    labels = [data[256 + 16 * at : 272 + 16 * at].decode().strip() for at in range(n)]
    return labels, 256 + n * (16 + 80 + 8), n


def test_a_doubled_range_and_exchanged_labels_are_rescaled(corpora, tmp_path):
    theirs = take_in(create_store(tmp_path / "theirs.store"), part(corpora, tmp_path / "raw" / "theirs"))
    made = build_manifest(theirs, find_definition("eegmat-rest-task"))
    export_manifest(theirs, made, tmp_path / "file")
    root = part(corpora, tmp_path / "raw" / "mine")

    doubled = bytearray((root / "Subject05_2.edf").read_bytes())
    labels, ranges, n = header(doubled)
    ecg = next(at for at, label in enumerate(labels) if "ECG" in label)
    for field in (ranges + 8 * ecg, ranges + 8 * (n + ecg)):
        doubled[field : field + 8] = f"{2 * float(doubled[field : field + 8]):g}".ljust(8).encode()
    (root / "Subject05_2.edf").write_bytes(doubled)

    swapped = bytearray((root / "Subject07_2.edf").read_bytes())
    labels, _, _ = header(swapped)
    one, other = (256 + 16 * next(at for at, each in enumerate(labels) if name in each) for name in ("Fp1", "F7"))
    swapped[one : one + 16], swapped[other : other + 16] = swapped[other : other + 16], swapped[one : one + 16]
    (root / "Subject07_2.edf").write_bytes(swapped)

    found = resolve(take_in(create_store(tmp_path / "mine.store"), root), read_manifest_file(tmp_path / "file"))
    told = {row["recording_id"]: row["status"] for row in found.recordings.to_dicts()}
    assert told == {"eegmat/Subject05_2": "rescaled", "eegmat/Subject07_2": "rescaled"}
    assert not found.complete


def test_a_subject_and_a_time_have_one_label(corpora, tmp_path):
    store = take_in(create_store(tmp_path / "theirs.store"), part(corpora, tmp_path / "raw"))
    made = build_manifest(store, find_definition("eegmat-rest-task"))
    export_manifest(store, made, tmp_path / "out", "meds")
    labels = pl.read_parquet(tmp_path / "out/eegmat-rest-task.labels.parquet")
    assert labels.height == made.rows.height
    assert labels.select("subject_id", "prediction_time").is_unique().all()
