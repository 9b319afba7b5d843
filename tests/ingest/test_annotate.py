"""`annotate`: labels that are added later stay, whatever is ingested again, and change nothing the second time."""

from __future__ import annotations

import json
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biocurate.curate.windows.build import build_windows
from biocurate.engine import InProcess
from biocurate.errors import StaleError, UsageError
from biocurate.ingest import ingest, make_plan
from biocurate.ingest.annotate import annotate
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store
from biocurate.testing.conformance import check_store, contents

S = 10**9


@pytest.fixture
def store(corpus, tmp_path):
    made = create_store(str(tmp_path / "store"))
    run(corpus, made)
    return made


def run(corpus, store, **options):
    return ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store, **options), InProcess(), store)


@pytest.fixture
def table(tmp_path):
    def write(text: str, name: str = "labels.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def added(store, kind: str) -> list[tuple]:
    rows = store.annotations.filter(pl.col("kind") == kind).sort("recording_id", "onset_ns").collect()
    return rows.select("recording_id", "onset_ns", "duration_ns", "value", "number", "channel").rows()


def test_a_label_without_an_onset_spans_its_recording(store, table):
    done = annotate(store, "tiny", table("recording_id,value\ntiny/s00_rest,well\n"), kind="health")
    assert (done.labels, done.recordings, done.changed) == (1, 1, 1)
    assert added(store, "health") == [("tiny/s00_rest", 0, 8 * S, "well", None, None)]
    assert len(done.unlabelled) == 11
    check_store(store)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_columns_between_any_sign_that_spreadsheets_write(store, table, sign):
    text = "recording_id,onset_s,value\ntiny/s00_rest,1.5,well\n".replace(",", sign)
    assert annotate(store, "tiny", table("\ufeff" + text), kind="health").labels == 1
    assert added(store, "health") == [("tiny/s00_rest", 15 * S // 10, 0, "well", None, None)]


def test_spans_instants_numbers_and_channels(store, table):
    text = "recording,onset_s,duration_s,kind,value,number,channel\ns00_rest,1.5,2.25,stage,N2,,\n"
    text += "s00_rest,3,,event,blink,,Fp1\ns01_rest,0,8,score,,7.5,\n"
    annotate(store, "tiny", table(text))
    assert added(store, "stage") == [("tiny/s00_rest", 1_500_000_000, 2_250_000_000, "N2", None, None)]
    assert added(store, "event") == [("tiny/s00_rest", 3 * S, 0, "blink", None, "Fp1")]
    assert added(store, "score") == [("tiny/s01_rest", 0, 8 * S, "7.5", 7.5, None)]


def test_a_subjects_label_is_of_all_its_recordings(store, table):
    annotate(store, "tiny", table("subject\tvalue\n03\t61\n", "age.tsv"), kind="age_group")
    assert [(row[0], row[3], row[4]) for row in added(store, "age_group")] == [
        ("tiny/s03_rest", "61", 61.0),
        ("tiny/s03_task", "61", 61.0),
    ]


def test_a_second_time_changes_nothing(store, table):
    path = table("subject,value\n03,well\n04,ill\n")
    annotate(store, "tiny", path, kind="health")
    before, snapshot = contents(store), store.snapshot_id
    done = annotate(store, "tiny", path, kind="health")
    assert (done.changed, done.snapshot_id) == (0, snapshot)
    assert contents(store) == before
    assert store.tables.scan("runs").filter(pl.col("command") == "annotate").collect().height == 1


def test_more_recordings_of_a_kind_join_and_other_words_need_replace(store, table):
    annotate(store, "tiny", table("subject,value\n03,well\n04,ill\n"), kind="health")
    annotate(store, "tiny", table("subject,value\n05,well\n"), kind="health")
    before = contents(store)
    with pytest.raises(UsageError, match="2 recordings have other labels"):
        annotate(store, "tiny", table("subject,value\n03,ill\n"), kind="health")
    assert contents(store) == before
    annotate(store, "tiny", table("subject,value\n03,ill\n"), kind="health", replace=True)
    assert {(row[0], row[3]) for row in added(store, "health")} == {("tiny/s03_rest", "ill"), ("tiny/s03_task", "ill")}
    check_store(store)


def test_labels_survive_a_changed_recipe_a_changed_file_and_a_repair(corpus, store, table):
    annotate(store, "tiny", table("subject,value\n03,well\n"), kind="health")
    expected = added(store, "health")
    assert run(corpus, store).done_before == 12
    corpus.recipe.write_text(corpus.recipe.read_text().replace("task: task", "task: other"))
    assert run(corpus, store).rewritten == 12
    assert added(store, "health") == expected
    corpus.write("s03_rest", seed=77, seconds=9)
    assert run(corpus, store).recordings == 1
    assert [(row[0], row[2]) for row in added(store, "health")] == [("tiny/s03_rest", 9 * S), ("tiny/s03_task", 8 * S)]
    check_store(store)


def test_a_store_that_was_labelled_and_ingested_anew_has_the_same_rows(corpus, store, table, tmp_path):
    """Labels first and recipe later, or the other way round."""
    path = table("subject,value\n03,well\n")
    annotate(store, "tiny", path, kind="health")
    corpus.recipe.write_text(corpus.recipe.read_text().replace("task: task", "task: other"))
    run(corpus, store)
    other = create_store(str(tmp_path / "other"))
    run(corpus, other)
    annotate(other, "tiny", path, kind="health")
    assert contents(store) == contents(other)


def test_windows_of_a_recording_that_got_a_label_are_stale(store, table):
    """What a window says of a recording's labels was true of the revision that it was cut from."""
    build_windows(store, "w", length_s=2.0)
    annotate(store, "tiny", table("subject,value\n03,well\n"), kind="health")
    with pytest.raises(StaleError, match="2 recordings"):
        store.windows("w").collect()
    build_windows(store, "w", length_s=2.0, labels=["health"], overwrite=True)
    labels = store.windows("w").collect().filter(pl.col("health").is_not_null())
    assert set(labels["recording_id"]) == {"tiny/s03_rest", "tiny/s03_task"}


def test_ids_that_are_not_there_are_told_on_both_sides(store, table):
    done = annotate(store, "tiny", table("subject,value\n03,well\n17,ill\n,ill\n"), kind="health")
    assert done.unknown == ["17", "(empty, line 4)"]
    assert len(done.unlabelled) == 10
    with pytest.raises(UsageError, match="none of its 1 rows is of a recording"):
        annotate(store, "tiny", table("subject,value\n17,ill\n"), kind="health")


FAULTS = {
    "s00_rest,x,1,stage,N1,,": "'x' is no onset",
    "s00_rest,1,1e,stage,N1,,": "'1e' is no duration",
    "s00_rest,1,1,stage,N1,two,": "'two' is no number",
    "s00_rest,1,1,stage,N1,inf,": "'inf' is no number",
    "s00_rest,,1,stage,N1,,": "a duration and no onset",
    "s00_rest,1,1,stage,,,": "neither value nor number",
    "s00_rest,1,1,st age,N1,,": "no kind of label",
    "s00_rest,1,1,,N1,,": "no kind of label",
    "s00_rest,-1,1,stage,N1,,": "negative",
    "s00_rest,1,-1,stage,N1,,": "negative",
    "s00_rest,7,2,stage,N1,,": "ends after its recording",
    "s00_rest,1e12,2,stage,N1,,": "is no onset",
    "s00_rest,1,1,stage,N1,,Pz": "no channel 'Pz'",
}


@pytest.mark.parametrize("row, said", FAULTS.items())
def test_one_bad_row_and_nothing_is_written(store, table, row, said):
    before = contents(store)
    path = table(f"recording,onset_s,duration_s,kind,value,number,channel\ns01_rest,0,1,stage,N1,,\n{row}\n")
    with pytest.raises(UsageError) as raised:
        annotate(store, "tiny", path)
    assert "line 3: " in raised.value.what
    assert said in raised.value.what
    assert contents(store) == before
    assert not store.tables.exists("labels")


@pytest.mark.parametrize(
    "header, said",
    [
        ("value", "whose labels"),
        ("subject,recording,value", "whose labels"),
        ("subject,vallue", "'vallue'"),
        ("subject,onset_s", "neither values nor numbers"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(store, table, header, said):
    with pytest.raises(UsageError, match=said):
        annotate(store, "tiny", table(f"{header}\n"), kind="health")


def test_a_kind_comes_from_one_place(corpus, store, table):
    with pytest.raises(UsageError, match="from its own files"):
        annotate(store, "tiny", table("subject,value\n03,rest\n"), kind="condition")
    with pytest.raises(UsageError, match="does not say what kind"):
        annotate(store, "tiny", table("subject,value\n03,rest\n"))
    annotate(store, "tiny", table("subject,value\n03,rest\n"), kind="half")
    corpus.recipe.write_text(corpus.recipe.read_text().replace("  condition:", "  half:"))
    outcome = run(corpus, store)
    assert (outcome.rewritten, len(outcome.failures)) == (10, 2)
    assert "'half'" in outcome.failures[0]["message"]


def test_names_that_a_recipe_hashes_are_found_by_themselves(corpus, tmp_path, table):
    corpus.recipe.write_text(corpus.recipe.read_text().replace("reader: edf", "reader: edf\n  hash_names: true"))
    hashed = create_store(str(tmp_path / "hashed"))
    run(corpus, hashed)
    assert annotate(hashed, "tiny", table("subject,value\n03,well\n"), kind="health").recordings == 2
    assert annotate(hashed, "tiny", table("recording,value\ns00_rest,a\n"), kind="other").recordings == 1


@pytest.mark.parametrize("point", ["annotations", "recordings"])
def test_a_run_that_was_killed_after_its_own_table_is_finished_by_the_next(corpus, store, table, monkeypatch, point):
    path = table("subject,value\n03,well\n")
    whole = type(store.tables).replace

    def killed(tables, name, *arguments):
        if name == point:
            raise KeyboardInterrupt
        return whole(tables, name, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(type(store.tables), "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            annotate(store, "tiny", path, kind="health")
    assert added(store, "health") == []
    if point == "recordings":
        assert run(corpus, store).rewritten == 2
    else:
        assert annotate(store, "tiny", path, kind="health").changed == 2
    assert len(added(store, "health")) == 2
    check_store(store)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 6000), st.integers(0, 1900), st.sampled_from("ab")), max_size=8
    )
)
def test_every_row_is_there_once_to_the_nanosecond(store, table, rows):
    kind = f"k{abs(hash(tuple(rows)))}"
    text = "".join(f"s{s:02d}_rest,{on / 1000},{n / 1000},{value}\n" for s, on, n, value in rows)
    path = table("recording,onset_s,duration_s,value\n" + text)
    if not rows:
        with pytest.raises(UsageError):
            annotate(store, "tiny", path, kind=kind)
        return
    annotate(store, "tiny", path, kind=kind)
    expected = {(f"tiny/s{s:02d}_rest", on * 10**6, n * 10**6, value, None, None) for s, on, n, value in rows}
    assert set(added(store, kind)) == expected
    assert len(added(store, kind)) == len(expected)


def test_the_command_prints_what_it_did(store, table):
    path = table("subject,value\n03,well\n17,ill\n")
    command = [sys.executable, "-m", "biocurate", "annotate", "tiny", "--from", str(path), "--store", store.url]
    done = subprocess.run([*command, "--kind", "health"], capture_output=True, text=True)
    assert done.returncode == 1, "one id is of no recording"
    assert "2 labels (health) of 2 recordings; 2 recordings changed" in done.stdout
    assert "1 ids that the corpus has not: 17" in done.stdout
    assert "10 recordings without one: tiny/s00_rest" in done.stdout
    done = subprocess.run([*command, "--kind", "health", "--json"], capture_output=True, text=True)
    assert json.loads(done.stdout)["changed"] == 0
