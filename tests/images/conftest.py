"""Real windows, and small stores with a manifest."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.store.manifests import Manifest
from biocurate.store.store import Store, create_store
from biocurate.testing.memory import interval, noise_stream, put


@pytest.fixture(scope="session")
def real_windows(corpora: Path) -> dict[str, tuple[np.ndarray, float]]:
    """Some windows of three sensor types, shape (windows, samples), float32, and their rates."""
    import edfio
    import wfdb

    eeg = edfio.read_edf(sorted((corpora / "eegmat").glob("*.edf"))[0])
    ecg = [wfdb.rdrecord(str(path.with_suffix(""))) for path in sorted((corpora / "ludb").rglob("*.hea"))[:3]]
    archive = sorted((corpora / "stress-predict").rglob("*.zip"))[0]
    with zipfile.ZipFile(archive) as opened:
        member = next(name for name in opened.namelist() if name.endswith("EDA.csv"))
        eda = np.loadtxt(io.BytesIO(opened.read(member)))[2:]
    return {
        "EEG": (cut(np.array([each.data for each in eeg.signals[:4]]), 5000), 500.0),
        "ECG": (cut(np.concatenate([each.p_signal.T for each in ecg]), 2500), 500.0),
        "GSR": (cut(eda[None], 240), 4.0),
    }


def cut(signals: np.ndarray, samples: int) -> np.ndarray:
    """Rows of a signal, end to end, as float32 windows."""
    whole = signals[:, : signals.shape[1] // samples * samples]
    return whole.reshape(-1, samples).astype(np.float32)


@pytest.fixture
def threads() -> Callable[[int], None]:
    """Set torch's number of threads, and put it back at the end."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@pytest.fixture
def recordings() -> dict[str, Recording]:
    """EEG of two montages, GSR, and two rates; labelled halves."""
    halves = (interval(0, 20, "rest"), interval(20, 20, "task"))
    return {
        "a/one": Recording(
            (
                noise_stream("EEG", 100, [(0, 4000)], ["Fp1", "Fp2", "Cz"], seed=1),
                noise_stream("GSR", 8, [(0, 320)], seed=2),
            ),
            halves,
        ),
        "a/two": Recording((noise_stream("EEG", 100, [(0, 4000)], ["Cz", "Fp1"], seed=3),), halves),
        "b/three": Recording(
            (noise_stream("EEG", 128, [(0, 5120)], ["Cz"], seed=4), noise_stream("GSR", 4, [(0, 160)], seed=5)), halves
        ),
    }


@pytest.fixture
def store(tmp_path: Path, recordings: dict[str, Recording]) -> Store:
    """A store of these recordings."""
    made = create_store(str(tmp_path / "store"))
    put(made, recordings)
    return made


def define(store: Store, name: str = "m", **changes: object) -> Manifest:
    """Build a manifest of 10 s windows over all recordings."""
    fields = {
        "name": name,
        "windows": {"length": "10s"},
        "label": {"column": "condition"},
        "split": {"method": "kfold", "folds": 3},
    }
    return build_manifest(store, parse_definition(fields | changes))


@pytest.fixture
def manifest(store: Store) -> Manifest:
    """10 s windows of everything."""
    return define(store)


@pytest.fixture
def build() -> Callable[..., Manifest]:
    """Build manifests that differ."""
    return define
