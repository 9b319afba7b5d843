"""A view that is normalised over a person changed under its windows, which were said not to be stale.

The scaling of one recording is made from the person's others. When one of these was replaced, added or removed, the
windows of the first went on with the old scaling, and after `preprocess` the same set gave other samples. Now a window
keeps what its streams were made from.
"""

from __future__ import annotations

import pytest

from biocurate import read_windows
from biocurate.curate.manifests.build import build_manifest, list_manifests
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows, list_windows
from biocurate.errors import StaleError
from biocurate.recording import Recording
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put


def eeg(seed):
    return Recording((noise_stream("EEG", 100, [(0, 4000)], ["Fp1", "Cz"], seed=seed, gain=0.5 * seed),))


def view(scope):
    return parse_view({"name": "v", "chains": {"EEG": [{"step": "normalise", "scope": scope}]}})


@pytest.fixture
def built(tmp_path):
    """Builds a window set and a manifest of one recording of a person who has two."""

    store = create_store(str(tmp_path / "store"))

    def build(scope):
        put(store, {"a/one": eeg(1), "a/two": eeg(2)}, {"a/one": "s1", "a/two": "s1"})
        preprocess(store, view(scope))
        cut(store)
        return store

    return build


def cut(store):
    build_windows(store, "w", length_s=2, view="v", overwrite=True)
    rows = {
        "name": "m",
        "windows": {"set": "w"},
        "where": "recording_id = 'a/one'",
        "split": {"method": "random-windows", "fractions": {"train": 0.5, "test": 0.5}},
    }
    build_manifest(store, parse_definition(rows))


def only_one(store):
    """Leave the set with the windows of one recording, as a set of one corpus or condition is."""
    build_windows(store, "w", length_s=2, view="v", where="recording_id = 'a/one'", overwrite=True)


def stale(store):
    return [*list_windows(store)["stale"], *list_manifests(store)["stale"]]


@pytest.mark.parametrize("who", ["a/two", "a/three"], ids=["replaced", "added"])
def test_windows_are_stale_before_the_view_is_made_again_and_after_it(built, who):
    store = built("subject")
    only_one(store)
    assert stale(store) == [False, False]
    rows = store.windows("w").collect()
    put(store, {who: eeg(7)}, {who: "s1"})
    assert stale(store) == [True, True]
    with pytest.raises(StaleError, match="biocurate preprocess v"):
        store.windows("w")
    preprocess(store, view("subject"))
    assert stale(store) == [True, True]
    with pytest.raises(StaleError):
        store.manifest("m")
    with pytest.raises(StaleError):
        read_windows(store, rows, "EEG")
    cut(store)
    assert stale(store) == [False, False]
    assert read_windows(store, store.windows("w").collect(), "EEG").shape[1] == 2


def test_windows_of_a_view_that_is_behind_are_not_cut(built):
    store = built("subject")
    put(store, {"a/two": eeg(7)}, {"a/two": "s1"})
    with pytest.raises(StaleError, match="biocurate preprocess v"):
        only_one(store)


@pytest.mark.parametrize(("scope", "whose"), [("subject", "s2"), ("recording", "s1"), ("window", "s1")])
def test_what_a_scaling_is_not_made_from_makes_nothing_stale(built, scope, whose):
    store = built(scope)
    put(store, {"a/three": eeg(7)}, {"a/three": whose})
    assert stale(store) == [False, False]
    preprocess(store, view(scope))
    assert stale(store) == [False, False]
