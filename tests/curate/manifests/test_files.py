"""Manifests as files: what is in them, what is left out, and that a changed one is refused."""

from __future__ import annotations

import json
from datetime import datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.curate.manifests.build import build_manifest
from biocurate.curate.manifests.diff import diff
from biocurate.curate.manifests.files.document import read_manifest_file
from biocurate.curate.manifests.files.export import export_manifest
from biocurate.errors import ExportError, ManifestError
from biocurate.recording import Recording
from biocurate.testing.memory import interval, noise_stream

FORMS = ["parquet", "csv", "croissant"]


def terms(store, corpus, **change):
    """Let a corpus have other terms."""
    rows = store.recordings.filter(corpus=corpus).collect()
    rows = rows.with_columns(pl.lit(value).alias(name) for name, value in change.items())
    store.tables.replace("recordings", rows.to_arrow(), "recording_id", rows["recording_id"].to_list())


@pytest.mark.parametrize("form", FORMS)
def test_a_file_holds_all_that_the_hash_is_of(filled, define, tmp_path, form):
    made = build_manifest(filled, define(windows={"length": "5s", "labels": ["condition", SHARE, ALL]}))
    written = export_manifest(filled, made, tmp_path / "out", form)
    assert written.rows == made.rows.height
    for named in (tmp_path / "out", written.files[0], written.files[-1]):
        read = read_manifest_file(named)  # which compares its hash
        assert (read.hash, read.definition, read.splits, read.named) == (
            made.hash,
            made.definition,
            made.splits,
            made.named,
        )
        assert diff(made.rows, read.rows).is_empty()
        assert read.rows["at_rest"].equals(made.rows["at_rest"])
        assert read.rows["all"].to_list() == made.rows["all"].to_list()


SHARE = {"kind": "condition", "rule": "fraction", "value": "rest", "name": "at_rest"}
ALL = {"kind": "condition", "rule": "list", "name": "all"}


@pytest.mark.parametrize("value", ['say "no", or | yes', "", "ünï\nnew", "[1]"])
def test_csv_keeps_labels_of_any_text(store, define, take, tmp_path, value):
    recordings = {
        f"a/p{person}-0": Recording(one_stream(person), (interval(0, 10, value), interval(5, 10, "other")))
        for person in range(4)
    }
    take(store, recordings)
    define_all = define(
        windows={"length": "5s", "labels": [ALL]}, label={"column": "all"}, split={"method": "kfold", "folds": 2}
    )
    made = build_manifest(store, define_all)
    export_manifest(store, made, tmp_path / "out", "csv")
    assert read_manifest_file(tmp_path / "out").rows["label"].to_list() == made.rows["label"].to_list()


def one_stream(seed):
    return (noise_stream("EEG", 50, [(0, 750)], seed=seed),)


@pytest.mark.parametrize("form", [*FORMS, "meds"])
def test_labels_of_a_corpus_that_forbids_it_are_left_out_and_said_so(filled, define, cohort, take, tmp_path, form):
    take(filled, cohort(3, "b", seed=50))
    terms(filled, "a", redistribute=False)
    made = build_manifest(filled, define())
    written = export_manifest(filled, made, tmp_path / "out", form)
    assert any("a: the labels of 144 windows are left out" in note for note in written.notes)
    said = json.loads(written.files[-1].read_text())
    assert [(each["corpus"], each["rows"]) for each in said["labels_left_out"]] == [("a", 144)]
    if form == "meds":
        assert pl.read_parquet(tmp_path / "out/rest-task.labels.parquet").height == 36
        return
    read = read_manifest_file(tmp_path / "out")
    assert read.unlabelled == ("a",)
    of_a, of_b = (read.rows.filter(corpus=corpus) for corpus in "ab")
    for column in ("label", "condition"):
        assert of_a[column].null_count() == of_a.height == 144
        assert of_b[column].null_count() == 0
    assert of_a["split"].null_count() == 0


def test_where_it_is_not_known_whether_labels_may_be_passed_on_it_is_said(filled, define, tmp_path):
    made = build_manifest(filled, define())
    notes = export_manifest(filled, made, tmp_path / "out").notes
    assert notes == ("a: whether its labels may be passed on is not known.",)


def test_files_that_are_there_stay(filled, define, tmp_path):
    made = build_manifest(filled, define())
    export_manifest(filled, made, tmp_path)
    with pytest.raises(ExportError, match=r"there already.*--overwrite"):
        export_manifest(filled, made, tmp_path)
    export_manifest(filled, made, tmp_path, overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != "") == [
        "rest-task.manifest.json",
        "rest-task.parquet",
    ]


def test_a_changed_file_is_refused(filled, define, tmp_path):
    made = build_manifest(filled, define())
    export_manifest(filled, made, tmp_path / "out", "csv")
    rows, document = tmp_path / "out/rest-task.csv", tmp_path / "out/rest-task.manifest.json"
    text, said = rows.read_text(), document.read_text()
    rows.write_text(text.replace("train", "test", 1))
    with pytest.raises(ManifestError, match="changed since they were exported"):
        read_manifest_file(rows)
    rows.write_text(text)
    document.write_text(said.replace('"5s"', '"6s"'))
    with pytest.raises(ManifestError, match="do not give its hash"):
        read_manifest_file(document)
    document.write_text(said)
    rows.unlink()
    with pytest.raises(ManifestError, match=r"rows are missing: rest-task\.csv"):
        read_manifest_file(document)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("x.json", "{}", "no exported manifest of the format"),
        ("x.manifest.json", '{"format": "biocurate manifest file 9"}', "'biocurate manifest file 9'"),
        ("x.manifest.json", "[1]", "no exported manifest of the format"),
        ("x.parquet", "PAR1", "no exported manifest"),
        ("x.csv", "a,b\n", "no exported manifest"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(ManifestError, match=says):
        read_manifest_file(tmp_path / name)


def test_a_file_or_folder_without_one_is_refused(tmp_path):
    with pytest.raises(ManifestError, match="holds no exported manifest"):
        read_manifest_file(tmp_path)
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest_file(tmp_path / "x.manifest.json")


def test_no_sample_and_no_path_of_a_file_is_in_it(filled, define, tmp_path):
    made = build_manifest(filled, define())
    export_manifest(filled, made, tmp_path / "out", "csv")
    assert read_manifest_file(tmp_path / "out").rows.columns == [
        *("recording_id", "revision", "corpus", "person", "subject", "t0_ns", "duration_ns", "sensor_types", "samples"),
        "scales",
        *("view", "condition", "label", "split"),
    ]


def test_meds_label_schema(filled, define, tmp_path):
    """MEDS 0.4, label schema: types and order of the columns; one value column is filled."""
    made = build_manifest(filled, define())
    export_manifest(filled, made, tmp_path / "out", "meds")
    labels = pl.read_parquet(tmp_path / "out/rest-task.labels.parquet")
    assert labels.schema == {
        "subject_id": pl.Int64,
        "prediction_time": pl.Datetime("us"),
        "boolean_value": pl.Boolean,
        "integer_value": pl.Int64,
        "float_value": pl.Float32,
        "categorical_value": pl.String,
        "recording_id": pl.String,
    }
    assert labels.height == made.rows.height
    assert labels["categorical_value"].value_counts(sort=True)["count"].to_list() == [72, 72]
    # A label is known at its window's end.
    assert labels["prediction_time"].min() == datetime(1970, 1, 1, 0, 0, 5)
    subjects = pl.read_parquet(tmp_path / "out/rest-task.subjects.parquet")
    assert subjects["person"].to_list() == sorted(made.rows["person"].unique())
    assert set(labels["subject_id"]) == set(subjects["subject_id"])
    splits = pl.read_parquet(tmp_path / "out/rest-task.subject_splits.parquet")
    assert splits.columns == ["subject_id", "split"]
    assert splits.height == 12


@pytest.mark.parametrize(
    ("names", "column"),
    [({"rest": "0", "task": "1"}, "integer_value"), ({"rest": "false", "task": "true"}, "boolean_value")],
)
def test_meds_values_go_where_they_belong(filled, define, tmp_path, names, column):
    made = build_manifest(filled, define(label={"column": "condition", "map": names}))
    export_manifest(filled, made, tmp_path / "out", "meds")
    labels = pl.read_parquet(tmp_path / "out/rest-task.labels.parquet")
    assert labels[column].sum() == 72
    assert labels["categorical_value"].null_count() == labels.height


def test_meds_has_a_file_for_each_of_several_labels(filled, define, tmp_path):
    made = build_manifest(filled, define(windows={"length": "10s", "labels": [ALL]}, label={"column": "all"}))
    export_manifest(filled, made, tmp_path / "out", "meds")
    said = json.loads((tmp_path / "out/rest-task.manifest.json").read_text())
    assert list(said["meds"]["labels"].values()) == ["rest", "task"]
    for file, label in said["meds"]["labels"].items():
        there = made.rows["label"].list.contains(label).sum()
        assert pl.read_parquet(tmp_path / "out" / file)["boolean_value"].sum() == there


def test_meds_without_labels_is_refused(filled, define, tmp_path):
    made = build_manifest(filled, define(label=None))
    with pytest.raises(ManifestError, match="has no labels"):
        export_manifest(filled, made, tmp_path / "out", "meds")
    assert not list((tmp_path / "out").iterdir())


def test_croissant_names_every_column_and_the_file_s_hash(filled, define, tmp_path):
    """Croissant 1.0, sections on Dataset, FileObject and RecordSet: what has to be there."""
    terms(filled, "a", licence="ODC-By-1.0")
    made = build_manifest(filled, define(title="Rest against task"))
    written = export_manifest(filled, made, tmp_path / "out", "croissant")
    described = json.loads((tmp_path / "out/rest-task.croissant.json").read_text())
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert {"name", "description", "license", "url", "distribution", "recordSet"} <= described.keys()
    assert described["license"] == ["ODC-By-1.0"]
    assert made.hash in described["description"]
    rows = pl.read_parquet(written.files[0])
    assert [each["name"] for each in described["recordSet"][0]["field"]] == rows.columns
    assert described["distribution"][0]["sha256"] == json.loads(written.files[-1].read_text())["sha256"]


def test_mlcroissant_finds_no_fault_and_reads_the_rows(filled, define, tmp_path):
    mlc = pytest.importorskip("mlcroissant", reason="the extra `croissant` is not installed")
    terms(filled, "a", licence="ODC-By-1.0")
    made = build_manifest(filled, define())
    export_manifest(filled, made, tmp_path / "out", "croissant")
    dataset = mlc.Dataset(jsonld=tmp_path / "out/rest-task.croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    records = list(dataset.records("windows"))
    assert [each["windows/t0_ns"] for each in records] == made.rows["t0_ns"].to_list()
    assert [each["windows/label"].decode() for each in records] == made.rows["label"].to_list()


def test_as_typed(filled, define, tmp_path):
    build_manifest(filled, define())
    words = ["manifest", "export", "rest-task", "-o", str(tmp_path / "out"), "--format", "csv", "--store", filled.url]
    said = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert said["windows"] == 144
    assert [path.rsplit("/", 1)[1] for path in said["files"]] == ["rest-task.csv", "rest-task.manifest.json"]
    shown = CliRunner().invoke(
        app, ["manifest", "diff", "rest-task", str(tmp_path / "out/rest-task.csv"), "--store", filled.url]
    )
    assert "No window entered, left or changed." in shown.stdout
