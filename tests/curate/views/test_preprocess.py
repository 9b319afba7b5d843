"""Views in a store: what is written, what its rows say, and that nothing is done twice."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import signal

from biocurate import read_windows
from biocurate.curate.views import todo
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.errors import StaleError, UsageError
from biocurate.recording import Recording
from biocurate.store.reading import catalogue
from biocurate.store.signal_reader import SignalReader
from biocurate.store.store import open_store
from biocurate.testing.memory import noise_stream, put

BAND = {"step": "band", "low_hz": 1, "high_hz": 20, "order": 2}


def view(*steps, name="v", sensor="EEG", **fields):
    return parse_view({"name": name, "chains": {sensor: list(steps)}, **fields})


def eeg(segments, names=("Fp1", "Cz"), **options):
    return Recording((noise_stream("EEG", 100, segments, list(names), **options),))


def rows_of(store):
    return store.derived_streams.sort("stream_id").collect()


def samples_of(store, stream_id):
    """What a derived stream reads as, its normalisation by factor and shift included."""
    row = catalogue(store.derived_streams.filter(pl.col("stream_id") == stream_id).collect()).row(0, named=True)
    reader = SignalReader(store, view=row["view_id"])
    stored = reader.digital([row["part"]], [row["part_digest"]], np.array([row["start"]]), row["n_samples"])[0]
    return stored * np.array(row["scale"])[:, None] + np.array(row["shift"])[:, None], row


def test_each_segment_is_filtered_by_itself_and_never_across_a_gap(store):
    recording = eeg([(0, 900), (20, 1500)])
    put(store, {"a/one": recording})
    outcome = preprocess(store, view(BAND))
    assert (outcome.derived, outcome.status) == (1, {"ok": 1})
    found, row = samples_of(store, "a/one#0@v")
    sos = signal.butter(2, [1, 20], "bandpass", fs=100, output="sos")
    raw = recording.streams[0].physical
    expected = np.concatenate([signal.sosfiltfilt(sos, part, axis=1) for part in np.split(raw, [900], axis=1)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-3 * expected.std())
    assert row["segments"] == [{"t0_ns": 0, "n_samples": 900}, {"t0_ns": 20 * 10**9, "n_samples": 1500}]
    assert row["band_hz"] == [1.0, 20.0]


def test_labels_never_pass_a_filter(store):
    recording = eeg([(0, 900)])
    put(store, {"a/one": recording})
    before = store.annotations.collect()
    preprocess(store, view(BAND))
    assert store.annotations.collect().equals(before)


def test_a_second_run_does_nothing_and_a_new_recording_is_all_that_the_third_does(store):
    put(store, {"a/one": eeg([(0, 900)])})
    preprocess(store, view(BAND))
    snapshot = store.snapshot_id
    again = preprocess(store, view(BAND))
    assert (again.derived, again.there_before, store.snapshot_id) == (0, 1, snapshot)
    put(store, {"a/one": eeg([(0, 900)]), "a/two": eeg([(0, 800)], seed=4)})
    third = preprocess(store, view(BAND))
    assert (third.derived, third.there_before) == (1, 1)


def test_a_killed_run_goes_on_where_it_stopped(store, monkeypatch):
    put(store, {f"a/{number}": eeg([(0, 900)], seed=number) for number in range(4)})
    monkeypatch.setattr("biocurate.curate.views.todo.LEAST", 1)
    monkeypatch.setattr("biocurate.curate.views.todo.MOST", 1)

    class Killed:
        workers = 1

        def map(self, function, tasks):
            for number, task in enumerate(tasks):
                if number == 2:
                    raise KeyboardInterrupt
                yield task, function(task)

    with pytest.raises(KeyboardInterrupt):
        preprocess(store, view(BAND), pool=Killed())
    outcome = preprocess(store, view(BAND))
    assert (outcome.there_before, outcome.derived) == (2, 2)


def test_the_same_samples_under_another_revision_keep_theirs(store):
    put(store, {"a/one": eeg([(0, 900)])}, revision="first")
    preprocess(store, view(BAND))
    part = rows_of(store)["part"][0]
    put(store, {"a/one": eeg([(0, 900)])}, revision="second")
    assert rows_of(store).is_empty()
    outcome = preprocess(store, view(BAND))
    assert (outcome.derived, outcome.rows_moved) == (0, 1)
    assert rows_of(store)["part"].to_list() == [part]
    assert rows_of(store)["revision"].to_list() == ["second"]


def test_a_replaced_recording_makes_its_derived_rows_and_windows_stale(store):
    put(store, {"a/one": eeg([(0, 900)])})
    preprocess(store, view(BAND))
    build_windows(store, "w", length_s=1, view="v")
    rows = store.windows("w").collect()
    put(store, {"a/one": eeg([(0, 900)], seed=9)})
    assert rows_of(store).is_empty()
    with pytest.raises(StaleError):
        store.windows("w")
    with pytest.raises(StaleError):
        read_windows(open_store(store.url), rows, "EEG")
    preprocess(store, view(BAND))
    assert rows_of(store).height == 1


def test_a_changed_chain_makes_the_view_anew_and_its_windows_stale(store):
    put(store, {"a/one": eeg([(0, 900)])})
    preprocess(store, view(BAND))
    build_windows(store, "w", length_s=1, view="v")
    rows = store.windows("w").collect()
    assert preprocess(store, view(BAND, {"step": "resample", "rate_hz": 50})).derived == 1
    with pytest.raises(StaleError, match="was changed"):
        read_windows(store, rows, "EEG")


def test_windows_of_a_view_lie_in_its_settled_stretches_and_read_its_samples(store):
    put(store, {"a/one": eeg([(0, 900), (20.005, 1500)]), "a/two": eeg([(0.5, 2000)], seed=2)})
    chain = view(BAND, {"step": "resample", "rate_hz": 64})
    preprocess(store, chain)
    build_windows(store, "all", length_s=1, view="v", edges=True)
    build_windows(store, "w", length_s=1, view="v")
    rows = store.windows("w").sort("window_id").collect()
    read = read_windows(store, rows, "EEG")
    assert read.shape[1:] == (2, 64)
    assert 0 < rows.height < store.windows("all").collect().height
    settled = {row["stream_id"]: row["settled"] for row in rows_of(store).iter_rows(named=True)}
    for window, samples in zip(rows.iter_rows(named=True), read, strict=True):
        stream_id = f"{window['recording_id']}#0@v"
        start = window["streams"][0]["start"]
        assert any(
            span["first"] <= start and start + 64 <= span["first"] + span["n_samples"] for span in settled[stream_id]
        )
        whole, row = samples_of(store, stream_id)
        np.testing.assert_array_equal(samples, whole[:, start : start + 64].astype(np.float32))
        # In time: the sample nearest to the window's start.
        begin, first = 0, None
        for segment in row["segments"]:
            offset = round((window["t0_ns"] - segment["t0_ns"]) * 64 / 1e9)
            if 0 <= offset < segment["n_samples"]:
                first = begin + offset
            begin += segment["n_samples"]
        assert start == first


def test_windows_of_a_view_that_was_not_made_of_all_are_refused(store):
    put(store, {"a/one": eeg([(0, 900)])})
    with pytest.raises(UsageError, match="was not made"):
        build_windows(store, "w", length_s=1, view="v")
    preprocess(store, view(BAND))
    put(store, {"a/one": eeg([(0, 900)]), "a/two": eeg([(0, 800)], seed=4)})
    with pytest.raises(UsageError, match="taken in after"):
        build_windows(store, "w", length_s=1, view="v")


def test_samples_marked_invalid_are_missing_in_the_view_too_and_do_not_spread(store):
    stream = noise_stream("EEG", 100, [(0, 6000)], ["Fp1", "Cz"], invalid=-32768)
    digital = stream.samples.array
    digital[0, 2000:2100] = -32768
    clean = digital.copy()
    clean[0, 2000:2100] = 0
    put(store, {"a/one": Recording((stream,))})
    preprocess(store, view(BAND))
    found, row = samples_of(store, "a/one#0@v")
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(found[0])), np.arange(2000, 2100))
    assert np.isfinite(found[1]).all()
    reach = row["settled"][0]["first"]
    assert [span["first"] for span in row["settled"]] == [reach, 2100 + reach]
    assert row["settled"][0]["n_samples"] == 2000 - 2 * reach


@pytest.mark.parametrize(
    ("samples", "status"),
    [
        (np.full((2, 4000), 1234), "flat"),
        (np.full((2, 4000), -32768), "invalid"),
        (np.arange(2 * 30).reshape(2, 30), "short"),
        (np.arange(2).reshape(2, 1), "short"),
        (np.empty((2, 0)), "empty"),
    ],
)
def test_a_stream_that_has_no_signal_has_a_status(store, samples, status):
    stream = noise_stream("EEG", 100, [(0, samples.shape[1])], ["Fp1", "Cz"], invalid=-32768)
    stream.samples.array[:] = samples.astype(np.int16)
    put(store, {"a/one": Recording((stream,)), "a/two": eeg([(0, 900)])})
    outcome = preprocess(store, view(BAND, {"step": "resample", "rate_hz": 64}))
    assert outcome.status == {status: 1, "ok": 1}
    row = rows_of(store).row(0, named=True)
    assert row["status"] == status
    assert row["reason"]


def test_amplitudes_that_are_suspect_are_refused_where_they_count(store):
    put(store, {"a/one": eeg([(0, 900)], unit_status="suspect")})
    scaled = {"step": "scale", "factor": 0.01, "unit": "uV"}
    outcome = preprocess(store, view(BAND, scaled))
    assert outcome.status == {"refused": 1}
    assert "suspect" in next(iter(outcome.reasons))
    assert preprocess(store, view(BAND, scaled)).derived == 0
    assert preprocess(store, view(BAND, scaled, allow_suspect=True)).status == {"ok": 1}
    zscore = {"step": "normalise", "scope": "recording"}
    assert preprocess(store, view(BAND, zscore, {"step": "clip", "low": -5, "high": 5})).status == {"ok": 1}


def test_a_factor_for_another_unit_is_refused(store):
    put(store, {"a/one": eeg([(0, 900)])})
    outcome = preprocess(store, view({"step": "scale", "factor": 10, "unit": "mV"}))
    assert outcome.reasons == {"scale is for mV, and the stream is in 'uV'": 1}


def test_a_store_without_the_sensor_type_is_a_usage_error(store):
    put(store, {"a/one": eeg([(0, 900)])})
    with pytest.raises(UsageError, match="has no PPG"):
        preprocess(store, view(BAND, sensor="PPG"))


def test_what_a_view_no_longer_covers_leaves_it(store):
    put(store, {"a/one": Recording((*eeg([(0, 900)]).streams, noise_stream("ECG", 100, [(0, 900)])))})
    both = parse_view({"name": "v", "chains": {"EEG": [BAND], "ECG": [BAND]}})
    preprocess(store, both)
    outcome = preprocess(store, view(BAND))
    assert (outcome.removed, outcome.derived, outcome.rows_moved) == (1, 0, 1)
    assert rows_of(store)["sensor_type"].to_list() == ["EEG"]


def test_a_view_in_which_nothing_settles_says_so_when_windows_are_asked_for(store):
    put(store, {"a/one": eeg([(0, 900)])})
    preprocess(store, view(BAND | {"low_hz": 0.05}))
    with pytest.raises(UsageError, match="settling time"):
        build_windows(store, "w", length_s=1, view="v")
    build_windows(store, "w", length_s=1, view="v", edges=True)
    assert store.windows("w").collect().height == 9


def test_the_largest_tasks_come_first_so_that_no_worker_ends_alone(store, monkeypatch):
    """One long recording at the end would leave the other workers without work; a person stays in one task."""
    monkeypatch.setattr(todo, "LEAST", 1)
    monkeypatch.setattr(todo, "MOST", 1)
    lengths = {"a/one": 700, "a/two": 2000, "a/three": 900, "b/four": 3000}
    put(store, {name: eeg([(0, length)], seed=length) for name, length in lengths.items()}, {"a/three": "one"})
    chain = view(BAND)
    tasks = list(todo.batches(store, chain, todo.find(store, chain), "run", "pcodec-5", False, 2))
    assert [{row["recording_id"] for row in task.rows} for task in tasks] == [
        {"b/four"}, {"a/two"}, {"a/one", "a/three"},
    ]  # fmt: skip
