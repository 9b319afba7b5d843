"""Manifests: what they select, and that they can be rebuilt."""

from __future__ import annotations

import polars as pl
import pytest

from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.windows.build import build_windows
from biocurate.errors import ManifestError, StaleError
from biocurate.recording import Recording
from biocurate.testing.memory import interval, noise_stream, put


def cohort(n=12, corpus="a"):
    """Persons of two recordings each, half rest and half task, the ECG with a gap."""
    return {
        f"{corpus}/p{person:02}-{run}": Recording(
            (
                noise_stream("EEG", 50, [(0, 1500)], ["Fp1", "Fp2"], seed=2 * person + run),
                noise_stream("ECG", 50, [(0, 700), (20.0, 500)], seed=1000 + 2 * person + run),
            ),
            (interval(0, 15, "rest"), interval(15, 15, "task")),
            age=20.0 + person,
        )
        for person in range(n)
        for run in range(2)
    }


def people(recordings):
    return {each: each.split("/")[1].split("-")[0] for each in recordings}


@pytest.fixture
def filled(store):
    recordings = cohort()
    put(store, recordings, people(recordings))
    return store


def define(**change):
    plain = {
        "name": "rest-task",
        "windows": {"length": "5s"},
        "label": {"column": "condition", "map": {"rest": "calm", "task": "work"}},
        "split": {"method": "hash", "seed": 1},
    }
    return parse_definition({key: value for key, value in (plain | change).items() if value is not None})


def test_rows_have_every_window_column_and_label_and_split(filled):
    made = build_manifest(filled, define())
    assert made.rows.columns == [*filled.windows("manifest-rest-task").collect_schema().names(), "label", "split"]
    assert made.rows.height == 24 * 6
    assert made.classes == ["calm", "work"]
    assert made.rows["condition"].replace_strict({"rest": "calm", "task": "work"}).equals(made.rows["label"])
    assert made.balance()["windows"].sum() == made.rows.height


def test_no_person_is_in_two_splits(filled):
    made = build_manifest(filled, define())
    assert made.rows.group_by("person").agg(pl.col("split").n_unique())["split"].max() == 1
    assert list(made.splits) == ["train", "val", "test"]
    assert sum(made.split(name).height for name in made.splits) == made.rows.height
    with pytest.raises(ManifestError, match=r"no split 'tests'.*Did you mean 'test'"):
        made.split("tests")


def test_it_opens_as_it_was_built(filled):
    made = build_manifest(filled, define(title="Ünïcode"))
    opened = filled.manifest("rest-task")
    assert opened.rows.equals(made.rows)
    assert (opened.hash, opened.definition, opened.snapshot_id) == (made.hash, made.definition, made.snapshot_id)
    with pytest.raises(ManifestError, match=r"no manifest 'rest-tusk'.*Did you mean 'rest-task'"):
        filled.manifest("rest-tusk")


def test_a_built_manifest_is_a_relation(filled):
    build_manifest(filled, define())
    found = filled.sql("SELECT label, count(*) AS n FROM manifests_rest_task GROUP BY label ORDER BY label")
    assert found.rows() == [("calm", 72), ("work", 72)]


def test_rebuilt_it_has_the_same_hash(filled):
    first = build_manifest(filled, define())
    assert build_manifest(filled, define()).hash == first.hash
    assert filled.tables.scan("manifests").collect().height == 1


def test_another_store_of_the_same_sources_gives_the_same_hash(filled, new_store):
    """Packing, order of arrival and what else a store holds are of no account."""
    other = new_store("other")
    recordings = cohort()
    put(other, cohort(3, "b"))
    put(other, dict(list(recordings.items())[7:]), people(recordings))
    put(other, dict(list(recordings.items())[:7]), people(recordings))
    here, there = (build_manifest(each, define(where="corpus = 'a'")) for each in (filled, other))
    streams = [each.streams.filter(corpus="a").sort("stream_id").collect() for each in (filled, other)]
    assert not streams[0]["start"].equals(streams[1]["start"])
    assert here.hash == there.hash


def test_growth_changes_neither_a_built_manifest_nor_one_that_selects_the_same(filled):
    first = build_manifest(filled, define(where="corpus = 'a'"))
    put(filled, cohort(3, "0"))
    assert filled.manifest("rest-task").rows.equals(first.rows)
    again = build_manifest(filled, define(where="corpus = 'a'"))
    assert again.hash == first.hash
    assert not again.rows["window_id"].equals(first.rows["window_id"])


@pytest.mark.parametrize(
    "change",
    [
        {"windows": {"length": "5s", "hop": "2500ms"}},
        {"where": "age < 30"},
        {"label": {"column": "condition"}},
        {"split": {"method": "hash", "seed": 2}},
        {"split": {"method": "kfold", "folds": 3}},
        {"title": "another"},
    ],
)
def test_another_definition_has_another_hash(filled, change):
    assert build_manifest(filled, define(**change)).hash != build_manifest(filled, define()).hash


@pytest.mark.parametrize("what", ["samples", "revision", "label"])
def test_other_content_has_another_hash(filled, what):
    before = build_manifest(filled, define()).hash
    name = "a/p00-0"
    recording = cohort()[name]
    if what == "samples":
        recording = Recording(
            (noise_stream("EEG", 50, [(0, 1500)], ["Fp1", "Fp2"], seed=77), *recording.streams[1:]),
            recording.annotations,
        )
        put(filled, {name: recording}, people([name]), revision=filled.recording(name).row["revision"])
    elif what == "revision":
        put(filled, {name: recording}, people([name]), revision="other")
    else:
        kept = filled.recording(name).row["revision"]
        annotations = (interval(0, 10, "rest"), interval(10, 20, "task"))
        put(filled, {name: Recording(recording.streams, annotations)}, people([name]), revision=kept)
    assert build_manifest(filled, define()).hash != before


def test_it_can_select_from_a_set_that_is_there(filled):
    build_windows(filled, "w5", length_s=5, labels=["condition"], require=["ECG"])
    made = build_manifest(filled, define(windows={"set": "w5"}))
    assert set(made.rows["window_id"]) == set(filled.windows("w5").collect()["window_id"])
    assert filled.tables.exists("windows/manifest-rest-task") is False
    with pytest.raises(ManifestError, match=r"no window set 'w6'.*There are: w5"):
        build_manifest(filled, define(windows={"set": "w6"}))


def test_a_stale_set_is_refused(filled):
    build_windows(filled, "w5", length_s=5, labels=["condition"])
    put(filled, {"a/p00-0": cohort()["a/p00-0"]}, revision="other")
    with pytest.raises(StaleError, match="a/p00-0"):
        build_manifest(filled, define(windows={"set": "w5"}))


def test_a_condition_reads_windows_and_recordings(filled):
    where = "array_contains(sensor_types, 'ECG') AND age >= 25 AND t0_ns < 10e9 -- begins early"
    rows = build_manifest(filled, define(where=where, label=None)).rows
    ages = rows.join(filled.recordings.select("recording_id", "age").collect(), on="recording_id")["age"]
    assert rows.height == 7 * 2 * 2
    assert ages.min() == 25
    assert rows["label"].null_count() == rows.height


def test_a_query_joins_any_relation(filled):
    query = """
        WITH long AS (SELECT recording_id FROM streams WHERE sensor_type = 'EEG' AND n_samples >= 1500)
        SELECT w.window_id, w.t0_ns FROM windows w JOIN long ON w.recording_id = long.recording_id
        WHERE w.condition = 'task' ORDER BY w.t0_ns DESC
    """
    made = build_manifest(filled, define(query=query, label={"column": "condition"}))
    assert made.classes == ["task"]
    assert made.rows["t0_ns"].to_list()[:3] == [15_000_000_000, 20_000_000_000, 25_000_000_000]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"where": "age > 200"}, "no window is selected.*age > 200"),
        ({"where": "agee > 20"}, "rest-task.*no column 'agee'.*Did you mean 'age'"),
        ({"where": "1 = 1); DROP TABLE windows; --"}, "statement|DROP|near"),
        ({"query": "SELECT recording_id FROM windows"}, "no window_id"),
        ({"query": "DROP TABLE windows"}, "no SELECT"),
        ({"label": {"column": "condition", "map": {"sleep": "x"}}}, "no selected window has a label.*rest, task"),
        ({"label": {"column": "condition", "keep": ["sleep"]}}, "no selected window has a label.*rest, task"),
        ({"split": {"method": "kfold", "folds": 13}}, "12 persons cannot make 13 folds"),
        ({"where": "subject = 'p01'"}, "no person of 1 falls into"),
    ],
)
def test_what_cannot_be_built_is_refused_and_no_manifest_written(filled, change, says):
    with pytest.raises(ManifestError, match=f"(?s){says}"):
        build_manifest(filled, define(**change))
    assert filled.tables.scan("manifests").collect().is_empty()
    assert "manifests/rest-task" not in filled.tables.names()


def test_an_unknown_label_column_is_refused_with_the_nearest(filled):
    build_windows(filled, "w5", length_s=5, labels=["condition"])
    with pytest.raises(ManifestError, match=r"no column 'conditions'.*Did you mean 'condition'"):
        build_manifest(filled, define(windows={"set": "w5"}, label={"column": "conditions"}))


def test_folds_hold_out_every_person_once(filled):
    made = build_manifest(filled, define(split={"method": "kfold", "folds": 5}))
    assert list(made.splits) == ["fold0", "fold1", "fold2", "fold3", "fold4"]
    held_out = []
    for fold in range(5):
        train, test = made.fold(fold)
        assert not set(train["person"]) & set(test["person"])
        assert train.height + test.height == made.rows.height
        held_out += test["person"].unique().to_list()
    assert sorted(held_out) == sorted(made.rows["person"].unique())


def test_the_order_of_labels_and_splits_is_the_definition_s(filled):
    label = {"column": "condition", "map": {"task": "work", "rest": "calm"}}
    split = {"method": "hash", "fractions": {"train": 0.5, "other": 0.5}}
    made = build_manifest(filled, define(label=label, split=split))
    for each in (made, filled.manifest("rest-task")):
        assert each.classes == ["work", "calm"]
        assert each.splits == ("train", "other")


def test_labels_that_no_window_has_are_told(filled):
    made = build_manifest(filled, define(label={"column": "condition", "keep": ["rest", "sleep", "task"]}))
    assert made.absent == ["sleep"]
    assert made.classes == ["rest", "task"]


def test_the_terms_of_every_corpus_flow_on_to_the_manifest(filled):
    """A share-alike corpus among open ones must not be forgotten where its windows are used."""
    rows = filled.recordings.collect()
    corpus = rows["corpus"][0]
    share = rows.filter(pl.col("recording_id") < "a/p06").with_columns(share_alike=True, licence=pl.lit("ODbL-1.0"))
    filled.tables.replace("recordings", share.to_arrow(), "recording_id", share["recording_id"].to_list())
    made = build_manifest(filled, define())
    licences = {(terms["corpus"], terms["licence"], terms["share_alike"]) for terms in made.terms}
    assert (corpus, "ODbL-1.0", True) in licences
    assert len(licences) == 2
    assert filled.manifest("rest-task").terms == made.terms
