"""A small cohort and a definition over it."""

from __future__ import annotations

import pytest

from biocurate.curate.manifests.definition import parse_definition
from biocurate.recording import Recording
from biocurate.testing.memory import interval, noise_stream, put

PLAIN = {
    "name": "rest-task",
    "windows": {"length": "5s"},
    "label": {"column": "condition", "map": {"rest": "calm", "task": "work"}},
    "split": {"method": "hash", "seed": 1},
}


@pytest.fixture
def define():
    """Make a definition; fields that are None are left out."""

    def made(**change):
        return parse_definition({key: value for key, value in (PLAIN | change).items() if value is not None})

    return made


@pytest.fixture
def cohort():
    """Make persons of two recordings each, half rest and half task; those of one seed have the same samples."""

    def made(n=12, corpus="a", seed=0):
        return {
            f"{corpus}/p{person:02}-{run}": Recording(
                (
                    noise_stream("EEG", 50, [(0, 1500)], ["Fp1", "Fp2"], seed=seed + 2 * person + run),
                    noise_stream("ECG", 50, [(0, 700), (20.0, 500)], seed=seed + 1000 + 2 * person + run),
                ),
                (interval(0, 15, "rest"), interval(15, 15, "task")),
                age=20.0 + person,
            )
            for person in range(n)
            for run in range(2)
        }

    return made


@pytest.fixture
def take():
    """Put recordings into a store, those of one person under one name."""

    def into(store, recordings):
        put(store, recordings, {each: each.split("/")[1].split("-")[0] for each in recordings})
        return store

    return into


@pytest.fixture
def filled(store, cohort, take):
    """A store of the whole cohort."""
    return take(store, cohort())
