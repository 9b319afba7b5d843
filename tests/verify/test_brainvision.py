"""A BrainVision corpus from raw files into a store, held against the raw bytes; and FIF, for which there is no path."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import Recipe, load_recipe
from biocurate.store.store import Store, create_store
from biocurate.verify import verify_deep

RECIPE = """
name: tiny-bv
title: A tiny corpus
licence: CC0-1.0
access: open
citation: none
url: https://example.org/tiny
files:
  pattern: '{pattern}'
  reader: {reader}
channels:
  - {{match: 'C\\d', sensor: EEG}}
  - {{match: 'heart', sensor: ECG, name: II}}
"""


def ingested(folder: Path, pattern: str, reader: str) -> tuple[Store, Recipe]:
    path = folder / "tiny-bv.yaml"
    path.write_text(RECIPE.format(pattern=pattern, reader=reader))
    recipe, store = load_recipe(path), create_store(str(folder / "store"))
    outcome = ingest(make_plan(recipe, folder / "raw", store), InProcess(), store)
    assert outcome.failures == []
    return store, recipe


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Two recordings, one by channel in floats and one by instant in integers, with a pause."""
    root = tmp_path / "raw"
    root.mkdir()
    for name, kind, code, orientation in (
        ("s01", "<i2", "INT_16", "MULTIPLEXED"),
        ("s02", "<f4", "IEEE_FLOAT_32", "VECTORIZED"),
    ):
        samples = np.random.default_rng(4).normal(0, 900, (3, 5000)).astype(kind)
        flat = samples if orientation == "VECTORIZED" else samples.T
        (root / f"{name}.eeg").write_bytes(np.ascontiguousarray(flat).tobytes())
        (root / f"{name}.vmrk").write_text(
            "Brain Vision Data Exchange Marker File, Version 1.0\n[Marker Infos]\n"
            "Mk1=New Segment,,1,1,0,20200302102030123456\nMk2=New Segment,,2001,1,0,20200302102130123456\n"
        )
        (root / f"{name}.vhdr").write_text(
            "Brain Vision Data Exchange Header File Version 1.0\n[Common Infos]\nCodepage=UTF-8\n"
            f"DataFile=$b.eeg\nMarkerFile=$b.vmrk\nDataFormat=BINARY\nDataOrientation={orientation}\n"
            f"NumberOfChannels=3\nSamplingInterval=2000\n[Binary Infos]\nBinaryFormat={code}\n[Channel Infos]\n"
            "Ch1=C3,,0.5,µV\nCh2=heart,,0.5,µV\nCh3=C4,,0.5,µV\n",
            encoding="utf-8",
        )
    return root


def test_every_stored_number_is_that_of_the_raw_bytes(tmp_path, raw):
    store, recipe = ingested(tmp_path, r"(?P<subject>s\d\d)\.vhdr", "brainvision")
    compared = verify_deep(store, "tiny-bv", raw, recipe=recipe)
    assert (compared.recordings, compared.samples, compared.equal, compared.problems) == (2, 30_000, 30_000, [])


def test_a_changed_raw_byte_is_found(tmp_path, raw):
    store, recipe = ingested(tmp_path, r"(?P<subject>s\d\d)\.vhdr", "brainvision")
    data = raw / "s01.eeg"
    changed = bytearray(data.read_bytes())
    changed[0] ^= 1
    data.write_bytes(changed)
    compared = verify_deep(store, "tiny-bv", raw, recipe=recipe)
    assert (compared.samples - compared.equal, len(compared.problems)) == (1, 1)


def test_what_mne_read_has_no_second_path(tmp_path):
    (tmp_path / "raw").mkdir()
    info = mne.create_info(["C3", "heart"], 200.0, ["eeg", "ecg"])
    array = mne.io.RawArray(np.random.default_rng(1).normal(0, 1e-5, (2, 4000)), info, verbose="error")
    array.save(tmp_path / "raw" / "s01_raw.fif", verbose="error")
    store, recipe = ingested(tmp_path, r"(?P<subject>s\d\d)_raw\.fif", "mne")
    assert store.streams.collect()["dtype"].to_list() == ["float32", "float32"]
    compared = verify_deep(store, "tiny-bv", tmp_path / "raw", recipe=recipe)
    assert compared.equal == 0
    assert "no second path" in compared.problems[0]
