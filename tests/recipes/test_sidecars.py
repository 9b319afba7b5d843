"""Sidecars beside recordings: channel tables, files of several formats, code maps, and what may be absent."""

from __future__ import annotations

import pytest

from biocurate.errors import RecipeError
from biocurate.recipes.codes import code_folder, code_map
from biocurate.recording import Annotation
from biocurate.sensors import SensorType

SIGNALS = [("A", "mV"), ("B", "uV"), ("C", "mV")]
TABLE = {"file": "{stem}_channels.tsv", "label": "name", "sensor": "type", "unit": "units", "status": "status"}
FILES = {"pattern": r"(?P<stem>(?P<subject>\d\d)_\d)\.hea", "reader": "wfdb"}


def only(root, made):
    (unit,) = made.units(root)
    return made.read(unit)


class TestChannelTable:
    """BIDS 1.10, EEG, channels description: name, type, units, status."""

    def test_it_gives_each_channel_its_type_and_unit(self, recipe, record, tree):
        record("01_1", SIGNALS)
        root = tree({"01_1_channels.tsv": "name\ttype\tunits\nA\tECG\tmV\nB\tEEG\tuV\nC\tMISC\tn/a\n"})
        recording = only(root, recipe(files=FILES, channel_table=TABLE))
        assert [(s.sensor_type, s.channels[0].label, s.channels[0].unit) for s in recording.streams] == [
            (SensorType.ECG, "A", "mV"),
            (SensorType.EEG, "B", "uV"),
            (SensorType.MISC, "C", "mV"),
        ]

    def test_a_channel_that_it_calls_bad_is_annotated(self, recipe, record, tree):
        record("01_1", SIGNALS)
        root = tree(
            {"01_1_channels.tsv": "name\ttype\tunits\tstatus\nA\tECG\tmV\tbad\nB\tECG\tmV\tgood\nC\tECG\tmV\tn/a\n"}
        )
        recording = only(root, recipe(files=FILES, channel_table=TABLE))
        bad = Annotation(0, recording.duration_ns, "channel", "bad", channel=recording.streams[0].channels[0].name)
        assert recording.annotations == (bad,)

    def test_the_recipe_has_the_first_word_and_may_skip(self, recipe, record, tree):
        record("01_1", SIGNALS)
        root = tree({"01_1_channels.tsv": "name\ttype\tunits\nA\tECG\tmV\nB\tTRIG\tV\nC\tECG\tmV\n"})
        table = {**TABLE, "map": {"TRIG": None}}
        made = recipe(files=FILES, channel_table=table, channels=[{"match": "C", "sensor": "RESP"}])
        assert [str(stream.sensor_type) for stream in only(root, made).streams] == ["ECG", "RESP"]

    def test_a_type_that_nobody_knows_is_an_error_that_names_the_table(self, recipe, record, tree):
        record("01_1", SIGNALS)
        root = tree({"01_1_channels.tsv": "name\ttype\tunits\nA\tFOO\tmV\n"})
        with pytest.raises(RecipeError, match=r"01_1_channels\.tsv") as caught:
            only(root, recipe(files=FILES, channel_table=TABLE))
        assert "channel_table.map" in caught.value.mend

    def test_without_one_labels_are_read(self, recipe, record):
        recording = only(record("01_1", [("ECG", "mV")]), recipe(files=FILES, channel_table=TABLE))
        assert recording.streams[0].sensor_type is SensorType.ECG

    def test_one_below_the_root_serves_where_none_lies_beside(self, recipe, record, tree):
        record("sub/01_1", SIGNALS[:1])
        root = tree({"channels.tsv": "name\ttype\tunits\nA\tRESP\tmV\n"})
        table = {**TABLE, "file": ["{stem}_channels.tsv", "/channels.tsv"]}
        files = {**FILES, "pattern": rf"sub/{FILES['pattern']}"}
        assert only(root, recipe(files=files, channel_table=table)).streams[0].sensor_type is SensorType.RESP


def test_the_extension_says_which_reader_reads_a_file(recipe, record, tree):
    record("01_1", SIGNALS)
    root = tree({"02_1.csv": "time,A\n0,1\n1,2\n2,3\n"})
    reader = {".hea": "wfdb", ".csv": "csv"}
    options = {"csv": {"time": {"column": "time", "unit": "s"}}}
    made = recipe(files={"pattern": r"(?P<subject>\d\d)_\d\.(hea|csv)", "reader": reader, "options": options})
    assert [unit.files[0][1] for unit in made.units(root)] == ["wfdb", "csv"]
    assert made.readers == ["csv", "wfdb"]


def test_options_of_a_reader_that_the_recipe_does_not_use_are_refused(recipe):
    with pytest.raises(RecipeError, match="'edf'"):
        recipe(files={"pattern": "(?P<subject>a).*", "reader": {".hea": "wfdb"}, "options": {"edf": {}}})


def test_a_corpus_may_be_without_an_optional_table(recipe, record, tree):
    label = {"from": "table", "file": "people.tsv", "key": {"column": "id"}, "column": "group", "optional": True}
    made = recipe(labels={"group": label})
    root = record("01_1", SIGNALS)
    assert only(root, made).annotations == ()
    tree({"people.tsv": "id\tgroup\n01\tpatient\n"})
    assert [annotation.value for annotation in only(root, made).annotations] == ["patient"]


class TestCodeMaps:
    def test_every_map_can_be_read_and_says_its_own_name(self):
        names = [path.stem for path in code_folder().glob("*.yaml")]
        assert "rk-to-aasm-1" in names
        for name in names:
            stem, _, version = name.rpartition("-")
            assert code_map(f"{stem}/{version}").source

    def test_stages_3_and_4_are_n3_and_movement_is_none(self):
        """AASM Manual 2007: R&K stages 3 and 4 are N3; movement time is no longer a stage."""
        stages = code_map("rk-to-aasm/1").map
        assert (stages["Sleep stage 3"], stages["Sleep stage 4"], stages["Movement time"]) == ("N3", "N3", None)

    def test_a_label_is_translated_and_its_own_map_goes_first(self, recipe, record):
        label = {"from": "comments", "match": "Stage: (.+)", "codes": "rk-to-aasm/1", "map": {"Sleep stage 1": "light"}}
        root = record("01_1", SIGNALS, comments=("Stage: Sleep stage 1", "Stage: Sleep stage 4"))
        assert [a.value for a in only(root, recipe(labels={"stage": label})).annotations] == ["N3", "light"]

    def test_one_that_is_not_there_is_refused_with_the_nearest(self, recipe):
        with pytest.raises(RecipeError, match="rk-to-aasm/1"):
            recipe(labels={"stage": {"from": "run", "codes": "rk-to-asm/1"}})


def test_a_recipe_that_serves_many_corpora_takes_a_name(recipe_file):
    from biocurate.recipes import load_recipe

    made = load_recipe(recipe_file(), corpus="ds004000")
    assert made.name == "ds004000"
    with pytest.raises(RecipeError):
        load_recipe(recipe_file(), corpus="No Blanks")
