"""The same integers are the same samples only under the same gain, offset, unit, invalid code and channel names."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.files.document import read_manifest_file
from biocurate.curate.manifests.files.export import export_manifest
from biocurate.curate.manifests.files.rebuild import rebuild
from biocurate.curate.manifests.files.resolve import resolve
from biocurate.curate.manifests.files.scales import scale_hash
from biocurate.errors import ManifestError

CHANGED = "a/p00-0"


@pytest.fixture
def theirs(filled, define, tmp_path):
    made = build_manifest(filled, define())
    export_manifest(filled, made, tmp_path / "theirs", "csv")
    return read_manifest_file(tmp_path / "theirs")


def otherwise(recordings, stream, **change):
    """Change the channels of a stream of one recording; its integers stay."""
    whole = recordings[CHANGED]
    channels = tuple(replace(channel, **change) for channel in whole.streams[stream].channels)
    return with_channels(recordings, stream, channels)


def with_channels(recordings, stream, channels):
    whole = recordings[CHANGED]
    streams = list(whole.streams)
    streams[stream] = replace(streams[stream], channels=channels)
    return recordings | {CHANGED: replace(whole, streams=tuple(streams))}


def status(found):
    return set(found.rows.filter(pl.col("recording_id") == CHANGED)["status"])


@pytest.mark.parametrize("change", [{"gain": 1.0}, {"offset": 2.0}, {"invalid": -32768}, {"name": "V5"}, {"unit": "V"}])
def test_another_scale_or_name_is_rescaled_and_not_built_from(theirs, new_store, cohort, take, change):
    mine = take(new_store("mine"), otherwise(cohort(), 1, **change))
    found = resolve(mine, theirs)
    # Windows that the ECG does not cover lie on unchanged streams.
    assert status(found) == {"rescaled", "exact"}
    over = found.rows.filter(pl.col("status") == "rescaled")
    assert set(over["sensor_types"]) == {"ECG EEG"}
    assert set(over["recording_id"]) == {CHANGED}
    assert not found.complete
    assert any(f"not built from: {CHANGED}." in note for note in found.notes)
    built = rebuild(mine, theirs, found, "mine")
    assert built.manifest.rows.height == theirs.rows.height - over.height


def test_exchanged_names_are_rescaled(theirs, new_store, cohort, take):
    here = cohort()
    first, second = here[CHANGED].streams[0].channels
    swapped = (replace(first, name=second.name), replace(second, name=first.name))
    found = resolve(take(new_store("mine"), with_channels(here, 0, swapped)), theirs)
    assert status(found) == {"rescaled"}


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "uV", "gain": 500.0, "offset": 1000.0},
        {"label": "ECG II"},
        {"unit_status": "recipe"},
        {"gain": 0.1 + 0.4 + 1e-16, "offset": 1 + 1e-14},
    ],
)
def test_the_same_values_written_otherwise_are_exact(theirs, new_store, cohort, take, change):
    """1000 uV are 1 mV; a file's own label and how sure a unit is change no value."""
    found = resolve(take(new_store("mine"), otherwise(cohort(), 1, **change)), theirs)
    assert found.complete
    assert status(found) == {"exact"}


def test_like_scales_go_before_a_like_name(theirs, new_store, cohort, take):
    here = cohort()
    mine = take(new_store("mine"), otherwise(here, 0, gain=2.0) | {"a/p99-0": here[CHANGED]})
    found = resolve(mine, theirs)
    rows = found.rows.filter(pl.col("recording_id") == CHANGED)
    assert set(rows["status"]) == {"same"}
    assert set(rows["found"]) == {"a/p99-0"}


def test_where_all_is_rescaled_nothing_is_built(theirs, new_store, cohort, take):
    here = otherwise({CHANGED: cohort()[CHANGED]}, 0, gain=2.0)
    mine = take(new_store("mine"), here)
    with pytest.raises(ManifestError, match="under other scales or channel names alone"):
        rebuild(mine, theirs, resolve(mine, theirs), "mine")


def test_a_file_without_scales_resolves_and_says_that_they_were_not_compared(theirs, new_store, cohort, take):
    rows = theirs.path.parent / "rest-task.csv"
    pl.read_csv(rows, infer_schema=False).drop("scales").write_csv(rows)
    said = json.loads(theirs.path.read_text())
    theirs.path.write_text(json.dumps(said | {"sha256": sha256(rows.read_bytes()).hexdigest()}))
    file = read_manifest_file(theirs.path)
    found = resolve(take(new_store("mine"), otherwise(cohort(), 0, gain=2.0)), file)
    assert found.complete
    assert "were not compared" in found.notes[0]


def test_as_typed(theirs, new_store, cohort, take):
    mine = take(new_store("mine"), otherwise(cohort(), 0, gain=2.0))
    done = CliRunner().invoke(app, ["manifest", "resolve", str(theirs.path), "--json", "--store", mine.url])
    said = json.loads(done.stdout)
    assert (done.exit_code, said["complete"]) == (1, False)
    assert {each["status"]: each["windows"] for each in said["counts"]} == {"exact": 138, "rescaled": 6}


FACT = {"names": ["I"], "canonical_units": ["mV"], "scale": [0.5], "shift": [0.0], "invalid": [None]}


@given(st.floats(1e-9, 1e9), st.floats(-1e6, 1e6), st.floats(1.000001, 1e6))
def test_a_hash_is_of_the_scale(scale, count, factor):
    fact = FACT | {"scale": [scale], "shift": [scale * count]}
    assert scale_hash(fact) == scale_hash(dict(fact))
    assert scale_hash(fact) != scale_hash(fact | {"scale": [scale * factor]})
    assert scale_hash(fact) != scale_hash(fact | {"shift": [scale * (count + 0.5)]})
    assert scale_hash(FACT) == scale_hash(FACT | {"shift": [-0.0]})
