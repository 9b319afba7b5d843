"""Shipped definitions over real recordings: rebuilt elsewhere to the same hash, and resolved on a copy that differs."""

from __future__ import annotations

import shutil

import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.catalogue import find_definition
from biocurate.curate.manifests.files.document import read_manifest_file
from biocurate.curate.manifests.files.export import export_manifest
from biocurate.curate.manifests.files.rebuild import rebuild
from biocurate.curate.manifests.files.resolve import resolve
from biocurate.curate.splits.rule import HashSplit
from biocurate.engine import engine
from biocurate.errors import ManifestError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe

pytestmark = pytest.mark.corpora


def take_in(store, recipe, root):
    with engine(0) as pool:
        outcome = ingest(make_plan(load_recipe(recipe), root, store), pool, store)
    assert outcome.failures == []
    return store


def part_of_eegmat(corpora, root):
    """Seven persons: copies, so that they may be changed."""
    root.mkdir(parents=True)
    for subject in ("02", "03", "04", "05", "06", "07", "08"):
        for file in (corpora / "eegmat").glob(f"Subject{subject}_*.edf"):
            shutil.copy(file, root)
    shutil.copy(corpora / "eegmat/subject-info.csv", root)
    return root


def part_of_stress_predict(corpora, root):
    """Six exports, one of them without labels, and the labels."""
    (root / "Raw_data").mkdir(parents=True)
    shutil.copytree(corpora / "stress-predict/Processed_data", root / "Processed_data")
    for source in sorted((corpora / "stress-predict/Raw_data").iterdir())[:6]:
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, root / "Raw_data" / source.name)
    return root


@pytest.mark.parametrize(
    ("recipe", "definition", "part"),
    [
        ("eegmat", "eegmat-rest-task", part_of_eegmat),
        ("stress-predict", "stress-predict-stress", part_of_stress_predict),
    ],
)
def test_a_store_made_again_in_another_folder_gives_the_same_hash(
    new_store, corpora, tmp_path, recipe, definition, part
):
    root = part(corpora, tmp_path / "here")
    first = build_manifest(take_in(new_store("one"), recipe, root), find_definition(definition))
    elsewhere = shutil.copytree(root, tmp_path / "far" / "away")
    again = take_in(new_store("two"), recipe, elsewhere)
    assert build_manifest(again, find_definition(definition)).hash == first.hash


def test_resolve_on_a_copy_with_files_renamed_missing_and_altered(new_store, corpora, tmp_path):
    theirs = take_in(new_store("theirs"), "eegmat", part_of_eegmat(corpora, tmp_path / "raw" / "theirs"))
    made = build_manifest(theirs, find_definition("eegmat-rest-task"))
    export_manifest(theirs, made, tmp_path / "file", "csv")
    root = part_of_eegmat(corpora, tmp_path / "raw" / "mine")
    (root / "Subject02_2.edf").rename(root / "Subject20_2.edf")  # another name, and another id
    (root / "Subject03_1_first62s.edf").rename(root / "Subject03_1.edf")  # another name of the same id
    (root / "Subject04_2.edf").unlink()
    altered = bytearray((root / "Subject05_2.edf").read_bytes())
    altered[len(altered) // 2] ^= 1
    (root / "Subject05_2.edf").write_bytes(altered)
    mine = take_in(new_store("mine"), "eegmat", root)
    file = read_manifest_file(tmp_path / "file")
    found = resolve(mine, file)
    told = {row["recording_id"]: (row["status"], row["found"]) for row in found.recordings.to_dicts()}
    assert told == {
        "eegmat/Subject02_2": ("same", "eegmat/Subject20_2"),
        "eegmat/Subject04_2": ("missing", None),
        "eegmat/Subject05_2": ("conflicting", None),
    }
    built = rebuild(mine, file, found, "theirs")
    assert not built.equal
    # 6 windows of each of the 14 recordings, 18 of the one with 182 s; two recordings are not here.
    assert (made.rows.height, built.manifest.rows.height) == (13 * 6 + 18, 11 * 6 + 18)
    assert (built.relabelled, built.left_out) == (0, 0)


@pytest.mark.parametrize(
    ("definition", "recipe", "folder", "windows", "persons", "labels"),
    [
        ("ludb-rhythm", "ludb", "ludb", 68, 68, 5),
        ("cpsc2018-dx", "cpsc2018", "cpsc2018-12lead", 57, 57, 9),
        ("cinc2021-dx", "cinc2021", "cinc2021-12lead", 26, 26, 20),
        # Of the four persons, two have no change of rhythm and so no rhythm at all.
        ("cpsc2021-af", "cpsc2021", "cpsc2021-af", 137, 2, 2),
        ("cogwear-stroop", "cogwear", "cogwear", 150, 11, 2),
        ("welltory-ppg", "welltory", "welltory-ppg", 166, 21, 0),
    ],
)
def test_shipped_definitions_select_from_the_corpora_at_hand(
    store, corpora, definition, recipe, folder, windows, persons, labels
):
    made = build_manifest(take_in(store, recipe, corpora / folder), find_definition(definition))
    assert (made.rows.height, made.rows["person"].n_unique(), len(made.classes)) == (windows, persons, labels)
    assert not made.absent


@pytest.mark.parametrize(
    ("definition", "recipe", "folder", "windows"),
    # Three runs of one person hold imagery in one: 15 cues of a fist. One patient has 8 minutes: 16 windows of 30 s.
    [("eegmmidb-fists", "eegmmidb", "eegmmidb", 15), ("bidmc-pairs", "bidmc", "bidmc-sample", 16)],
)
def test_of_one_person_nothing_is_set_aside(store, corpora, definition, recipe, folder, windows):
    with engine(0) as pool:
        ingest(make_plan(load_recipe(recipe), corpora / folder, store), pool, store)
    with pytest.raises(ManifestError, match="1 persons cannot make 5 folds"):
        build_manifest(store, find_definition(definition))
    alone = HashSplit(fractions={"train": 1})
    made = build_manifest(store, find_definition(definition).model_copy(update={"split": alone}))
    assert made.rows.height == windows
