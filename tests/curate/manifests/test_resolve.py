"""A colleague's manifest against a store of one's own."""

from __future__ import annotations

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.files.document import read_manifest_file
from biocurate.curate.manifests.files.export import export_manifest
from biocurate.curate.manifests.files.rebuild import rebuild
from biocurate.curate.manifests.files.resolve import resolve
from biocurate.curate.views.preprocess import preprocess
from biocurate.curate.views.schema import parse_view
from biocurate.errors import ManifestError
from biocurate.recording import Recording
from biocurate.testing.memory import interval


@pytest.fixture
def theirs(filled, define, tmp_path):
    """A colleague's manifest as a file, and as it was built."""
    made = build_manifest(filled, define())
    export_manifest(filled, made, tmp_path / "theirs")
    return made, read_manifest_file(tmp_path / "theirs")


def statuses(found):
    rows = found.rows.select("recording_id", "status", "found").unique().sort("recording_id").iter_rows()
    return {name: (status, where) for name, status, where in rows}


def test_all_of_it_is_here_and_the_hash_is_equal(theirs, new_store, cohort, take):
    made, file = theirs
    mine = take(new_store("mine"), dict(reversed(cohort().items())) | cohort(2, "b", seed=50))
    found = resolve(mine, file)
    assert found.complete
    assert set(found.rows["status"]) == {"exact"}
    built = rebuild(mine, file, found, "from-afar")
    assert built.equal
    assert (built.left_out, built.relabelled, built.asked) == (0, 0, made.rows.height)
    opened = mine.manifest("from-afar")
    assert opened.hash == made.hash
    assert opened.rows["split"].equals(made.rows["split"])
    assert opened.named == made.named


def test_each_way_in_which_a_copy_can_differ(theirs, new_store, cohort, take):
    _, file = theirs
    here, other = cohort(), cohort(seed=500)
    here["a/p99-9"] = here.pop("a/p00-0")  # renamed
    here["a/p01-0"] = other["a/p01-0"]  # altered
    del here["a/p02-0"]  # missing
    here["a/p03-0"], here["a/p03-1"] = here["a/p03-1"], here["a/p03-0"]  # exchanged
    found = resolve(take(new_store("mine"), here), file)
    assert not found.complete
    said = statuses(found)
    assert said["a/p00-0"] == ("same", "a/p99-9")
    assert said["a/p01-0"] == ("conflicting", None)
    assert said["a/p02-0"] == ("missing", None)
    assert said["a/p03-0"] == ("same", "a/p03-1")
    assert [status for status, _ in said.values()].count("exact") == 24 - 5
    counts = {row["status"]: (row["windows"], row["recordings"]) for row in found.counts.to_dicts()}
    assert counts == {"exact": (114, 19), "same": (18, 3), "conflicting": (6, 1), "missing": (6, 1)}
    assert found.recordings.height == 5


def test_one_altered_stream_is_enough(theirs, new_store, cohort, take):
    """Half of the samples in one place and half in another are nowhere."""
    _, file = theirs
    here, other = cohort(), cohort(seed=500)
    mixed = (here["a/p00-0"].streams[0], other["a/p00-0"].streams[1])
    here["a/p98-0"] = Recording((here["a/p00-0"].streams[1],))
    here["a/p00-0"] = Recording(mixed, here["a/p00-0"].annotations)
    found = resolve(take(new_store("mine"), here), file)
    of_both = found.rows.filter((pl.col("recording_id") == "a/p00-0") & (pl.col("sensor_types") == "ECG EEG"))
    assert set(of_both["status"]) == {"conflicting"}
    # Windows that only the unaltered stream covers are here.
    alone = found.rows.filter((pl.col("recording_id") == "a/p00-0") & (pl.col("sensor_types") == "EEG"))
    assert set(alone["status"]) == {"exact"}


def test_what_resolves_is_rebuilt_and_the_hash_is_said_to_be_another(theirs, new_store, cohort, take):
    made, file = theirs
    here = cohort()
    here["b/new-name"] = here.pop("a/p00-0")
    del here["a/p02-0"]
    mine = take(new_store("mine"), here)
    found = resolve(mine, file)
    built = rebuild(mine, file, found, "part")
    assert not built.equal
    assert built.manifest.rows.height == made.rows.height - 6
    moved = built.manifest.rows.filter(pl.col("recording_id") == "b/new-name")
    before = made.rows.filter(pl.col("recording_id") == "a/p00-0")
    for column in ("t0_ns", "label", "split"):
        assert moved[column].equals(before[column])


def test_labels_come_from_here_and_others_than_the_file_s_are_counted(theirs, new_store, cohort, take):
    _, file = theirs
    here = cohort()
    here["a/p00-0"] = Recording(here["a/p00-0"].streams, (interval(0, 10, "rest"), interval(10, 20, "task")))
    mine = take(new_store("mine"), here)
    built = rebuild(mine, file, resolve(mine, file), "mine")
    assert (built.relabelled, built.left_out, built.equal) == (1, 0, False)


def test_labels_that_were_left_out_come_back(filled, define, new_store, cohort, take, tmp_path):
    rows = filled.recordings.collect().with_columns(redistribute=pl.lit(False))
    filled.tables.replace("recordings", rows.to_arrow(), "recording_id", rows["recording_id"].to_list())
    made = build_manifest(filled, define())
    export_manifest(filled, made, tmp_path / "theirs", "csv")
    file = read_manifest_file(tmp_path / "theirs")
    assert file.rows["label"].null_count() == 144
    mine = take(new_store("mine"), cohort())
    built = rebuild(mine, file, resolve(mine, file), "mine")
    assert built.equal
    assert built.manifest.rows["label"].equals(made.rows["label"])


def test_windows_that_cannot_be_cut_here_are_counted(theirs, new_store, cohort, take):
    """Here the second half of a recording has no label, so that the definition has no place for its windows."""
    _, file = theirs
    here = cohort()
    here["a/p00-0"] = Recording(here["a/p00-0"].streams, (interval(0, 15, "rest"),))
    mine = take(new_store("mine"), here)
    built = rebuild(mine, file, resolve(mine, file), "mine")
    assert (built.left_out, built.equal) == (3, False)


def test_nothing_of_it_is_here(theirs, new_store, cohort, take):
    _, file = theirs
    mine = take(new_store("mine"), cohort(2, "b", seed=500))
    found = resolve(mine, file)
    assert set(found.rows["status"]) == {"missing"}
    with pytest.raises(ManifestError, match="none of its samples"):
        rebuild(mine, file, found, "mine")
    assert mine.tables.scan("manifests").collect().is_empty()


def test_a_manifest_of_one_s_own_is_not_replaced_but_the_file_s_is_made_again(theirs, new_store, cohort, take, define):
    _, file = theirs
    here = cohort()
    last = {"a/p02-0": here.pop("a/p02-0")}
    mine = take(new_store("mine"), here)
    kept = build_manifest(mine, define(name="own", where="subject <> 'p05'"))
    with pytest.raises(ManifestError, match="another manifest 'own'"):
        rebuild(mine, file, resolve(mine, file), "own")
    assert mine.manifest("own").hash == kept.hash
    assert not rebuild(mine, file, resolve(mine, file), "theirs").equal
    take(mine, last)
    assert rebuild(mine, file, resolve(mine, file), "theirs").equal


def test_another_recipe_s_reading_of_the_same_samples_is_told(theirs, new_store, cohort):
    from biocurate.testing.memory import put

    _, file = theirs
    mine = new_store("mine")
    recordings = cohort()
    put(mine, recordings, {each: each.split("/")[1].split("-")[0] for each in recordings}, revision="another")
    found = resolve(mine, file)
    assert found.complete
    assert "24 recordings have the same samples" in found.notes[0]
    assert not rebuild(mine, file, found, "mine").equal


def test_windows_of_a_view_are_those_of_what_it_was_made_from(filled, define, new_store, cohort, take, tmp_path):
    view = parse_view({"name": "v", "chains": {"EEG": [{"step": "band", "low_hz": 1, "high_hz": 20}]}})
    preprocess(filled, view)
    made = build_manifest(filled, define(windows={"length": "5s", "view": "v", "edges": True}))
    export_manifest(filled, made, tmp_path / "theirs")
    file = read_manifest_file(tmp_path / "theirs")
    here = cohort()
    here["a/p00-0"] = cohort(seed=500)["a/p00-0"]
    mine = take(new_store("mine"), here)
    without = resolve(mine, file)
    assert set(without.rows["status"]) == {"missing"}
    assert "of the view v-" in without.notes[0]
    preprocess(mine, view)
    found = resolve(mine, file)
    assert statuses(found)["a/p00-0"] == ("conflicting", None)
    assert set(found.rows.filter(pl.col("recording_id") != "a/p00-0")["status"]) == {"exact"}
    assert rebuild(mine, file, found, "mine").manifest.rows.height == made.rows.height - 6


def test_as_typed(theirs, new_store, cohort, take, tmp_path):
    made, _ = theirs
    whole = take(new_store("whole"), cohort())
    words = ["manifest", "resolve", str(tmp_path / "theirs")]
    done = CliRunner().invoke(app, [*words, "--build", "mine", "--store", whole.url])
    assert done.exit_code == 0
    assert f"Its hash is equal: {made.hash}" in done.stdout
    here = cohort()
    del here["a/p02-0"]
    part = take(new_store("part"), here)
    done = CliRunner().invoke(app, [*words, "--store", part.url])
    assert done.exit_code == 1
    assert "missing" in done.stdout
    done = CliRunner().invoke(app, [*words, "--build", "mine", "--json", "--store", part.url])
    assert done.exit_code == 1
    said = json.loads(done.stdout)
    assert said["complete"] is False
    assert {each["status"]: each["windows"] for each in said["counts"]} == {"exact": 138, "missing": 6}
    assert (said["built"]["equal"], said["built"]["windows"]) == (False, 138)
