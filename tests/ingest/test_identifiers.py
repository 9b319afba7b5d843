"""De-identification on by default, and `--keep-identifiers` (issue 1; issue 3, item 1)."""

from __future__ import annotations

import json
from datetime import date, time
from types import SimpleNamespace

import edfio
import numpy as np
import pytest

from biocurate.engine import InProcess
from biocurate.export import export
from biocurate.ingest import ingest, make_plan
from biocurate.ingest.annotate import annotate
from biocurate.ingest.state import state_of
from biocurate.recipes import load_recipe
from biocurate.store.store import create_store, open_store
from biocurate.testing.conformance import check_store, contents
from biocurate.upkeep import forget_identifiers, merge

PLANTED = ("Quintilia", "MCH-0234567", "02-MAY-1951", "02-MAR-2002", "Zebedee", "EMG561", "Ward 7 of Saint Brannoc")
RECIPE = """
name: ward
title: A ward
licence: CC0-1.0
access: open
citation: none
url: https://example.org
files: {{pattern: '(?P<subject>s\\d)_(?P<run>[ab])\\.{extension}', reader: {reader}}}
"""


@pytest.fixture
def edf(tmp_path):
    """Two recordings of one patient whose header fields are those of EDF+ section 2.1.3's own example."""
    root = tmp_path / "raw"
    root.mkdir()
    for run, hour in (("a", 10), ("b", 12)):
        signal = edfio.EdfSignal(np.arange(256.0), 256, label="EEG Cz", physical_dimension="uV")
        patient = edfio.Patient(code="MCH-0234567", sex="F", birthdate=date(1951, 5, 2), name="Quintilia_Haagse")
        recording = edfio.Recording(
            startdate=date(2002, 3, 2), hospital_administration_code="EMG561", investigator_technician_code="Zebedee"
        )
        said = [edfio.EdfAnnotation(0.5, None, "Zebedee calls for a nurse")]
        made = edfio.Edf([signal], patient=patient, recording=recording, starttime=time(hour), annotations=said)
        made.write(root / f"s1_{run}.edf")
    recipe = tmp_path / "ward.yaml"
    recipe.write_text(RECIPE.format(extension="edf", reader="edf"))
    return SimpleNamespace(root=root, recipe=recipe)


@pytest.fixture
def store(tmp_path):
    return create_store(str(tmp_path / "store"))


def run(corpus, store, **options):
    return ingest(make_plan(load_recipe(corpus.recipe), corpus.root, store, **options), InProcess(), store)


def held(store):
    return dict(store.recordings.sort("recording_id").select("recording_id", "identifiers").collect().iter_rows())


def leaks(folder) -> set[str]:
    texts = [path.read_bytes().lower() for path in folder.rglob("*") if path.is_file()]
    return {word for word in PLANTED if any(word.lower().encode() in text for text in texts)}


def test_without_the_flag_no_byte_of_the_store_names_person_or_date(edf, store):
    run(edf, store)
    assert leaks(store.objects.folder) == set()
    row = store.recording("ward/s1_b").row
    assert (row["sex"], row["age"], row["identifiers"]) == ("F", 50.0, None)
    assert row["start_ns"] == 2 * 3600 * 10**9, "relative time stays exact"


def test_with_it_the_fields_stand_in_one_column_and_status_and_run_say_so(edf, store):
    run(edf, store, keep_identifiers=True)
    assert held(store)["ward/s1_a"] == [
        {"field": "patient", "text": "MCH-0234567 F 02-MAY-1951 Quintilia_Haagse"},
        {"field": "recording", "text": "Startdate 02-MAR-2002 EMG561 Zebedee X"},
        {"field": "start", "text": "2002-03-02T10:00:00.000000000"},
    ]
    assert state_of(store).corpora["identified"].to_list() == [2]
    [config] = store.tables.scan("runs").select("config").collect()["config"]
    assert json.loads(config)["keep_identifiers"] is True
    asked = "SELECT i.text FROM (SELECT unnest(identifiers) AS i FROM recordings) WHERE i.field = 'patient'"
    assert store.sql(asked)["text"].str.contains("Quintilia").to_list() == [True, True]
    assert store.sql("SELECT count(*) AS n FROM recordings WHERE identifiers IS NOT NULL")["n"].item() == 2
    check_store(store)


def test_an_ingest_without_it_takes_them_out_and_reads_no_sample(edf, store, tmp_path):
    fresh = create_store(str(tmp_path / "fresh"))
    run(edf, fresh)
    run(edf, store, keep_identifiers=True)
    done = run(edf, store)
    assert (done.recordings, done.rewritten, done.identifiers_dropped) == (0, 2, 2)
    assert contents(store) == contents(fresh)
    assert run(edf, store).rewritten == 0
    done = run(edf, store, keep_identifiers=True)
    assert (done.recordings, done.rewritten) == (0, 2)
    assert run(edf, store, keep_identifiers=True).rewritten == 0


def test_they_go_also_where_the_file_is_gone(edf, store, tmp_path):
    run(edf, store, keep_identifiers=True)
    (edf.root / "s1_b.edf").rename(tmp_path / "aside.edf")
    done = run(edf, store)
    assert (done.rewritten, done.identifiers_dropped) == (1, 2)
    assert held(store) == {"ward/s1_a": None, "ward/s1_b": None}
    labels = tmp_path / "labels.csv"
    labels.write_text("recording_id,kind,value\nward/s1_b,sedation,none\n")
    assert annotate(store, "ward", labels).changed == 1
    (tmp_path / "aside.edf").rename(edf.root / "s1_b.edf")
    assert run(edf, store).rewritten == 0, "its row is what an ingest without the flag makes of the file"
    check_store(store)


def test_a_wfdb_records_comments_and_base_date_are_kept_by_it_alone(tmp_path, store):
    root = tmp_path / "raw"
    root.mkdir()
    samples = np.arange(16)
    header = f"s1_a 1 4 16 10:00:00 02/03/2002\ns1_a.dat 16 200/mV 16 0 0 {samples.sum()} 0 II\n"
    (root / "s1_a.hea").write_text(f"{header}#Zebedee\n# Ward 7 of Saint Brannoc\n")
    (root / "s1_a.dat").write_bytes(samples.astype("<i2").tobytes())
    (tmp_path / "ward.yaml").write_text(RECIPE.format(extension="hea", reader="wfdb"))
    corpus = SimpleNamespace(root=root, recipe=tmp_path / "ward.yaml")
    run(corpus, store)
    assert leaks(store.objects.folder) == set()
    run(corpus, store, keep_identifiers=True)
    kept = [(each["field"], each["text"].strip()) for each in held(store)["ward/s1_a"]]
    assert kept == [
        ("start", "2002-03-02T10:00:00.000000000"),
        ("comment", "Zebedee"),
        ("comment", "Ward 7 of Saint Brannoc"),
    ]


def test_export_and_merge_leave_them_behind(edf, store, tmp_path):
    run(edf, store, keep_identifiers=True)
    for form in ("edf", "wfdb"):
        assert len(export(store, sorted(held(store)), tmp_path / form, form).written) == 2
        assert leaks(tmp_path / form) == set()
    other = create_store(str(tmp_path / "other"))
    done = merge(other, store)
    assert (done.recordings, done.identifiers_left_out) == (2, 2)
    assert leaks(other.objects.folder) == set()
    assert merge(other, store).recordings == 0


def test_forget_identifiers_takes_them_out_of_the_history_too(edf, store):
    run(edf, store)
    run(edf, store, keep_identifiers=True)
    assert leaks(store.objects.folder) >= {"Quintilia", "Zebedee", "02-MAY-1951"}
    run(edf, store)
    assert leaks(store.objects.folder), "older snapshots still have them"
    before = contents(store)
    done = forget_identifiers(store)
    assert (done.recordings, len(done.snapshots_dropped)) == (0, 1)
    assert leaks(store.objects.folder) == set()
    assert contents(store) == before
    assert open_store(store.url, at=1).recordings.collect().height == 2
    check_store(store)


def test_forget_identifiers_where_the_newest_rows_hold_them(edf, store):
    run(edf, store, keep_identifiers=True)
    assert forget_identifiers(store).recordings == 2
    assert leaks(store.objects.folder) == set()
    assert set(held(store).values()) == {None}
    check_store(store)
