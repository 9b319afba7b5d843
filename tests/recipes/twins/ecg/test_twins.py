"""The ECG recipes that no real files are at hand for, each on a twin of its corpus."""

from __future__ import annotations

import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recipes.check import check
from biocurate.store.store import create_store
from biocurate.testing.conformance import check_store
from biocurate.verify import verify_deep

PERSONS = {
    "ptb-xl": {"00001_hr": "ptb-xl/15709", "00002_hr": "ptb-xl/15709", "00003_hr": "ptb-xl/13243"},
    "mimic-iv-ecg": {
        "40689238": "mimic-iv/10000032",
        "44458630": "mimic-iv/10000032",
        "49858990": "mimic-iv/10000117",
    },
    "mitdb": {"100": "mitdb/100", "102": "mitdb/102", "201": "mitdb/201", "202": "mitdb/201"},
    "csn": {"JS00001": "csn/JS00001", "JS00002": "csn/JS00002"},
    "cpsc2018-full": {"A0001": "cpsc2018/A0001", "A2345": "cpsc2018/A2345"},
    "code-15": {"1169160": "code-15/523632", "2873686": "code-15/1724173", "168405": "code-15/523632"},
    "pulsedb": {
        "PulseDB_MIMIC/160/0": "mimic-iii/160",
        "PulseDB_MIMIC/160/1": "mimic-iii/160",
        "PulseDB_Vital/1/0": "vitaldb/1",
    },
    "vitaldb": {"1": "vitaldb/5955", "20": "vitaldb/5955"},
}

TWELVE = {("ECG", "mV", lead) for lead in "I II III aVR aVL aVF V1 V2 V3 V4 V5 V6".split()}
CHANNELS = {
    "ptb-xl": (500, TWELVE),
    "mimic-iv-ecg": (500, TWELVE),
    "mitdb": (360, {("ECG", "mV", lead) for lead in ("MLII", "V1", "V2", "V5")}),
    "csn": (500, TWELVE),
    "cpsc2018-full": (500, TWELVE),
    "code-15": (400, TWELVE),
    "pulsedb": (125, {("ECG", "", "II"), ("PPG", "NU", "PPG"), ("ABP", "mmHg", "ABP")}),
    "vitaldb": (500, {("ECG", "mV", "II"), ("PPG", "NU", "PPG"), ("ABP", "mmHg", "ART")}),
}

UNMATCHED = {
    "ptb-xl": ["ptbxl_database.csv: rows of 1 that no recording has: 00004_hr"],
    "mimic-iv-ecg": [
        "machine_measurements.csv: no row for 1 of 3: 49858990",
        "machine_measurements.csv: rows of 1 that no recording has: 40000017",
    ],
    "cpsc2018-full": ["REFERENCE.csv: rows of 1 that no recording has: A6877"],
    "code-15": ["exams.csv: rows of 1 that no recording has: 271011"],
    "vitaldb": ["clinical_information.csv: rows of 1 that no recording has: 2"],
}

corpora = pytest.mark.parametrize("name", PERSONS)


def read_all(name, root):
    recipe = load_recipe(name)
    return {unit.name: recipe.read(unit) for unit in recipe.units(root)}


def said(recording, kind):
    return [made.value for made in recording.annotations if made.kind == kind]


@corpora
def test_the_recipe_says_that_it_was_tried_on_a_twin_alone(name):
    assert load_recipe(name).definition.verified == "twin"


@corpora
def test_each_recording_is_its_persons(name, twin):
    """Two recordings of one person must share it, wherever the corpus says whose they are."""
    assert {unit.name: unit.person for unit in load_recipe(name).units(twin(name))} == PERSONS[name]


@corpora
def test_the_check_finds_nothing_and_prints_the_ids_that_match_nothing(name, twin):
    report = check(load_recipe(name), twin(name))
    assert report.findings == []
    assert report.unread == {}
    assert [note for note in report.notes if ": rows of " in note or ": no row for " in note] == UNMATCHED.get(name, [])
    rate_hz, channels = CHANNELS[name]
    assert {(found.sensor_type, found.unit, found.name) for found in report.channels} == channels
    assert {found.rate_hz for found in report.channels} == {rate_hz}
    assert all(found.mapped for found in report.channels)


@corpora
def test_every_sample_goes_in(name, twin, tmp_path):
    store, recipe = create_store(str(tmp_path / "store")), load_recipe(name)
    outcome = ingest(make_plan(recipe, twin(name), store), InProcess(), store)
    assert (outcome.recordings, outcome.failures) == (len(PERSONS[name]), [])
    check_store(store)
    compared = verify_deep(store, name, twin(name), recipe=recipe)
    assert (compared.recordings, compared.problems) == (len(PERSONS[name]), [])
    assert compared.equal == compared.samples > 0
    rows = store.recordings.select("recording_id", "person").collect()
    assert dict(rows.iter_rows()) == {f"{name}/{called}": person for called, person in PERSONS[name].items()}


def test_ptb_xl(twin):
    found = read_all("ptb-xl", twin("ptb-xl"))
    first, second, third = found["00001_hr"], found["00002_hr"], found["00003_hr"]
    assert [(made.kind, made.value, made.number) for made in first.annotations if made.kind != "fold"] == [
        ("form", "LVOLT", 0),
        ("rhythm", "SR", 0),
        ("scp", "LVOLT", 0),
        ("scp", "NORM", 100),
        ("scp", "SR", 0),
        ("subclass", "NORM", 100),
        ("superclass", "NORM", 100),
    ]
    assert (said(second, "superclass"), said(second, "subclass"), said(second, "form")) == (
        ["HYP"], ["LAO/LAE"], ["PRC(S)"],
    )  # fmt: skip
    assert (said(third, "subclass"), said(third, "rhythm"), said(third, "fold")) == (["_AVB"], ["AFIB"], ["10"])
    assert [(each.age, each.sex) for each in (first, second, third)] == [(56, "F"), (57, "F"), (90, "M")]
    assert [each.warnings for each in found.values()] == [()] * 3


def test_mimic_iv_ecg(twin):
    found = read_all("mimic-iv-ecg", twin("mimic-iv-ecg"))
    assert said(found["40689238"], "machine") == ["Normal ECG", "Sinus rhythm"]
    assert found["49858990"].warnings == ("machine: no label, machine_measurements.csv has no row for it",)
    assert [channel.name for channel in found["40689238"].streams[0].channels][3:6] == ["aVR", "aVF", "aVL"]
    sessions = {unit.session for unit in load_recipe("mimic-iv-ecg").units(twin("mimic-iv-ecg"))}
    assert sessions == {"40689238", "44458630", "49858990"}


def test_mitdb(twin):
    found = read_all("mitdb", twin("mitdb"))
    paced, plain = found["102"], found["100"]
    assert said(plain, "beat") == ["N", "V", "a", "j"]
    assert (said(plain, "aami"), said(paced, "aami")) == (["N", "V", "S", "N"], ["N", "V", "Q", "N"])
    assert [(made.onset_ns, made.value) for made in plain.annotations if made.kind == "rhythm"] == [(50_000_000, "N")]
    assert said(plain, "event") == ["change of signal quality"]
    assert said(plain, "note") == []
    assert plain.warnings == ("1 annotations of the file are left out: no rule of the recipe lets them through",)
    assert (said(paced, "paced"), said(plain, "paced")) == (["paced"], [])
    assert (plain.age, plain.sex, paced.sex) == (69, "M", "F")


def test_csn(twin):
    found = read_all("csn", twin("csn"))
    assert said(found["JS00001"], "dx") == ["atrial fibrillation", "right bundle branch block", "t wave abnormal"]
    assert said(found["JS00002"], "dx") == ["low qrs voltages in the limb leads", "sinus bradycardia"]
    assert said(found["JS00002"], "snomed") == ["251147008", "426177001"]
    assert (found["JS00001"].age, found["JS00001"].sex) == (85, "M")


def test_cpsc2018_full(twin):
    found = read_all("cpsc2018-full", twin("cpsc2018-full"))
    assert said(found["A2345"], "dx") == ["atrial fibrillation", "right bundle branch block", "st depression"]
    assert said(found["A0001"], "dx") == ["right bundle branch block"]
    assert [(each.age, each.sex, each.duration_ns) for each in found.values()] == [
        (74, "M", 15 * 10**9), (49, "F", 6 * 10**9),
    ]  # fmt: skip


def test_code_15(twin, tmp_path):
    found = read_all("code-15", twin("code-15"))
    assert (said(found["2873686"], "rbbb"), said(found["2873686"], "af")) == (["present"], ["present"])
    assert (said(found["168405"], "avb1"), said(found["168405"], "death")) == (["present"], [])
    assert [made.number for made in found["1169160"].annotations if made.kind == "followup_years"] == [2.098628]
    assert (found["168405"].age, found["168405"].sex, found["2873686"].sex) == (67, "F", "M")
    store = create_store(str(tmp_path / "store"))
    ingest(make_plan(load_recipe("code-15"), twin("code-15"), store), InProcess(), store)
    [warnings] = store.recordings.collect().filter(recording_id="code-15/2873686")["audit_warnings"].to_list()
    assert warnings == ["ECG: the first 648 and the last 648 samples of every lead are 0, as of padding (audit)"]


def test_pulsedb(twin):
    found = read_all("pulsedb", twin("pulsedb"))
    second = found["PulseDB_MIMIC/160/1"]
    assert [(str(each.sensor_type), each.channels[0].unit_status) for each in second.streams] == [
        ("ECG", "suspect"), ("PPG", "declared"), ("ABP", "declared"),
    ]  # fmt: skip
    assert [made.value for made in second.annotations if made.kind in ("sbp", "dbp")] == ["61.5", "119.25"]
    assert (said(second, "included"), said(found["PulseDB_Vital/1/0"], "included")) == (["no"], ["yes"])
    assert (second.age, second.sex, second.duration_ns) == (77, "M", 10 * 10**9)


def test_pulsedb_and_vitaldb_share_their_persons(twin):
    """PulseDB's subjects of VitalDB are VitalDB's: on both sides of a split they would be a leak."""
    table = twin("vitaldb") / "clinical_information.csv"
    ids = {line.split(",")[1] for line in table.read_text().splitlines()[1:]}
    persons = {unit.person for unit in load_recipe("vitaldb").units(twin("vitaldb"))}
    assert persons <= {f"vitaldb/{each}" for each in ids}
    assert "vitaldb/1" in PERSONS["pulsedb"].values()


def test_vitaldb(twin):
    found = read_all("vitaldb", twin("vitaldb"))
    assert {str(stream.sensor_type) for stream in found["1"].streams} == {"ECG", "PPG", "ABP"}
    assert {str(stream.sensor_type) for stream in found["20"].streams} == {"ECG", "PPG"}
    assert [(each.age, each.sex) for each in found.values()] == [(77, "M"), (90, "M")]
    assert (said(found["20"], "emergency"), said(found["20"], "anaesthesia")) == (["yes"], ["Spinal"])
    assert {stream.rate_hz for stream in found["1"].streams} == {500}


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("ptb-xl-super", [["NORM"], ["HYP"], ["CD"]]),
        ("ptb-xl-sub", [["NORM"], ["LAO/LAE"], ["_AVB"]]),
        ("ptb-xl-form", [["LVOLT"], ["PRC(S)"]]),
        ("ptb-xl-rhythm", [["SR"], ["AFIB"]]),
    ],
)
def test_the_paper_s_windows_of_ptb_xl(twin, select, name, labels):
    """PanLUNA: 10 s, several labels a recording, recordings without one left out. The twin has the folds 3 and 10."""
    split = {"method": "predefined", "column": "fold", "map": {"3": "train"}, "rest": "test"}
    if name == "ptb-xl-form":
        split |= {"rest": None}
    made = select(name, {"ptb-xl": twin("ptb-xl")}, split=split)
    assert made.rows["label"].to_list() == labels
    assert made.multi_label


def test_the_paper_s_windows_of_csn(twin, select):
    """PanLUNA: 10 s, several diagnoses a recording."""
    made = select("csn-dx", {"csn": twin("csn")}, split={"method": "kfold", "folds": 2})
    assert made.rows.height == 2
    assert made.rows["label"].list.len().to_list() == [3, 2]


def test_the_paper_s_mixture_has_windows_of_every_corpus(twin, select):
    """PanLUNA: 5 s without overlap of each; 10 s of CODE-15 % and PulseDB give two windows."""
    corpora = ["mimic-iv-ecg", "code-15", "pulsedb"]
    made = select("panluna-pretraining", {each: twin(each) for each in corpora}, windows={"corpora": corpora})
    counts = dict(made.rows["corpus"].value_counts().iter_rows())
    assert (counts["code-15"], counts["pulsedb"]) == (3 * 2, 3 * 2)
    assert counts.keys() == set(corpora)
    assert not made.by_person or made.rows["person"].n_unique() > 1
