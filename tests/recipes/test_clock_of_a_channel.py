"""A recipe says which channels a device of its own clock timed; the store keeps it with each stream."""

from __future__ import annotations

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store


def stored(store):
    return store.streams.select("sensor_type", "clock").unique().sort("sensor_type").collect().rows()


def test_the_clock_of_a_channel_is_stored_and_changed_without_reading_samples(corpus, tmp_path):
    store = create_store(str(tmp_path / "store"))
    ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store), InProcess(), store)
    assert stored(store) == [("ECG", None), ("EEG", None)]
    text = corpus.recipe.read_text().replace("name: II}", "name: II, clock: belt}")
    corpus.recipe.write_text(text)
    outcome = ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store), InProcess(), store)
    assert (outcome.recordings, outcome.rewritten) == (0, 12)
    assert stored(store) == [("ECG", "belt"), ("EEG", None)]
