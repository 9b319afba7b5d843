"""A manifest built again numbers its windows anew; the contact sheet of older images took those numbers."""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import interval, noise_stream, put

pytest.importorskip("torch")


def test_each_image_on_the_sheet_has_the_label_of_its_own_span(tmp_path):
    from biocurate.images import representation
    from biocurate.images.making.generate import generate
    from biocurate.images.shown.sheet import choose

    store = create_store(str(tmp_path))
    halves = (interval(0, 20, "rest"), interval(20, 20, "task"))
    put(store, {f"c/{name}": Recording((noise_stream("EEG", 64, [(0, 40 * 64)]),), halves) for name in "abc"})
    fields = {"name": "m", "label": {"column": "condition"}, "split": {"method": "kfold", "folds": 3}}
    built = build_manifest(store, parse_definition({**fields, "windows": {"length": "5s"}}))
    generate(store, built, representation("spectrogram-psd"), ["EEG"], image_set="s")
    build_manifest(store, parse_definition({**fields, "windows": {"length": "5s", "hop": "2500ms"}}))

    chosen = choose(store, "s", 20)
    assert chosen.height == built.rows.height
    assert [("task" if t0_ns >= 20e9 else "rest") for t0_ns in chosen["t0_ns"]] == chosen["label"].to_list()
