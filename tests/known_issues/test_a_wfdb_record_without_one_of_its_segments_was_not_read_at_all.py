"""One missing segment lost the whole record; null segments were told nowhere; ``@/1`` that names itself said nonsense.

header(5), "multi-segment records": the record's own header has the length of each segment, so that the place of a
missing one is known.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.errors import SourceError
from biocurate.formats import Source, reader
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recording import Segment
from biocurate.store.store import create_store

WFDB = reader("wfdb")
RECIPE = """
name: tiny
title: Made
licence: none
access: open
citation: none
url: https://example.org
files: {pattern: '(?P<subject>r)\\.hea', reader: wfdb}
"""
SAMPLES = {"a": [1, 2], "b": [3, 4, 5], "c": [6]}


def write(folder: Path, *record: str) -> Path:
    (folder / "r.hea").write_text("\n".join(record))
    for name, samples in SAMPLES.items():
        line = f"{name}.dat 16 200/mV 16 0 {samples[0]} {sum(samples)} 0 II"
        (folder / f"{name}.hea").write_text(f"{name} 1 100 {len(samples)}\n{line}\n")
        (folder / f"{name}.dat").write_bytes(np.array(samples, "<i2").tobytes())
    return folder


def read(folder: Path, **options: str):
    return WFDB.read(Source(folder, "r.hea"), WFDB.Options(**options))


@pytest.mark.parametrize("gone", ["b.hea", "b.dat"])
def test_what_is_there_goes_in_and_the_missing_segment_is_a_gap(gone, tmp_path):
    (write(tmp_path, "r/3 1 100 6", "a 2", "b 3", "c 1") / gone).unlink()
    recording = read(tmp_path)
    [stream] = recording.streams
    assert stream.segments == (Segment(0, 2), Segment(50_000_000, 1))
    assert stream.digital.tolist() == [[1, 2, 6]]
    assert recording.warnings == (
        "a file of segment 2 is missing: 3 frames from frame 2 are a gap",
        "It has 1 gaps without a sample, 0.03 s together.",
    )
    with pytest.raises(SourceError, match=rf"{gone}: is missing; a header names it"):
        read(tmp_path, missing_segments="refuse")


def test_without_any_segment_it_is_a_failure(tmp_path):
    write(tmp_path, "r/2 1 100 5", "a 2", "b 3")
    for name in "ab":
        (tmp_path / f"{name}.dat").unlink()
    with pytest.raises(SourceError, match=r"a\.dat: is missing"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (("r/2 1 100 5", "a 2", "b 3"), ()),
        (("r/4 1 100 12", "a 2", "~ 3", "~ 4", "b 3"), ("It has 1 gaps without a sample, 0.07 s together.",)),
        (("r/4 1 100 17", "~ 10", "a 2", "b 3", "~ 2"), ("It has 2 gaps without a sample, 0.12 s together.",)),
    ],
)
def test_null_segments_are_told_with_their_time(record, said, tmp_path):
    assert read(write(tmp_path, *record)).warnings == said


@pytest.mark.parametrize("itself", [("@/1 1 100 2", "@ 2"), ("r/1 1 100 2", "r 2")])
def test_a_record_that_names_itself_is_refused_in_words(itself, tmp_path):
    name = itself[1].split()[0]
    (tmp_path / f"{name}.hea").write_text("\n".join(itself))
    with pytest.raises(SourceError, match=rf"{name}\.hea: is a record of several segments, and is named as"):
        WFDB.read(Source(tmp_path, f"{name}.hea"), WFDB.Options())


@pytest.mark.parametrize("gone", ["b.hea", "b.dat"])
def test_a_segment_that_arrives_later_is_read_with_the_next_run(gone, tmp_path):
    raw = tmp_path / "raw"
    raw.mkdir()
    kept = (write(raw, "r/3 1 100 6", "a 2", "b 3", "c 1") / gone).read_bytes()
    (raw / gone).unlink()
    (tmp_path / "tiny.yaml").write_text(RECIPE)
    recipe, store = load_recipe(tmp_path / "tiny.yaml"), create_store(str(tmp_path / "store"))

    def run() -> int:
        outcome = ingest(make_plan(recipe, raw, store), InProcess(), store)
        assert not outcome.failures
        return outcome.recordings

    assert (run(), run()) == (1, 0)
    assert store.recording("tiny/r").read("ECG", digital=False).shape == (1, 6)
    (raw / gone).write_bytes(kept)
    assert (run(), run()) == (1, 0)
    assert store.recording("tiny/r").read("ECG", digital=True).tolist() == [[1, 2, 3, 4, 5, 6]]
