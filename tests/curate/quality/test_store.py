"""Quality in the store: a table a window set, that follows its set and goes stale with its recordings."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from biocurate.curate.quality import build, measures, register, score
from biocurate.curate.quality.block import Judged
from biocurate.curate.quality.build import score_set
from biocurate.curate.quality.listing import quality_rows, show_quality
from biocurate.curate.quality.reasons import Reason
from biocurate.curate.quality.registry import KNOWN
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.curate.windows.build import build_windows
from biocurate.curate.windows.reading import read_windows
from biocurate.engine import engine
from biocurate.errors import StaleError, UsageError
from biocurate.store.quality_schema import QUALITY
from biocurate.testing.memory import put
from biocurate.upkeep.withdraw import forget

KEY = ["recording_id", "t0_ns", "stream_no", "index"]


def rows_of(store, name="w10"):
    return quality_rows(store, name).collect().sort(KEY)


def test_each_channel_of_each_window_has_a_row_with_the_values_of_its_samples(stored):
    outcome = score_set(stored, "w10")
    rows = rows_of(stored)
    assert outcome.judged == rows.height == 3 * 4 * 3
    assert set(QUALITY.names) | {each.column for each in measures()} == set(rows.columns)
    windows = stored.windows("w10").collect().sort("recording_id", "t0_ns")
    expected = score(read_windows(stored, windows, "ECG"), 100.0, "ECG", "mV")
    ecg = rows.filter(pl.col("sensor_type") == "ECG")
    assert ecg["channel"].to_list() == ["I", "II"] * 12
    assert ecg["reason"].to_list() == expected.reason.ravel().tolist()
    for name, values in expected.columns.items():
        np.testing.assert_allclose(ecg[name].to_numpy(), values.ravel(), atol=1e-6, err_msg=name)
    assert ecg["gsr_sqi_v1"].null_count() == ecg.height


def test_an_electrode_that_is_off_is_flat_and_its_index_0(stored):
    score_set(stored, "w10")
    off = rows_of(stored).filter(recording_id="a/two", channel="II").filter(pl.col("t0_ns") >= 20_000_000_000)
    assert off["reason"].to_list() == ["flat", "flat"]
    assert off["ecg_sqi_v1"].to_list() == [0.0, 0.0]
    assert off["flat_v1"].to_list() == [1.0, 1.0]


def test_a_second_run_judges_nothing_and_publishes_nothing(stored):
    first = score_set(stored, "w10")
    again = score_set(stored, "w10")
    assert (again.judged, again.snapshot_id) == (0, first.snapshot_id)
    assert again.there_before == 3 * 4 * 2


def test_workers_find_the_same(stored, new_store, recordings):
    score_set(stored, "w10")
    other = new_store("other")
    put(other, recordings)
    build_windows(other, "w10", length_s=10, labels=["condition"])
    with engine(1) as pool:
        score_set(other, "w10", pool=pool)
    assert rows_of(other).equals(rows_of(stored))


def test_a_killed_run_goes_on_where_it_stopped(stored, monkeypatch):
    whole = build.tasks

    def first_only(store, spans, workers):
        yield next(whole(store, spans, workers))
        raise KeyboardInterrupt

    monkeypatch.setattr(build, "tasks", first_only)
    with pytest.raises(KeyboardInterrupt):
        score_set(stored, "w10")
    monkeypatch.undo()
    before = rows_of(stored).height
    outcome = score_set(stored, "w10")
    assert 0 < before < 36
    assert outcome.judged == 36 - before
    assert rows_of(stored).select(KEY).is_duplicated().sum() == 0


def test_it_follows_its_window_set(stored):
    score_set(stored, "w10")
    before = rows_of(stored)
    build_windows(stored, "w10", length_s=10, corpora=["b"], overwrite=True)
    outcome = score_set(stored, "w10")
    after = rows_of(stored)
    assert outcome.judged == 0
    assert set(after["recording_id"]) == {"b/three"}
    numbers = stored.windows("w10").collect()["window_id"]
    assert set(after["window_id"]) == set(numbers)
    assert after.drop("window_id").equals(before.filter(recording_id="b/three").drop("window_id"))


def test_all_are_judged_anew_once_a_measure_has_joined(stored):
    score_set(stored, "w10")
    before = dict(KNOWN)
    try:

        @register("test_new", version=1, source="none")
        def new(block):
            """A third."""
            return Judged(np.full(block.rows, 1 / 3), np.full(block.rows, Reason.OK, dtype=np.int8))

        assert score_set(stored, "w10").judged == 36
        assert rows_of(stored)["test_new_v1"].to_list() == pytest.approx([1 / 3] * 36)
    finally:
        KNOWN.clear()
        KNOWN.update(before)


def test_it_is_stale_once_a_recording_has_been_replaced(stored, recordings):
    score_set(stored, "w10")
    assert stored.sql("SELECT count(*) AS n FROM quality_w10")["n"][0] == 36
    put(stored, {"a/one": recordings["a/two"]})
    with pytest.raises(StaleError, match="quality of window set 'w10'"):
        stored.sql("SELECT * FROM quality_w10")
    with pytest.raises(StaleError, match="window set 'w10'"):
        score_set(stored, "w10")


def test_a_person_who_is_forgotten_leaves_it(stored):
    score_set(stored, "w10")
    forget(stored, "a/two")
    assert set(rows_of(stored)["recording_id"]) == {"a/one", "b/three"}


def test_windows_of_a_view_are_judged_by_the_views_samples_and_without_limits(stored):
    chain = [{"step": "band", "low_hz": 1, "high_hz": 20, "order": 2}]
    preprocess(stored, parse_view({"name": "v", "chains": {"ECG": chain}}))
    build_windows(stored, "v5", length_s=5, view="v")
    outcome = score_set(stored, "v5")
    windows = stored.windows("v5").collect().sort("recording_id", "t0_ns")
    rows = rows_of(stored, "v5")
    assert outcome.judged == rows.height == 2 * windows.height
    assert rows["view"].null_count() == 0
    expected = score(read_windows(stored, windows, "ECG"), 100.0, "ECG")
    np.testing.assert_allclose(rows["drift_v1"].to_numpy(), expected.columns["drift_v1"].ravel(), atol=1e-6)
    assert rows["out_of_range_v1"].null_count() == rows.height
    # A set of the same name over what was recorded holds other samples at the same times.
    build_windows(stored, "v5", length_s=5, overwrite=True)
    assert score_set(stored, "v5").there_before == 0


def test_what_was_not_judged_cannot_be_shown(stored):
    with pytest.raises(UsageError, match="has not been judged") as caught:
        show_quality(stored, "w10")
    assert "biocurate quality score w10" in (caught.value.mend or "")
    with pytest.raises(UsageError, match="no window set 'w11'"):
        score_set(stored, "w11")


def test_shown_are_the_measures_of_each_sensor_type(stored):
    score_set(stored, "w10")
    shown = show_quality(stored, "w10")
    ecg = shown.filter(corpus="a", sensor_type="ECG")
    assert set(ecg["measure"]) == {each.column for each in measures() if each.is_for("ECG")}
    assert ecg.filter(measure="flat_v1")["p95"][0] == 1.0
