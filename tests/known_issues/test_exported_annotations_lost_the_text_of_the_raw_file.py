"""eegmmidb's ``T0`` was exported as ``cue:rest``, and ``Sleep stage W`` twice, as ``stage:W`` and ``stage_rk:W``.

The store kept what a recipe made of an annotation and not the file's own text, so that raw file -> store -> EDF+ was
equal in onsets and durations alone.
"""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path

import edfio
import polars as pl
import pytest

from biocurate.engine import InProcess
from biocurate.export import export, write_edf, write_wfdb
from biocurate.formats import Source, reader
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recipes.words import is_spelt_beside
from biocurate.recording import NS, Annotation, Recording
from biocurate.store.store import Store, create_store
from biocurate.testing.memory import noise_stream

Marks = list[tuple[float, float, str]]


def marks(path: Path) -> Marks:
    """Annotations of a file, by edfio."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = edfio.read_edf(path).annotations
    return sorted((each.onset, each.duration or 0.0, each.text) for each in found if each.text.strip())


def filled(corpus: str, root: Path, folder: Path, limit: int | None = None) -> Store:
    store = create_store(str(folder / "store"))
    outcome = ingest(make_plan(load_recipe(corpus), root, store, limit=limit), InProcess(), store)
    assert not outcome.failures
    return store


@pytest.fixture
def sleep(corpora, tmp_path) -> Path:
    folder = tmp_path / "raw" / "sleep-cassette"
    folder.mkdir(parents=True)
    shutil.copy(corpora / "edfio/short_psg.edf", folder / "SC4001E0-PSG.edf")
    shutil.copy(corpora / "edfio/SC4001EC-Hypnogram.edf", folder / "SC4001EC-Hypnogram.edf")
    return folder.parent


@pytest.mark.corpora
def test_eegmmidbs_cues_have_the_texts_of_the_raw_files(corpora, tmp_path):
    mne = pytest.importorskip("mne")
    store = filled("eegmmidb", corpora / "eegmmidb", tmp_path, limit=3)
    ids = sorted(store.recordings.collect()["recording_id"])
    only = export(store, ids, tmp_path / "file", labels="file")
    both = export(store, ids, tmp_path / "all")
    for recording_id in ids:
        raw = corpora / "eegmmidb" / store.recording(recording_id).row["sources"][0]["path"]
        [path] = only.written[recording_id].files
        assert marks(path) == marks(raw)
        theirs, ours = (mne.read_annotations(each) for each in (raw, path))
        assert [*zip(ours.onset, ours.duration, ours.description, strict=True)] == [
            *zip(theirs.onset, theirs.duration, theirs.description, strict=True)
        ]
        [path] = both.written[recording_id].files
        added = [each for each in marks(path) if each not in marks(raw)]
        assert (len(added), added[0][2].partition(":")[0]) == (1, "task")
        assert both.written[recording_id].notes == ("1 labels are added to the raw file's own annotations",)
        assert only.written[recording_id].notes == ("1 labels that are no text of the raw file's own are left out",)


@pytest.mark.corpora
def test_sleep_edfs_stages_are_written_once_in_the_hypnograms_words(sleep, tmp_path):
    store = filled("sleep-edf", sleep, tmp_path)
    [recording_id] = store.recordings.collect()["recording_id"]
    [path] = export(store, [recording_id], tmp_path / "out").written[recording_id].files
    raw = marks(sleep / "sleep-cassette" / "SC4001EC-Hypnogram.edf")
    # The night is the first 300 s of one; the hypnogram goes on, and what lies outside is told.
    inside = [(onset, min(duration, 300 - onset), text) for onset, duration, text in raw if onset < 300]
    assert marks(path) == inside
    said = store.recording(recording_id).row["warnings"]
    assert "stage: 152 of 153 lie outside the recording and are left out" in said


@pytest.mark.corpora
def test_eegmats_files_have_no_annotations_and_its_labels_are_all_that_is_added(corpora, tmp_path):
    store = filled("eegmat", corpora / "eegmat", tmp_path, limit=2)
    ids = sorted(store.recordings.collect()["recording_id"])
    outcome = export(store, ids, tmp_path / "out", labels="file")
    for recording_id, made in outcome.written.items():
        raw = corpora / "eegmat" / store.recording(recording_id).row["sources"][0]["path"]
        assert marks(made.files[0]) == marks(raw) == []


@pytest.mark.corpora
def test_only_labels_from_the_files_own_annotations_hold_a_text(corpora, tmp_path):
    store = filled("eegmmidb", corpora / "eegmmidb", tmp_path, limit=2)
    rows = store.annotations.collect()
    assert set(rows.filter(pl.col("kind") == "cue")["text"]) <= {"T0", "T1", "T2"}
    assert rows.filter(pl.col("kind") == "task")["text"].null_count() == rows.filter(pl.col("kind") == "task").height


TWICE = (
    Annotation(0, NS, "stage", "W", text="Sleep stage W"),
    Annotation(0, NS, "stage_rk", "W", text="Sleep stage W"),
    Annotation(NS, 0, "mark", "a", text="EEG:on|1"),
    Annotation(NS, 0, "mark", "a", text="EEG:on|1"),
    Annotation(0, 2 * NS, "task", "rest"),
)


def recorded() -> Recording:
    return Recording((noise_stream("EEG", 100.0, [(0.0, 200)]),), annotations=TWICE)


def test_an_annotation_of_the_file_is_written_once_and_two_that_are_equal_twice(tmp_path):
    made = write_edf(recorded(), tmp_path / "r.edf")
    own = [(0.0, 1.0, "Sleep stage W"), (1.0, 0.0, "EEG:on|1"), (1.0, 0.0, "EEG:on|1")]
    assert marks(made.files[0]) == sorted([*own, (0.0, 2.0, "task:rest")])
    made = write_edf(recorded(), tmp_path / "file.edf", labels="file")
    assert marks(made.files[0]) == own


def test_wfdb_has_the_files_own_text_too(tmp_path):
    made = write_wfdb(recorded(), tmp_path, "r", labels="file")
    kinds = sorted(path.suffix[1:] for path in made.files if path.suffix not in (".hea", ".dat"))
    assert kinds == ["mark", "stage"]
    wfdb = reader("wfdb")
    found = wfdb.read(Source(tmp_path, "r.hea"), wfdb.Options(annotators={kind: {} for kind in kinds})).annotations
    assert sorted(each.value for each in found) == ["EEG:on|1", "EEG:on|1", "Sleep stage W [1 s]"]


@pytest.mark.parametrize(
    ("match", "text", "is_kept"),
    [
        ("Lights (on|off)(?:@@.*)?", "Lights on", True),
        ("T[012]", "T1", True),
        ("Sleep stage (?P<value>.).*", "Sleep stage W", True),
        ("Sleep stage (?P<value>.).*", "Sleep stage W, says Dr Zebedee", False),
        (".*(on|off)", "Zebedee turned it off", False),
        ("(on)?.*", "Zebedee", False),
    ],
)
def test_no_text_is_kept_that_the_recipe_does_not_spell(match, text, is_kept):
    assert is_spelt_beside(text, re.compile(match)) == is_kept


def test_an_annotation_of_a_channel_that_the_recording_has_not_is_told(tmp_path):
    """EDF+ "standard texts": ``text@@label``; a file of annotations alone has no signal of that label."""
    mark = Annotation(0, 0, "event", "Lights off", text="Lights off", channel="EEG F4-A1")
    write_edf(Recording((), annotations=(mark,)), tmp_path / "a.edf")
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "{name: r, title: r, licence: r, access: open, citation: r, url: r, "
        "files: {pattern: '(?P<subject>a).edf', reader: edf}, annotations: [{kind: event, match: '.*'}]}"
    )
    loaded = load_recipe(str(recipe))
    read = loaded.read(loaded.units(tmp_path)[0])
    assert [(each.text, each.channel) for each in read.annotations] == [("Lights off", None)]
    assert "1 annotations name a channel that the recording has not; they are kept without it" in read.warnings
