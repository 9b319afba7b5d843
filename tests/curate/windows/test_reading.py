"""Samples of windows, against the recordings they were cut from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from biocurate import read_windows
from biocurate.curate.windows.build import build_windows
from biocurate.errors import DamageError, StaleError, StoreError, UsageError
from biocurate.recording import NS, ArraySamples, Recording
from biocurate.store.signal_reader import SignalReader
from biocurate.store.store import open_store
from biocurate.testing.memory import noise_stream, put


def windows(store, **options):
    build_windows(store, "w", **{"length_s": 2} | options)
    return store.windows("w").sort("window_id").collect()


def expected(recordings, rows, sensor, channels=None):
    """Each window cut from the recording in memory, one after the other."""
    cut = []
    for row in rows.iter_rows(named=True):
        recording = recordings[row["recording_id"]]
        starts = {item["stream_no"]: item["start"] for item in row["streams"]}
        number = next(no for no, each in enumerate(recording.streams) if each.sensor_type == sensor and no in starts)
        stream = recording.streams[number]
        count = round(row["duration_ns"] * stream.rate_hz / NS)
        names = [channel.name for channel in stream.channels]
        picked = [names.index(name) for name in channels or names]
        cut.append(stream.physical[picked, starts[number] : starts[number] + count])
    return np.array(cut)


@pytest.fixture
def recordings():
    return {
        "a/one": Recording((noise_stream("EEG", 100, [(0, 900)], ["Fp1", "Fp2", "Cz"], seed=1),)),
        "a/two": Recording(
            (
                noise_stream("ECG", 62.4725, [(0.11, 700)], seed=2),
                noise_stream("EEG", 100, [(0, 450), (5.03, 650)], ["Fp1", "Fp2", "Cz"], seed=3, gain=0.25),
            )
        ),
    }


def test_windows_hold_the_samples_of_their_recordings_in_the_order_asked_for(store, recordings):
    put(store, recordings)
    rows = windows(store, require=["EEG"]).sample(fraction=1, shuffle=True, seed=3)
    read = read_windows(store, rows, "EEG")
    assert read.dtype == np.float32
    assert read.shape == (rows.height, 3, 200)
    np.testing.assert_array_equal(read, expected(recordings, rows, "EEG").astype(np.float32))


def test_a_window_is_what_the_recording_reads_over_the_same_time(store, recordings):
    put(store, recordings)
    rows = windows(store, require=["EEG"])
    last = rows.filter(pl.col("recording_id") == "a/two").row(-1, named=True)
    stored = store.recording("a/two").read("EEG", last["t0_ns"] / NS, (last["t0_ns"] + last["duration_ns"]) / NS)
    # The second segment begins 3 samples after a window's start would have it: both name the nearest sample.
    np.testing.assert_array_equal(read_windows(store, rows[-1:], "EEG")[0], stored)


def test_channels_come_in_the_order_asked_for_also_from_streams_that_order_them_differently(store, recordings):
    recordings["a/one"] = Recording((recordings["a/one"].streams[0].select([2, 0, 1]),))
    put(store, recordings)
    rows = windows(store, require=["EEG"])
    with pytest.raises(UsageError, match="differ in their channels"):
        read_windows(store, rows, "EEG")
    read = read_windows(store, rows, "EEG", channels=["Cz", "Fp1"])
    np.testing.assert_array_equal(read, expected(recordings, rows, "EEG", ["Cz", "Fp1"]).astype(np.float32))


def test_digital_values_are_the_stored_integers(store, recordings):
    put(store, recordings)
    rows = windows(store, require=["ECG"])
    read = read_windows(store, rows, "ECG", digital=True)
    assert read.dtype == np.int16
    assert read.shape[2] == round(2 * 62.4725)
    np.testing.assert_array_equal((read * 0.5 + 1.0), expected(recordings, rows, "ECG"))


def test_invalid_codes_are_nan_and_units_canonical(store):
    ecg = noise_stream("ECG", 10, [(0, 40)], ["I", "II"], unit="uV", gain=2.0, offset=0.0)
    digital = ecg.digital.copy()
    digital[1, 7] = -32768
    channels = (ecg.channels[0], replace(ecg.channels[1], invalid=-32768))
    put(store, {"a/r": Recording((replace(ecg, channels=channels, samples=ArraySamples(digital)),))})
    read = read_windows(store, windows(store), "ECG")
    assert np.isnan(read).sum() == 1
    assert np.isnan(read[0, 1, 7])
    np.testing.assert_allclose(read[0, 0], digital[0, :20] * 0.002, rtol=1e-6)


def test_a_replaced_recording_makes_its_windows_stale(store, recordings):
    put(store, recordings)
    rows = windows(store, require=["EEG"])
    before = store.snapshot_id
    kept = read_windows(store, rows, "EEG")
    put(store, {"a/one": recordings["a/one"]}, revision="another")
    with pytest.raises(StaleError, match="a/one") as caught:
        read_windows(store, rows, "EEG")
    assert "--at" in str(caught.value)
    with pytest.raises(StaleError):
        store.windows("w")
    np.testing.assert_array_equal(read_windows(open_store(store.url, at=before), rows, "EEG"), kept)


def test_a_window_without_the_sensor_is_refused_and_told(store, recordings):
    put(store, recordings)
    rows = windows(store)
    with pytest.raises(UsageError, match=r"windows have no ECG.*array_contains"):
        read_windows(store, rows, "ECG")
    with pytest.raises(UsageError, match=r"no channel 'Fp3'.*'Fp"):
        read_windows(store, windows(store, require=["EEG"], overwrite=True), "EEG", channels=["Fp3"])


def test_rates_are_not_mixed_but_can_be_chosen(store):
    put(
        store,
        {
            "a/r": Recording((noise_stream("PPG", 64, [(0, 640)]),)),
            "b/r": Recording((noise_stream("PPG", 25, [(0, 250)], seed=1),)),
        },
    )
    rows = windows(store)
    with pytest.raises(UsageError, match=r"25 Hz in b; 2 s at 64 Hz in a"):
        read_windows(store, rows, "BVP")
    with pytest.raises(UsageError, match="no PPG at 32 Hz"):
        read_windows(store, rows, "PPG", rate_hz=32)
    assert read_windows(store, rows.filter(pl.col("corpus") == "b"), "PPG", rate_hz=25).shape == (5, 1, 50)


def test_of_two_streams_in_one_window_the_caller_says_which(store):
    both = Recording((noise_stream("PPG", 64, [(0, 640)]), noise_stream("PPG", 25, [(0, 250)], ["green"], seed=1)))
    put(store, {"a/r": both})
    rows = windows(store)
    with pytest.raises(UsageError, match=r"a/r#0 at 64 Hz, a/r#1 at 25 Hz"):
        read_windows(store, rows, "PPG")
    by_rate = read_windows(store, rows, "PPG", rate_hz=25)
    np.testing.assert_array_equal(by_rate, read_windows(store, rows, "PPG", channels=["green"]))
    assert by_rate.shape == (5, 1, 50)


def test_units_are_not_mixed(store):
    put(
        store,
        {
            "a/r": Recording((noise_stream("GSR", 4, [(0, 40)]),)),
            "b/r": Recording((noise_stream("GSR", 4, [(0, 40)], ["EDA"], unit="ADC"),)),
        },
    )
    with pytest.raises(UsageError, match="different units: ADC, uS"):
        read_windows(store, windows(store), "EDA")
    assert read_windows(store, store.windows("w").collect(), "EDA", digital=True).shape == (10, 1, 8)


def test_channels_of_one_name_stay_apart(store):
    put(store, {"a/r": Recording((noise_stream("ECG", 10, [(0, 40)], ["ECG", "ECG"]),))})
    read = read_windows(store, windows(store), "ECG")
    assert not np.array_equal(read[:, 0], read[:, 1])


def test_a_window_that_reaches_past_its_stream_is_refused(store, recordings):
    put(store, recordings)
    rows = windows(store, require=["ECG"])[:1].with_columns(
        streams=pl.col("streams").list.eval(
            pl.struct(pl.element().struct.field("stream_no"), start=pl.lit(690, pl.Int64))
        )
    )
    with pytest.raises(StoreError, match="past its stream"):
        read_windows(store, rows, "ECG")


def test_a_flipped_bit_is_damage_not_samples(store, recordings):
    put(store, recordings)
    rows = windows(store, require=["EEG"])
    folder = store.objects.folder
    shard = max(
        (file for file in folder.glob("signals/**/c/**/*") if file.is_file()), key=lambda file: file.stat().st_size
    )
    damaged = bytearray(shard.read_bytes())
    damaged[10] ^= 4
    shard.write_bytes(damaged)
    with pytest.raises(DamageError):
        read_windows(open_store(store.url), rows, "EEG")


def test_one_reader_serves_many_calls(store, recordings):
    put(store, recordings)
    rows = windows(store, require=["EEG"])
    reader = SignalReader(store)
    whole = read_windows(store, rows, "EEG", reader=reader)
    parts = [read_windows(store, one, "EEG", reader=reader) for one in rows.iter_slices(2)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_an_invalid_code_that_the_stored_type_cannot_hold_marks_nothing(store):
    """40000 is -25536 in 16 bits: compared as such, it would hide a true sample."""
    stream = noise_stream("ECG", 100, [(0, 200)], ["II"], gain=1.0, offset=0.0, invalid=40000)
    stream.samples.array[0, :2] = (-25536, 5)
    put(store, {"a/p": Recording((stream,))})
    build_windows(store, "w", length_s=1)
    read = read_windows(store, store.windows("w").collect(), "ECG")
    assert read[0, 0, :2].tolist() == [-25536.0, 5.0]


def test_values_without_an_offset_are_rounded_once_from_float64(store):
    stream = noise_stream("ECG", 100, [(0, 200)], ["I", "II"], gain=0.1234567891, offset=0.0)
    put(store, {"a/p": Recording((stream,))})
    build_windows(store, "w", length_s=1)
    read = read_windows(store, store.windows("w").collect(), "ECG")
    expected = (stream.digital[:, :100].astype(np.float64) * 0.1234567891).astype(np.float32)
    np.testing.assert_array_equal(read[0], expected)
