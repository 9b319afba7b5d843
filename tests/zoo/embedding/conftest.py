"""The cohort with images in two representations, and a small network that embeds them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

pytest.importorskip("torch")

from biocurate.images import representation
from biocurate.images.making.generate import generate
from biocurate.store.store import Store, open_store
from zoo.embedding.source import Source, open_source


@pytest.fixture(scope="session")
def _pictured(cohort, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pictured") / "s"
    shutil.copytree(cohort(persons=4, effect=3.0).objects.folder, folder)
    store = open_store(str(folder))
    for drawing in (representation("spectrogram-psd", segment=32), representation("waveform")):
        generate(store, store.manifest("holdout"), drawing, ["EEG", "GSR"], image_set="pictures")
    return folder


@pytest.fixture
def store(_pictured, tmp_path) -> Store:
    """Four persons' windows; images `pictures` of manifest `holdout`: a copy of one's own."""
    shutil.copytree(_pictured, tmp_path / "s")
    return open_store(str(tmp_path / "s"))


@pytest.fixture(scope="session")
def source() -> Source:
    """A small network with random weights."""
    return open_source("test-tiny-biomoe", {})
