"""Raw files into a store: whole, once, and nothing lost."""

from __future__ import annotations

import os

import edfio
import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.errors import DamageError, LeaseError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store, open_store
from biocurate.testing.conformance import check_store, contents
from biocurate.verify import verify_deep


def run(corpus, store, **options):
    plan = make_plan(load_recipe(corpus.recipe), corpus.root, store, **options)
    return ingest(plan, InProcess(), store)


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def test_every_integer_of_every_file_is_in_the_store(corpus, store):
    outcome = run(corpus, store)
    assert (outcome.recordings, outcome.failures) == (12, [])
    for path in corpus.root.glob("*.edf"):
        raw = edfio.read_edf(path)
        recording = store.recording(f"tiny/{path.stem}")
        eeg = np.stack([signal.digital for signal in raw.signals[:3]])
        np.testing.assert_array_equal(recording.read("EEG", digital=True), eeg)
        np.testing.assert_array_equal(recording.read("ECG", digital=True)[0], raw.signals[3].digital)
        physical = [signal.data for signal in raw.signals[:3]]
        np.testing.assert_allclose(recording.read("EEG"), physical, rtol=1e-6, atol=1e-6)
    check_store(store)
    compared = verify_deep(store, "tiny", corpus.root, recipe=load_recipe(corpus.recipe))
    assert (compared.recordings, compared.channels, compared.problems) == (12, 48, [])
    assert compared.samples == compared.equal == 12 * 8 * (3 * 256 + 500)


def test_labels_span_the_recording(corpus, store):
    run(corpus, store)
    rows = store.recording("tiny/s03_task").annotations()
    assert rows.select("kind", "value", "onset_ns", "duration_ns").rows() == [("condition", "task", 0, 8_000_000_000)]


def test_a_second_run_does_nothing(corpus, store):
    run(corpus, store)
    before, snapshots = contents(store), store.snapshot_id
    keys = sorted(entry.key for entry in store.objects.list("signals"))
    outcome = run(corpus, store)
    assert (outcome.recordings, outcome.done_before) == (0, 12)
    assert contents(store) == before
    assert store.snapshot_id == snapshots
    assert sorted(entry.key for entry in store.objects.list("signals")) == keys
    assert store.tables.scan("runs").collect().height == 1


def test_a_touched_file_with_the_same_bytes_is_not_read_again(corpus, store):
    run(corpus, store)
    os.utime(corpus.root / "s00_rest.edf", (1, 1))
    assert run(corpus, store).recordings == 0


def test_a_changed_file_replaces_its_rows_and_no_others(corpus, store):
    run(corpus, store)
    old = store.recording("tiny/s00_rest").row["revision"]
    others = [row for row in contents(store)["recordings"] if row["recording_id"] != "tiny/s00_rest"]
    corpus.write("s00_rest", seed=99, seconds=9)
    assert run(corpus, store).recordings == 1
    changed = store.recording("tiny/s00_rest")
    assert changed.row["revision"] != old
    assert changed.row["duration_ns"] == 9_000_000_000
    assert [row for row in contents(store)["recordings"] if row["recording_id"] != "tiny/s00_rest"] == others
    check_store(store)


def test_a_new_file_joins(corpus, store):
    run(corpus, store)
    corpus.write("s06_rest", seed=50)
    assert run(corpus, store).recordings == 1
    check_store(store)


def test_a_removed_file_is_reported_and_kept(corpus, store):
    run(corpus, store)
    (corpus.root / "s00_rest.edf").unlink()
    assert run(corpus, store).gone == ("tiny/s00_rest",)
    assert store.recordings.collect().height == 12


def test_a_changed_label_map_gives_new_rows(corpus, store):
    run(corpus, store)
    corpus.recipe.write_text(corpus.recipe.read_text().replace("task: task", "task: arithmetic"))
    outcome = run(corpus, store)
    assert (outcome.recordings, outcome.rewritten) == (0, 12)
    values = store.annotations.collect()["value"].unique().sort().to_list()
    assert values == ["arithmetic", "rest"]
    check_store(store)


def test_one_bad_file_is_a_failure_row_and_the_others_are_in(corpus, store):
    path = corpus.root / "s02_task.edf"
    path.write_bytes(path.read_bytes()[:-700])
    outcome = run(corpus, store)
    assert outcome.recordings == 11
    [failure] = store.failures.collect().to_dicts()
    assert failure["source"] == "s02_task.edf"
    assert failure["recording_id"] == "tiny/s02_task"
    assert "record" in failure["message"]
    assert failure["mend"]
    check_store(store)


def test_a_failed_file_is_tried_again_when_it_changes_or_when_asked(corpus, store):
    path = corpus.root / "s02_task.edf"
    whole = path.read_bytes()
    path.write_bytes(b"0" + b" " * 7 + b"no header" * 1000)
    os.utime(path, (1, 1))
    run(corpus, store)
    assert (run(corpus, store).recordings, len(run(corpus, store).failures)) == (0, 0)
    assert len(run(corpus, store, retry_failed=True).failures) == 1
    path.write_bytes(whole)
    assert run(corpus, store).recordings == 1
    assert store.failures.collect().is_empty()
    check_store(store)


def test_a_limit_reads_the_first_recordings(corpus, store):
    assert run(corpus, store, limit=5).recordings == 5
    assert run(corpus, store).recordings == 7


def test_in_process_and_on_dask_give_the_same_store(corpus, store, tmp_path):
    from biocurate.engine import engine

    run(corpus, store)
    other = create_store(str(tmp_path / "other"))
    plan = make_plan(load_recipe(corpus.recipe), corpus.root, other)
    with engine(workers=2) as pool:
        ingest(plan, pool, other)
    check_store(other)
    assert contents(other) == contents(store)


def test_two_ingests_at_once_are_refused(corpus, store):
    with store.lease("biocurate ingest other"), pytest.raises(LeaseError, match="other"):
        run(corpus, store)


def test_a_deleted_shard_is_reported_by_reading_and_by_verify_and_mended_by_repair(corpus, store):
    from biocurate.store.arrays import open_array
    from biocurate.store.verify import verify

    run(corpus, store)
    part = store.recording("tiny/s00_rest").streams["part"][0]
    next((store.objects.folder / f"signals/{part}.zarr").rglob("c/0/0")).unlink()
    open_array.cache_clear()
    with pytest.raises(DamageError, match=part):
        open_store(store.url).recording("tiny/s00_rest").read("EEG")
    assert any(part in problem["where"] for problem in verify(store, InProcess()).problems)
    assert run(corpus, store).recordings == 0
    assert run(corpus, store, repair=True).recordings == 12
    check_store(store)


def test_no_date_and_no_name_of_a_person_is_anywhere_in_the_store(corpus, store):
    """The header names a person and a date; neither may reach a table, a part or a log."""
    from datetime import date, time

    path = corpus.root / "s05_rest.edf"
    edf = edfio.Edf(
        edfio.read_edf(path).signals,
        patient=edfio.Patient(name="Quintilia_Zebedee", code="MRN-774411", birthdate=date(1931, 2, 3), sex="F"),
        recording=edfio.Recording(startdate=date(2011, 7, 13), hospital_administration_code="ADM-9913"),
        starttime=time(13, 37, 42),
        annotations=[edfio.EdfAnnotation(1.0, None, "called Mr Aurelio Quent")],
    )
    edf.write(path)
    assert run(corpus, store).recordings == 12
    haystack = [path.read_bytes() for path in store.objects.folder.rglob("*") if path.is_file()]
    rows = str([store.tables.scan(name).collect().to_dicts() for name in store.tables.names()])
    for secret in ("Quintilia", "Zebedee", "MRN-774411", "1931", "2011-07-13", "13-JUL-2011", "ADM-9913", "Aurelio"):
        assert secret not in rows
        assert not any(secret.encode() in data for data in haystack)
    assert store.recording("tiny/s05_rest").row["sex"] == "F"
