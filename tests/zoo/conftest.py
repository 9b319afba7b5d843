"""A small labelled cohort in a store, with an effect whose size is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import ArraySamples, Channel, Recording, Segment, Stream
from biocurate.sensors import SensorType
from biocurate.store.store import Store, create_store
from biocurate.testing.memory import interval, put

SECONDS = 40
RATES = {"EEG": 64.0, "GSR": 8.0}
UNITS = {"EEG": "uV", "GSR": "uS"}


def stream(sensor: str, x: np.ndarray, names: tuple[str, ...]) -> Stream:
    """Samples in canonical units as a stream of 16-bit integers."""
    gain = float(np.abs(x).max()) / 32000
    channels = tuple(Channel(label=name, name=name, unit=UNITS[sensor], gain=gain) for name in names)
    samples = ArraySamples(np.round(x / gain).astype(np.int16))
    return Stream(SensorType(sensor), RATES[sensor], channels, (Segment(0, x.shape[1]),), samples)


def person_at(label: str, person: int, effect: float, gsr: bool) -> Recording:
    """EEG whose 10 Hz is stronger in `task` by `effect`, and a skin conductance that knows nothing of it."""
    rng = np.random.default_rng([person, label == "task"])
    t = np.arange(int(SECONDS * RATES["EEG"])) / RATES["EEG"]
    amplitude = 5 * rng.lognormal(0, 0.3) * (1 + effect * (label == "task"))
    alpha = amplitude * np.sin(2 * np.pi * 10 * t + rng.uniform(0, 6)) * (1 + 0.3 * rng.standard_normal())
    eeg = np.stack([alpha + 4 * rng.standard_normal(t.size) for _ in range(2)])
    streams = [stream("EEG", eeg, ("Fz", "Oz"))]
    if gsr:
        steps = rng.standard_normal(int(SECONDS * RATES["GSR"])).cumsum() * 0.01 + 5
        streams.append(stream("GSR", steps[None], ("GSR",)))
    return Recording(tuple(streams), (interval(0, SECONDS, label),))


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Store]:
    """Make a store of persons, each with a recording of rest and one of task; equal requests share one store.

    The last person has no GSR. Manifests: ``folds`` (three) and ``holdout`` (train, val and test).
    """
    made: dict[tuple[int, float], Store] = {}

    def make(persons: int = 12, effect: float = 1.0) -> Store:
        if (persons, effect) not in made:
            store = create_store(str(tmp_path_factory.mktemp("store") / "s"))
            recordings, subjects = {}, {}
            for person in range(persons):
                for label in ("rest", "task"):
                    name = f"twin/p{person:02d}_{label}"
                    recordings[name] = person_at(label, person, effect, gsr=person < persons - 1)
                    subjects[name] = f"p{person:02d}"
            put(store, recordings, subjects)
            common = {"windows": {"length": "10s"}, "label": {"column": "condition", "keep": ["rest", "task"]}}
            for name, split in {
                "folds": {"method": "kfold", "folds": 3},
                "holdout": {"fractions": {"train": 0.5, "val": 0.2, "test": 0.3}, "seed": 1},
            }.items():
                build_manifest(store, parse_definition({"name": name, "split": split, **common}))
            made[persons, effect] = store
        return made[persons, effect]

    return make


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """Where a run may be written."""
    return tmp_path / "runs" / "one"
