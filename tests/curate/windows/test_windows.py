"""Window sets in a store."""

from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest

from biocurate.curate.windows import summary
from biocurate.curate.windows.build import build_windows, list_windows
from biocurate.errors import QueryError, UsageError
from biocurate.recording import NS, Recording, ns_to_samples
from biocurate.store.schema import WINDOWS
from biocurate.store.store import open_store
from biocurate.testing.memory import interval, noise_stream, put


@pytest.fixture
def recordings():
    return {
        "a/r1": Recording(
            (
                noise_stream("EEG", 50, [(0, 3100)], ["Fp1", "Fp2"]),
                noise_stream("ECG", 50, [(0, 1500), (31.0, 1000)]),
            ),
            (interval(0, 25, "rest"), interval(25, 37, "task"), interval(3, 0, "button", "mark")),
        ),
        "b/r1": Recording(
            (noise_stream("PPG", 62.4725, [(0.3, 6247)]), noise_stream("GSR", 4, [(0, 400)])),
            (interval(0, 25, "calm"), interval(0, 60, "left", "side", channel="PPG")),
        ),
        "b/r0": Recording((noise_stream("GSR", 4, [(0, 30)]),)),
    }


def rows(store, name="w"):
    return store.windows(name).sort("window_id").collect()


def test_a_set_has_the_columns_of_the_schema_then_its_labels(store, recordings):
    put(store, recordings)
    made = build_windows(store, "w", length_s=10, labels=["condition"])
    table = store.tables.scan("windows/w").collect()
    plain = pa.schema([*WINDOWS, pa.field("condition", pa.string())])
    assert table.columns == plain.names
    assert pl.DataFrame(plain.empty_table()).schema == table.schema
    assert made.windows == table.height == 16
    assert made.labels.rows() == [
        ("condition", "calm", 2, 1),
        ("condition", "rest", 2, 1),
        ("condition", "task", 3, 1),
        ("condition", None, 9, 2),
    ]


def test_a_summary_is_the_same_whether_its_windows_are_counted_at_once_or_in_pieces(store, recordings, monkeypatch):
    """Recordings, persons, labels and lists of labels that lie across pieces are counted once."""
    put(store, recordings)
    many = {"name": "any", "kind": "condition", "rule": "list"}
    whole = build_windows(store, "w", length_s=2, hop_s=1, labels=["condition", many])
    monkeypatch.setattr(summary, "AT_ONCE", 7)
    pieces = build_windows(store, "w", length_s=2, hop_s=1, labels=["condition", many], overwrite=True)
    assert (pieces.windows, pieces.recordings, pieces.persons) == (whole.windows, whole.recordings, whole.persons)
    assert pieces.combinations.equals(whole.combinations)
    assert pieces.labels.equals(whole.labels)
    table = rows(store)
    assert whole.windows == table.height > 7
    assert whole.recordings == table["recording_id"].n_unique()
    types = table["sensor_types"].list.join("+").value_counts(sort=True).rows()
    assert dict(whole.combinations.select("sensor_types", "windows").rows()) == dict(types)


def test_presence_gaps_and_first_samples(store, recordings):
    put(store, recordings)
    build_windows(store, "w", length_s=10, labels=["condition"])
    eeg = rows(store).filter(pl.col("corpus") == "a")
    present = [types.to_list() for types in eeg["sensor_types"]]
    # The ECG has a gap from 30 to 31 s and ends at 51 s; the EEG goes on to 62 s.
    assert present == [["ECG", "EEG"]] * 3 + [["EEG"], ["ECG", "EEG"], ["EEG"]]
    assert eeg["streams"][4].to_list() == [
        {"stream_no": 0, "start": 2000},
        {"stream_no": 1, "start": 1500 + ns_to_samples(9 * NS, 50)},
    ]
    # The window from 20 to 30 s is half rest, half task: no majority.
    assert eeg["condition"].to_list() == ["rest", "rest", None, "task", "task", "task"]
    ppg = rows(store).filter(pl.col("recording_id") == "b/r1")
    assert [types.to_list() for types in ppg["sensor_types"]] == [["GSR"]] + [["GSR", "PPG"]] * 9
    assert ppg["streams"][9][0]["start"] == ns_to_samples(90 * NS - 300_000_000, 62.4725)


def test_numbers_follow_recording_and_time_whatever_the_batches(store, recordings, monkeypatch):
    put(store, recordings)
    build_windows(store, "w", length_s=5, hop_s=2.5, labels=["condition"])
    monkeypatch.setattr("biocurate.curate.windows.build.BATCH", 7)
    build_windows(store, "small", length_s=5, hop_s=2.5, labels=["condition"])
    whole = rows(store)
    assert whole.equals(rows(store, "small"))
    assert whole["window_id"].to_list() == list(range(whole.height))
    assert whole.equals(whole.sort("recording_id", "t0_ns"))


def test_require_keeps_windows_that_all_cover_and_moves_none(store, recordings):
    put(store, recordings)
    build_windows(store, "every", length_s=10)
    build_windows(store, "both", length_s=10, require=["ECG", "EEG"])
    kept = rows(store, "every").filter(
        pl.col("sensor_types").list.contains("ECG") & pl.col("sensor_types").list.contains("EEG")
    )
    assert rows(store, "both").drop("window_id").equals(kept.drop("window_id"))
    aliased = build_windows(store, "wrist", length_s=10, require=["EDA", "BVP"])
    assert (aliased.windows, aliased.recordings) == (9, 1)


def test_corpora_and_a_condition_choose_recordings(store, recordings):
    put(store, recordings)
    assert build_windows(store, "w", length_s=5, corpora=["b"]).recordings == 2
    made = build_windows(store, "v", length_s=5, corpora=["b"], where="duration_ns > 50e9 -- long ones")
    assert made.recordings == 1


def test_windows_that_have_eeg_and_ecg_are_one_plain_query(store, recordings):
    put(store, recordings)
    build_windows(store, "w10", length_s=10)
    found = store.sql(
        "SELECT corpus, count(*) AS n FROM windows_w10 "
        "WHERE array_contains(sensor_types, 'EEG') AND array_contains(sensor_types, 'ECG') GROUP BY corpus"
    )
    assert found.rows() == [("a", 4)]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"length_s": 1000}, "1000s of any sensor type without a gap.*longest stretches without a gap: .*100 s"),
        ({"length_s": 10, "require": ["EEG", "PPG"]}, "no chosen recording has EEG and PPG together.*1 have ECG\\+EEG"),
        ({"length_s": 10, "require": ["EOG"]}, "no chosen recording has EOG.*ECG, EEG, GSR, PPG"),
        ({"length_s": 10, "labels": ["conditon"]}, "'conditon'.*Did you mean 'condition'"),
        ({"length_s": 10, "labels": ["mark"]}, "no chosen recording has an annotated interval of kind 'mark'"),
        ({"length_s": 10, "labels": ["side"]}, "no chosen recording has an annotated interval of kind 'side'"),
        ({"length_s": 10, "corpora": ["c"]}, "no corpus 'c'.*a, b"),
        ({"length_s": 10, "where": "age > 5"}, "None meets 'age > 5'"),
        ({"length_s": 0}, "longer than 0"),
        ({"length_s": 10, "share": 0.2}, "share"),
        ({"length_s": 10, "require": ["EEGG"]}, "require"),
    ],
)
def test_what_selects_nothing_is_refused_and_nothing_written(store, recordings, options, says):
    put(store, recordings)
    before = store.tables.names(), store.snapshot_id
    with pytest.raises(UsageError, match=f"(?s){says}"):
        build_windows(store, "w", **options)
    assert (store.tables.names(), store.snapshot_id) == before


def test_a_wrong_condition_names_the_nearest_column(store, recordings):
    put(store, recordings)
    with pytest.raises(QueryError, match=r"'corpis'.*Did you mean 'corpus'"):
        build_windows(store, "w", length_s=10, where="corpis = 'a'")


@pytest.mark.parametrize("name", ["../w", "a/b", "", "-w", "w 1", "manifest-w"])
def test_names_stay_in_their_folder(store, recordings, name):
    put(store, recordings)
    with pytest.raises(UsageError):
        build_windows(store, name, length_s=10)


def test_a_label_cannot_take_the_name_of_a_column(store):
    put(store, {"a/r": Recording((noise_stream("GSR", 4, [(0, 40)]),), (interval(0, 10, "x", "subject"),))})
    with pytest.raises(UsageError, match="cannot be called 'subject'"):
        build_windows(store, "w", length_s=5, labels=["subject"])


def test_a_set_is_replaced_only_when_told_and_the_older_one_stays_readable(store, recordings):
    put(store, recordings)
    first = build_windows(store, "w", length_s=10)
    with pytest.raises(UsageError, match="has a window set 'w' already"):
        build_windows(store, "w", length_s=5)
    second = build_windows(store, "w", length_s=5, overwrite=True, labels=["condition"])
    assert second.windows > first.windows
    assert open_store(store.url, at=first.snapshot_id).windows("w").collect().height == first.windows
    with pytest.raises(UsageError, match="both be called windows_w_1"):
        build_windows(store, "w-1", length_s=5)
        build_windows(store, "w_1", length_s=5)


def test_the_list_tells_which_sets_are_stale(store, recordings):
    put(store, recordings)
    build_windows(store, "a", length_s=10, corpora=["a"], labels=["condition"])
    build_windows(store, "b", length_s=5, corpora=["b"])
    put(store, {"b/r1": recordings["b/r1"]}, revision="again")
    listed = list_windows(store).sort("set")
    assert listed.select("set", "length_s", "labels", "stale").rows() == [
        ("a", 10.0, "condition", False),
        ("b", 5.0, "", True),
    ]


def test_a_run_is_recorded(store, recordings):
    put(store, recordings)
    made = build_windows(store, "w", length_s=10)
    run = store.tables.scan("runs").collect().row(-1, named=True)
    assert (run["command"], run["target"], run["done"]) == ("windows", "w", made.windows)
