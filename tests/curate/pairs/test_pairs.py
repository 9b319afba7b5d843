"""Sets of pairs in a store."""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.pairs.build import build_pairs, combinations
from biocurate.curate.pairs.together import together
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.errors import ManifestError, StaleError, UsageError
from biocurate.recording import NS, Recording
from biocurate.store.pair_schema import CLOCKS, PAIRS
from biocurate.store.schema import cast
from biocurate.testing.memory import interval, noise_stream, put
from biocurate.upkeep import forget


@pytest.fixture
def recordings():
    return {
        "a/r1": Recording(
            (
                noise_stream("EEG", 50, [(0, 3100)], ["Fp1", "Fp2"]),
                noise_stream("ECG", 62.4725, [(0.3, 1800), (31.0, 1300)]),
            ),
            (interval(0, 25, "rest"), interval(25, 37, "task")),
        ),
        "b/r1": Recording((noise_stream("PPG", 64, [(0, 6400)]), noise_stream("GSR", 4, [(0, 400)]))),
        "c/r1": Recording(
            (
                noise_stream("PPG", 64, [(0, 6400)]),
                noise_stream("PPG", 25, [(0, 2500)], ["green"], clock="watch"),
                noise_stream("GSR", 4, [(0, 400)]),
            )
        ),
    }


def pairs(store, name="w"):
    return store.pairs(name).sort("pair_id").collect()


def know(store, offset_s, ppm=0.0, uncertainty_ms=8):
    """Put an estimate of the watch's clock into the store."""
    live = store.recordings.filter(pl.col("recording_id") == "c/r1").collect().row(0, named=True)
    start, end = round(offset_s * NS), round((offset_s + 100 * ppm * 1e-6) * NS)
    row = {
        "recording_id": "c/r1",
        "revision": live["revision"],
        "clock": "watch",
        "status": "estimated",
        "method": "beats",
        "knots": [{"t_ns": 0, "offset_ns": start}, {"t_ns": 100 * NS, "offset_ns": end}],
        "uncertainty_ns": uncertainty_ms * 1_000_000,
    }
    store.tables.replace("clocks", cast([row], CLOCKS), "recording_id", ["c/r1"])


def test_pairs_have_the_columns_of_the_schema(store, recordings):
    put(store, recordings)
    build_windows(store, "w", length_s=10)
    build_pairs(store, "w", ["EEG", "ECG"])
    assert pairs(store).columns == PAIRS.names
    assert pairs(store)["pair_id"].to_list() == list(range(pairs(store).height))


def test_on_one_clock_each_stream_has_the_windows_own_first_sample(store, recordings):
    put(store, recordings)
    build_windows(store, "w", length_s=10)
    made = build_pairs(store, "w", ["ECG", "EEG"])
    found = pairs(store)
    # The ECG lies from 0.3 to 29.1 s and from 31.0 to 51.8 s.
    assert found["t0_ns"].to_list() == [10 * NS, 40 * NS]
    assert (made.pairs, made.windows) == (2, 2)
    of_window = {
        (row["window_id"], each["stream_no"]): each["start"]
        for row in store.windows("w").collect().iter_rows(named=True)
        for each in row["streams"]
    }
    for row in found.iter_rows(named=True):
        assert row["start_a"] == of_window[row["window_id"], row["stream_a"]]
        assert row["start_b"] == of_window[row["window_id"], row["stream_b"]]
        assert (row["sensor_a"], row["sensor_b"], row["method"], row["uncertainty_ns"]) == (
            "ECG",
            "EEG",
            "shared-clock",
            0,
        )
        assert row["offset_ns"] == 0


def test_the_residual_is_what_remains_between_two_true_times(store, recordings):
    """Half a sample of each at most; here that of the ECG, whose grid is 62.4725 Hz from 0.3 s on."""
    put(store, recordings)
    build_windows(store, "w", length_s=10)
    build_pairs(store, "w", ["ECG", "EEG"])
    first = pairs(store).row(0, named=True)
    ecg_ns = round(0.3 * NS) + round(first["start_a"] * NS / 62.4725)
    assert first["residual_ns"] == ecg_ns - first["start_b"] * NS // 50
    assert pairs(store)["residual_ns"].abs().max() <= NS / 62.4725 / 2 + NS / 50 / 2


def test_a_device_of_unknown_clock_is_declared_and_its_uncertainty_not_known(store, recordings):
    put(store, recordings)
    build_windows(store, "w", length_s=10)
    build_pairs(store, "w", ["PPG", "PPG"])
    found = pairs(store)
    assert found["recording_id"].unique().to_list() == ["c/r1"]
    assert found["method"].unique().to_list() == ["declared"]
    assert found["uncertainty_ns"].null_count() == found.height == 10
    assert store.sql("SELECT * FROM pairs_w WHERE uncertainty_ns < 20000000").is_empty()


def test_a_known_clock_moves_the_second_streams_samples(store, recordings):
    """t = a + b t': at 2 s and 50 ppm, a watch's sample of recording time t was stamped 2 s earlier."""
    put(store, recordings)
    know(store, offset_s=2.0, ppm=50)
    build_windows(store, "w", length_s=10)
    build_pairs(store, "w", ["PPG", "PPG"])
    found = pairs(store)
    # The watch's first sample is of 2 s, so the window at 0 has no partner; that at 90 s has, up to 102 s.
    assert found["t0_ns"].to_list() == [n * 10 * NS for n in range(1, 10)]
    for row in found.iter_rows(named=True):
        device_s = (row["t0_ns"] / NS - 2.0) / (1 + 50e-6)
        assert row["start_b"] == round(device_s * 25)
        assert row["offset_ns"] == pytest.approx(2e9 + 50e-6 * row["start_b"] / 25 * 1e9, abs=10)
        true_b = row["start_b"] / 25 * NS + row["offset_ns"]
        assert row["residual_ns"] == pytest.approx(row["t0_ns"] - true_b, abs=10)
        assert abs(row["residual_ns"]) <= NS / 25 / 2 + 10
    assert found["drift_ppm"].to_list() == pytest.approx([50.0] * 9)
    assert found["uncertainty_ns"].unique().to_list() == [8_000_000]
    assert found["method"].unique().to_list() == ["beats"]


def test_a_device_is_paired_with_another_sensor_of_the_other_device(store, recordings):
    put(store, recordings)
    know(store, offset_s=-2.0)
    build_windows(store, "w", length_s=10, corpora=["c"])
    build_pairs(store, "w", ["PPG", "GSR"])
    found = pairs(store).group_by("stream_a", "method").agg(pl.len()).sort("stream_a").rows()
    assert found == [(0, "shared-clock", 10), (1, "beats", 9)]  # the watch begins 2 s before the GSR does


def test_three_sensors_make_three_pairs_a_window_or_none(store):
    wrist = (
        noise_stream("PPG", 64, [(0, 6400)]),
        noise_stream("GSR", 4, [(0, 400)]),
        noise_stream("ACC", 32, [(20, 1600)], ["x", "y", "z"]),
    )
    put(store, {"a/r": Recording(wrist)})
    build_windows(store, "w", length_s=10)
    made = build_pairs(store, "w", ["BVP", "EDA", "ACC"])
    assert (made.windows, made.windows_without, made.pairs) == (5, 5, 15)
    assert pairs(store).group_by("window_id").agg(pl.len())["len"].unique().to_list() == [3]
    both = sorted(combinations(store.pairs("w")).select("sensor_a", "sensor_b").rows())
    assert both == [("GSR", "ACC"), ("PPG", "ACC"), ("PPG", "GSR")]
    assert pairs(store)["rate_a_hz"].unique().sort().to_list() == [4.0, 64.0]


def test_labels_come_through_the_window(store, recordings):
    put(store, recordings)
    build_windows(store, "w", length_s=10, labels=["condition"])
    build_pairs(store, "w", ["EEG", "ECG"])
    found = store.sql(
        "SELECT w.condition, count(*) AS n FROM pairs_w p JOIN windows_w w ON p.window_id = w.window_id "
        "GROUP BY w.condition ORDER BY w.condition"
    )
    assert found.rows() == [("rest", 1), ("task", 1)]


def test_pairs_of_a_replaced_recording_are_refused(store, recordings):
    put(store, recordings)
    build_windows(store, "w", length_s=10)
    build_pairs(store, "w", ["EEG", "ECG"])
    put(store, {"a/r1": recordings["a/r1"]}, revision="another")
    with pytest.raises(StaleError, match="set of pairs 'w'"):
        store.pairs("w")
    with pytest.raises(StaleError):
        store.sql("SELECT * FROM pairs_w")
    with pytest.raises(StaleError):
        build_pairs(store, "w", ["EEG", "ECG"], overwrite=True)


def test_an_estimate_of_a_replaced_recording_counts_no_more(store, recordings):
    put(store, recordings)
    know(store, offset_s=2.0)
    assert store.clocks.collect().height == 1
    put(store, {"c/r1": recordings["c/r1"]}, revision="another")
    assert store.clocks.collect().is_empty()
    assert store.sql("SELECT * FROM clocks").is_empty()


@pytest.mark.parametrize(
    ("sensors", "says"),
    [(["EEG"], "two sensor types"), (["EEG", "EMG"], "no window has EEG and EMG"), (["EEG", "EKGG"], "EKGG")],
)
def test_what_cannot_be_paired_is_said(store, recordings, sensors, says):
    put(store, recordings)
    build_windows(store, "w", length_s=10)
    with pytest.raises(UsageError, match=says):
        build_pairs(store, "w", sensors)
    assert "pairs/w" not in store.tables.names()


def test_a_set_is_named_and_not_overwritten_unasked(store, recordings):
    put(store, recordings)
    with pytest.raises(UsageError, match="no window set 'w'"):
        build_pairs(store, "w", ["EEG", "ECG"])
    build_windows(store, "w", length_s=10)
    build_pairs(store, "w", ["EEG", "ECG"])
    with pytest.raises(UsageError, match="has pairs already"):
        build_pairs(store, "w", ["EEG", "ECG"])
    build_pairs(store, "w", ["PPG", "GSR"], overwrite=True)
    assert pairs(store)["sensor_a"].unique().to_list() == ["PPG"]


def test_hours_together_are_those_of_the_streams(store, recordings):
    put(store, recordings)
    found = {(row["corpus"], row["sensors"]): row for row in together(store).iter_rows(named=True)}
    both = 1800 / 62.4725 + 1300 / 62.4725
    assert found["a", "ECG+EEG"]["hours"] * 3600 == pytest.approx(both, abs=1e-6)
    assert found["a", "EEG"]["hours"] * 3600 == pytest.approx(62 - both, abs=1e-6)
    assert found["c", "GSR+PPG"]["hours"] * 3600 == pytest.approx(100)
    assert found["c", "GSR+PPG"]["clocks"] == 2
    assert found["b", "GSR+PPG"]["clocks"] == 1
    assert sum(row["hours"] for row in found.values()) * 3600 == pytest.approx(262)


def test_a_manifest_asks_for_pairs(store, recordings):
    """What is only declared has no uncertainty, and does not meet the most that is allowed."""
    put(store, recordings)
    windows = {"length": "10s"}
    split = {"fractions": {"all": 1.0}}

    def built(**rule):
        fields = {"name": "m", "windows": windows, "pairs": rule, "split": split}
        return (
            build_manifest(store, parse_definition(fields))
            .rows.group_by("recording_id")
            .len()
            .sort("recording_id")
            .rows()
        )

    assert built(sensors=["PPG", "GSR"]) == [("b/r1", 10), ("c/r1", 10)]
    assert built(sensors=["ECG", "EEG"], min_rate_hz=50) == [("a/r1", 2)]
    assert built(sensors=["PPG", "PPG"]) == [("c/r1", 10)]
    know(store, offset_s=2.0)
    assert built(sensors=["PPG", "PPG"], max_uncertainty="8ms", min_rate_hz=25) == [("c/r1", 9)]
    with pytest.raises(ManifestError, match="PPG and PPG at 30 Hz or more, uncertainty up to 7 ms"):
        built(sensors=["PPG", "PPG"], max_uncertainty="7ms", min_rate_hz=30)
    with pytest.raises(ManifestError, match=r"pairs\.sensors"):
        built(sensors=["PPG"])


def test_pairs_of_a_window_set_that_was_cut_anew_are_refused(store, recordings):
    """Numbers of windows mean something in one cut only: joined on them, labels would be wrong in silence."""
    put(store, recordings)
    build_windows(store, "w", length_s=10)
    build_pairs(store, "w", ["EEG", "ECG"])
    build_windows(store, "w", length_s=10, overwrite=True)
    assert pairs(store).height == 2  # the same cut: the same windows under the same numbers
    build_windows(store, "w", length_s=5, overwrite=True)
    with pytest.raises(StaleError, match="cut anew"):
        store.pairs("w")
    with pytest.raises(StaleError, match="cut anew"):
        store.sql("SELECT * FROM pairs_w")
    build_pairs(store, "w", ["EEG", "ECG"], overwrite=True)
    assert pairs(store)["duration_ns"].unique().to_list() == [5 * NS]


def test_windows_of_a_view_are_paired_at_the_views_rate_and_by_the_devices_clock(store, recordings):
    put(store, recordings)
    chain = [{"step": "resample", "rate_hz": 20}]
    preprocess(store, parse_view({"name": "v", "chains": {"PPG": chain}}))
    build_windows(store, "w", length_s=10, view="v", corpora=["c"])
    build_pairs(store, "w", ["PPG", "PPG"])
    found = pairs(store)
    assert found.select("rate_a_hz", "rate_b_hz", "method").unique().rows() == [(20.0, 20.0, "declared")]
    assert found.height == store.windows("w").collect().height


def test_a_person_who_is_forgotten_leaves_pairs_and_clocks(store, recordings):
    put(store, recordings)
    know(store, offset_s=2.0)
    build_windows(store, "w", length_s=10)
    build_pairs(store, "w", ["PPG", "GSR"])
    forget(store, "c/r1")
    assert pairs(store)["recording_id"].unique().to_list() == ["b/r1"]
    assert store.tables.scan("clocks").collect().is_empty()
