"""Leakage planted in six ways: a person, an overlap, an exact copy, a renamed, a resampled, a rescaled one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from scipy.signal import butter, resample_poly, sosfilt

from biocurate.curate.leakage.check import content_of, find_leaks
from biocurate.curate.windows.build import build_windows
from biocurate.recording import NS, ArraySamples, Recording
from biocurate.testing.memory import noise_stream, put


@pytest.fixture
def halves(store):
    """Four persons with two recordings each; the first two persons are trained on."""

    def filled(more=None):
        recordings = {f"a/p{number}-{run}": one(10 * number + run) for number in range(4) for run in range(2)}
        persons = {each: each.split("/")[1].split("-")[0] for each in recordings}
        for name, (recording, person) in (more or {}).items():
            recordings[name], persons[name] = recording, person
        put(store, recordings, persons)
        build_windows(store, "w", length_s=5, overwrite=True)
        rows = store.windows("w").collect()
        side = pl.when(pl.col("subject").is_in(["p0", "p1"])).then(pl.lit("train")).otherwise(pl.lit("test"))
        return rows.with_columns(split=side)

    return filled


def one(seed):
    """30 s at 100 Hz of two leads, most of whose power lies below 10 Hz."""
    white = np.random.default_rng(seed).normal(0, 1500, (2, 3000))
    return of(sosfilt(butter(2, 10, fs=100, output="sos"), white), 100)


def of(digital, rate):
    stream = noise_stream("ECG", rate, [(0, digital.shape[1])], ["I", "II"])
    return Recording((replace(stream, samples=ArraySamples(np.rint(digital).astype(np.int16))),))


def kinds(leaks):
    return set(leaks.found["kind"])


def test_persons_apart_are_clean(store, halves):
    leaks = find_leaks(store, halves())
    assert leaks.clean
    assert (leaks.persons, leaks.recordings, leaks.streams, leaks.unseen) == (4, 8, 8, 0)


def test_a_person_on_both_sides(store, halves):
    rows = halves()
    moved = rows.with_columns(
        split=pl.when(pl.col("recording_id") == "a/p3-1").then(pl.lit("train")).otherwise("split")
    )
    leaks = find_leaks(store, moved)
    assert leaks.found.select("kind", "split_a", "a", "split_b").rows() == [("person", "test", "a/p3", "train")]


def test_windows_that_overlap(store, halves):
    halves()
    build_windows(store, "dense", length_s=5, hop_s=2)
    rows = store.windows("dense").collect()
    sides = pl.when(pl.col("t0_ns") < 12 * NS).then(pl.lit("train")).otherwise(pl.lit("test"))
    leaks = find_leaks(store, rows.with_columns(split=sides))
    overlaps = leaks.found.filter(kind="overlap")
    assert overlaps.height == 8
    apart = rows.with_columns(split=sides).filter((pl.col("t0_ns") < 8 * NS) | (pl.col("t0_ns") >= 12 * NS))
    assert kinds(find_leaks(store, apart)) == {"person"}, "apart in time, but of one person"


def test_an_exact_copy_in_another_corpus_under_another_person(store, halves):
    leaks = find_leaks(store, halves({"b/copy": (one(0), "other")}))
    assert kinds(leaks) == {"copy"}
    assert leaks.found.select("split_a", "a", "split_b", "b").rows() == [("train", "a/p0-0", "test", "b/copy")]


def test_a_renamed_person_of_the_same_corpus(store, halves):
    leaks = find_leaks(store, halves({"a/p9-0": (one(11), "p9")}))
    assert leaks.found.select("kind", "a", "b").rows() == [("copy", "a/p1-1", "a/p9-0")]


@pytest.mark.parametrize(
    ("change", "rate"),
    [
        (lambda x: resample_poly(x, 1, 2, axis=1), 50),
        (lambda x: resample_poly(x, 5, 2, axis=1), 250),
        (lambda x: np.rint(x * 0.31), 100),
        (lambda x: 50 - x, 100),
        (lambda x: np.rint(resample_poly(x, 16, 25, axis=1) * 0.5), 64),
    ],
)
def test_a_resampled_or_rescaled_copy(store, halves, change, rate):
    copy = of(change(one(0).streams[0].digital.astype(float)), rate)
    leaks = find_leaks(store, halves({"b/copy": (copy, "other")}))
    assert leaks.found.select("kind", "a", "b").rows() == [("near copy", "a/p0-0", "b/copy")]
    assert leaks.found["alike"][0] > 0.9


def test_what_a_model_was_trained_on_counts_for_all_but_the_training_split(store, halves):
    rows = halves()
    before = content_of(store, rows.filter(pl.col("subject") == "p0"))
    assert find_leaks(store, rows, {"run-1": before}).clean, "p0 is trained on again"
    before = content_of(store, rows.filter(pl.col("subject") == "p3"))
    leaks = find_leaks(store, rows, {"run-1": before})
    assert kinds(leaks) == {"person", "copy"}
    assert set(leaks.found["split_b"]) == {"trained on by run-1"}
    renamed = before.with_columns(person=pl.lit("z/else"), recording_id=pl.lit("z/") + pl.col("recording_id"))
    assert kinds(find_leaks(store, rows, {"run-1": renamed})) == {"copy"}


def test_fingerprints_are_made_once(store, halves):
    rows = halves()
    first = find_leaks(store, rows)
    version = store.tables.version("fingerprints")
    assert find_leaks(store, rows).found.equals(first.found)
    assert store.tables.version("fingerprints") == version
    assert store.tables.scan("fingerprints").collect().height == 8
