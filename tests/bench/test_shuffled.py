"""Orders of reading stored images, timed."""

from __future__ import annotations

import pytest

from biocurate.bench.shuffled import compare, drawn
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put


@pytest.mark.parametrize(("cold", "size"), [(False, None), (True, 32)])
def test_block_by_block_decodes_each_image_once_and_random_order_many(tmp_path, monkeypatch, cold, size):
    monkeypatch.setattr("biocurate.images.making.part.CHUNK_BYTES", 20_000)
    store = create_store(str(tmp_path / "s"))
    stream = noise_stream("EEG", 64, [(0, 300 * 64)], ["Cz", "Oz"], seed=1)
    labels = (interval(0, 150, "rest"), interval(150, 150, "task"))
    put(store, {"a/b": Recording((stream,), labels), "a/c": Recording((stream,), labels)}, {"a/b": "1", "a/c": "2"})
    fields = {"name": "m", "windows": {"length": "2s"}, "label": {"column": "condition"}}
    split = {"method": "kfold", "folds": 2}
    manifest = build_manifest(store, parse_definition({**fields, "split": split}))
    generate(store, manifest, representation("spectrogram-psd"), ["EEG"], image_set="set")
    found = compare(store, "set", batch=8, size=size, seconds=20, cold=cold, kept_bytes=60_000)
    random, blocks, lying = found.iter_rows(named=True)
    assert random["images"] == blocks["images"] == lying["images"] == 600
    assert random["decoded"] > 2 * lying["decoded"]
    assert lying["decoded"] == 1
    assert found["images_s"].min() > 0


def test_images_are_drawn_in_every_order(tmp_path):
    store = create_store(str(tmp_path / "s"))
    stream = noise_stream("EEG", 64, [(0, 40 * 64)], ["Cz", "Oz"], seed=1)
    labels = (interval(0, 20, "rest"), interval(20, 20, "task"))
    put(store, {"a/b": Recording((stream,), labels), "a/c": Recording((stream,), labels)}, {"a/b": "1", "a/c": "2"})
    fields = {"name": "m", "windows": {"length": "2s"}, "label": {"column": "condition"}}
    manifest = build_manifest(store, parse_definition({**fields, "split": {"method": "kfold", "folds": 2}}))
    found = drawn(store, manifest, "EEG", "spectrogram-psd", batch=8, size=32, seconds=20)
    assert found["images"].to_list() == [80] * 3
    assert found["decoded"].to_list() == [1] * 3  # all windows are kept
