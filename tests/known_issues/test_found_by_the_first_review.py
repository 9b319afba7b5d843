"""What the first review of the spine found, each with the case that showed it."""

from __future__ import annotations

from datetime import date, time

import edfio
import numpy as np
import polars as pl
import pytest

from biocurate.engine import InProcess
from biocurate.errors import StaleError, StoreError
from biocurate.ingest import ingest, make_plan
from biocurate.ingest.run import sweep_annotations
from biocurate.recipes import load_recipe
from biocurate.recording import ArraySamples, Recording, Segment, Stream
from biocurate.store.store import create_store, open_store
from biocurate.testing.conformance import check_store
from biocurate.testing.memory import noise_stream, put


def run(corpus, store, **options):
    plan = make_plan(load_recipe(corpus.recipe), corpus.root, store, **options)
    return ingest(plan, InProcess(), store)


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def timed(corpus, name: str, hour: int) -> None:
    signal = edfio.EdfSignal(
        np.random.default_rng(hour).normal(size=1024), 256, label="EEG Cz", physical_dimension="uV"
    )
    recording = edfio.Recording(startdate=date(2020, 1, 2))
    edfio.Edf([signal], recording=recording, starttime=time(hour)).write(corpus.root / f"{name}.edf")


def test_an_earlier_recording_that_comes_later_moves_the_start_of_the_others(corpus, store):
    timed(corpus, "s00_task", hour=12)
    (corpus.root / "s00_rest.edf").unlink()
    run(corpus, store)
    assert store.recording("tiny/s00_task").row["start_ns"] == 0
    timed(corpus, "s00_rest", hour=10)
    run(corpus, store)
    assert store.recording("tiny/s00_rest").row["start_ns"] == 0
    assert store.recording("tiny/s00_task").row["start_ns"] == 2 * 3600 * 10**9
    assert run(corpus, store).recordings == 0


def test_names_that_lose_letters_stay_apart(corpus, store):
    corpus.recipe.write_text(corpus.recipe.read_text().replace("s(?P<subject>\\d\\d)", "(?P<subject>[^_]+)"))
    for name in ("Müller_rest", "Möller_rest"):
        corpus.write(name, seed=1)
    run(corpus, store)
    assert store.recordings.select(pl.col("person").n_unique()).collect().item() == 8


def test_a_changed_gain_makes_windows_stale(corpus, store):
    from biocurate.curate.windows.build import build_windows

    run(corpus, store)
    build_windows(store, "w", length_s=2.0)
    corpus.recipe.write_text(corpus.recipe.read_text().replace("name: II", "name: II, gain: 0.5"))
    assert run(corpus, store).rewritten == 12
    with pytest.raises(StaleError, match="replaced"):
        store.windows("w")
    with pytest.raises(StaleError, match="replaced"):
        store.sql("SELECT count(*) AS n FROM windows_w")


def test_labels_are_there_until_the_recording_switches_over(corpus, store, monkeypatch):
    """Killed between the new annotations and the new row, the old row kept no labels at all."""
    from biocurate.ingest import run as running

    run(corpus, store)
    before = store.recording("tiny/s00_rest").annotations()
    corpus.recipe.write_text(corpus.recipe.read_text().replace("rest: rest", "rest: calm"))

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(running, "publish_recordings", die)
        with pytest.raises(Killed):
            run(corpus, store)
    assert store.recording("tiny/s00_rest").annotations().equals(before)
    run(corpus, store)
    assert store.recording("tiny/s00_rest").annotations()["value"].to_list() == ["calm"]
    check_store(store)
    sweep_annotations(store)
    check_store(store)


def test_a_file_that_cannot_even_be_hashed_does_not_end_the_plan(corpus, store):
    run(corpus, store)
    path = corpus.root / "s03_rest.edf"
    path.unlink()
    path.symlink_to(corpus.root / "nowhere.edf")
    run(corpus, store)
    assert store.recording("tiny/s03_rest").read("EEG").shape == (3, 2048)


def test_a_mended_recipe_tries_failed_files_again(corpus, store):
    path = corpus.root / "s02_task.edf"
    path.write_bytes(path.read_bytes()[:-700])
    assert len(run(corpus, store).failures) == 1
    mended = corpus.recipe.read_text().replace("reader: edf", "reader: edf\n  options: {size: as-file}")
    corpus.recipe.write_text(mended)
    assert run(corpus, store).recordings == 12
    assert store.failures.collect().is_empty()


def test_two_channels_of_one_name_are_two_channels(store):
    put(store, {"c/r": Recording((noise_stream("ECG", 100, [(0, 300)], ["II", "II"]),))})
    recording = store.recording("c/r")
    physical, digital = recording.read("ECG"), recording.read("ECG", digital=True)
    assert physical.shape == digital.shape == (2, 300)
    np.testing.assert_allclose(physical, digital * 0.5 + 1.0)
    assert list(recording.to_mne(["ECG"]).ch_names) == ["II", "II-2"]


def test_two_streams_that_overlap_are_not_laid_over_each_other(store):
    wrists = noise_stream("PPG", 64, [(0, 640)], seed=1), noise_stream("PPG", 64, [(2, 640)], seed=2)
    put(store, {"c/r": Recording(wrists)})
    with pytest.raises(StoreError, match="c/r#0, c/r#1"):
        store.recording("c/r").read("PPG")
    assert store.recording("c/r").read("c/r#1", start_s=2, stop_s=12).shape == (1, 640)


def test_a_stream_without_a_sample_reads_as_nothing(store):
    empty = noise_stream("ECG", 100, [(0, 0)])
    none = Stream(empty.sensor_type, 100.0, empty.channels, (), ArraySamples(np.zeros((1, 0), "int16")))
    put(
        store, {"c/r": Recording((none,)), "c/s": Recording((Stream(**{**vars(empty), "segments": (Segment(0, 0),)}),))}
    )
    for name in ("c/r", "c/s"):
        assert store.recording(name).read("ECG").shape == (1, 0)


@pytest.mark.parametrize("name", ["a b", "Zürich", "a#b", "{x}"])
def test_a_store_can_lie_in_a_folder_of_any_name(tmp_path, name):
    """polars' own Delta reader looks for percent signs on the disk."""
    store = create_store(str(tmp_path / name))
    put(store, {"c/r": Recording((noise_stream("ECG", 100, [(0, 300)]),))})
    again = open_store(str(tmp_path / name))
    assert again.recording("c/r").read("ECG").shape == (1, 300)
    assert again.sql("SELECT count(*) AS n FROM recordings").item() == 1
    assert again.failures.collect().is_empty()


def test_a_folder_that_delta_cannot_take_is_refused(tmp_path):
    with pytest.raises(StoreError, match="another name"):
        create_store(str(tmp_path / "a[b]"))
    with pytest.raises(StoreError, match="another name"):
        create_store(str(tmp_path / "100%"))


def test_a_relative_store_is_found_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = create_store("here")
    monkeypatch.chdir("/")
    assert store.recordings.collect().height == 0


def test_a_missed_heartbeat_does_not_end_the_lease(tmp_path, monkeypatch):
    import threading

    from biocurate.store import lease as leases
    from biocurate.store.objects import Objects

    monkeypatch.setattr(leases, "BEAT_S", 0.02)
    objects, failed, whole = Objects(str(tmp_path)), threading.Event(), Objects.put

    def flaky(self, key, *pieces):
        if not failed.is_set():
            failed.set()
            raise StoreError("could not be written: connection reset")
        whole(self, key, *pieces)

    with leases.lease(objects, "x", "r"):
        first = leases.current(objects)["beat"]
        monkeypatch.setattr(Objects, "put", flaky)
        assert failed.wait(5)
        deadline = threading.Event()
        for _ in range(250):
            if leases.current(objects)["beat"] > first:
                break
            deadline.wait(0.02)
        assert leases.current(objects)["beat"] > first


def test_ages_over_89_are_90(corpus, store):
    corpus.recipe.write_text(
        corpus.recipe.read_text() + "subject:\n  age: {from: table, file: ages.csv, key: {column: s}, column: age}\n"
    )
    (corpus.root / "ages.csv").write_text("s,age\n00,89\n01,89.5\n02,97\n")
    run(corpus, store)
    ages = dict(store.recordings.select("subject", "age").unique().collect().iter_rows())
    assert (ages["00"], ages["01"], ages["02"], ages["03"]) == (89, 90, 90, None)


def test_streams_that_touch_read_without_a_hole(store):
    """Rounding halves to the even number gave a NaN, or an overlap, between streams that follow each other."""
    first = noise_stream("ECG", 250, [(0, 1001)], seed=1)
    second = noise_stream("ECG", 250, [(1001 / 250, 1000)], seed=2, gain=0.25)
    put(store, {"c/r": Recording((first, second))})
    recording = store.recording("c/r")
    for start_ms in range(0, 400):
        assert np.isfinite(recording.read("ECG", start_ms / 1000, 7.0)).all()


def test_a_start_learnt_through_a_limit_is_mended_by_the_next_run(corpus, store):
    (corpus.root / "s00_rest.edf").unlink()
    timed(corpus, "s00_task", hour=12)
    run(corpus, store)
    timed(corpus, "s00_rest", hour=10)
    run(corpus, store, limit=1)
    run(corpus, store)
    assert store.recording("tiny/s00_task").row["start_ns"] == 2 * 3600 * 10**9


@pytest.mark.parametrize("duration", ["1e11", "1e-400"])
def test_an_impossible_header_field_is_one_failure_and_not_the_end_of_the_run(corpus, store, duration):
    path = corpus.root / "s04_task.edf"
    raw = bytearray(path.read_bytes())
    raw[244:252] = duration.encode().ljust(8)
    path.write_bytes(bytes(raw))
    outcome = run(corpus, store)
    assert (outcome.recordings, [row["source"] for row in outcome.failures]) == (11, ["s04_task.edf"])
    check_store(store)
