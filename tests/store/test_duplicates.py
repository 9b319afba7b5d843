"""The same samples under two names (issue 3, item 5: a hash of the samples, not only of the file)."""

from __future__ import annotations

import dataclasses

import pytest

from biocurate.recording import Recording
from biocurate.store.duplicates import duplicates
from biocurate.store.store import create_store
from biocurate.testing.memory import noise_stream, put

ECG = noise_stream("ECG", 100, [(0, 1000)], seed=1)
GSR = noise_stream("GSR", 8, [(0, 80)], seed=2)
OTHER = noise_stream("ECG", 100, [(0, 1000)], seed=3)


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def found(store, **options) -> list[tuple]:
    columns = ("recordings", "corpora", "persons", "streams", "seconds", "whole")
    return duplicates(store, **options).select(columns).rows()


def test_different_samples_are_none(store):
    put(store, {"a/one": Recording((ECG, GSR)), "a/two": Recording((OTHER,))})
    assert found(store) == []


def test_a_copy_in_another_corpus_is_found_whatever_its_labels_and_scales(store):
    renamed = dataclasses.replace(
        ECG, channels=tuple(dataclasses.replace(each, label="lead", gain=0.5, unit="V") for each in ECG.channels)
    )
    put(store, {"a/one": Recording((ECG, GSR)), "b/copy": Recording((GSR, renamed)), "b/other": Recording((OTHER,))})
    assert found(store) == [(["a/one", "b/copy"], ["a", "b"], 2, 2, 20.0, True)]


def test_a_share_of_the_streams_is_told_from_the_whole(store):
    put(store, {"a/one": Recording((ECG, GSR)), "a/two": Recording((ECG,))}, {"a/one": "p", "a/two": "p"})
    assert found(store) == [(["a/one", "a/two"], ["a"], 1, 1, 10.0, False)]


def test_one_recording_with_the_same_stream_twice_is_no_pair(store):
    put(store, {"a/one": Recording((ECG, ECG))})
    assert found(store) == []


def test_an_ingest_tells_what_it_brought_again(corpus, store):
    import shutil

    from biocurate.engine import InProcess
    from biocurate.ingest import ingest, make_plan
    from biocurate.recipes import load_recipe

    def take():
        return ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store), InProcess(), store)

    assert take().duplicates == []
    shutil.copy2(corpus.root / "s00_rest.edf", corpus.root / "s07_rest.edf")
    assert take().duplicates == [["tiny/s00_rest", "tiny/s07_rest"]]
    corpus.write("s08_rest", seed=321)
    assert take().duplicates == [], "what was there before is `check duplicates`' to tell"
    assert found(store)[0][0] == ["tiny/s00_rest", "tiny/s07_rest"]
