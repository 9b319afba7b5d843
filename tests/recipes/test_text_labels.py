"""Labels from lists that people wrote, and from rows that state no time: `from: text` and `clock: rows`."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biocurate.errors import RecipeError
from biocurate.recipes.day_clock import DAY_NS, day_ns, since
from biocurate.recipes.joins import join_notes
from biocurate.recording import NS

BLOCK = r"(?m)^File: (?P<file>.+)|^Begin: (?P<origin>.+)|^From (?P<start>.+) to (?P<end>.+)"
LABEL = {
    "from": "text",
    "file": "list.txt",
    "block": BLOCK,
    "key": {"column": "file", "group": "name"},
    "onset": {"column": "start", "clock": "day", "origin": "origin"},
    "end": "end",
    "value": "seizure",
}


def only(recipe, root, label, name="01_1"):
    made = recipe(labels={"seizure": label})
    unit = next(unit for unit in made.units(root) if unit.name == name)
    recording = made.read(unit)
    said = [(each.onset_ns / NS, each.duration_ns / NS, each.value) for each in recording.annotations]
    return said, [warning for warning in recording.warnings if "seizure" in warning]


@pytest.fixture
def listed(record, tree):
    """Records of 4 s and a list beside them."""

    def write(text, *names):
        for name in names or ("01_1",):
            record(name, [("ECG", "mV")])
        return tree({"list.txt": text})

    return write


class TestBlocks:
    def test_a_heading_is_of_all_that_follows_it(self, recipe, listed):
        root = listed("File: 01_1\nBegin: 10.00.00\nFrom 10.00.01 to 10.00.02\nFrom 10.00.03 to 10.00.04\n")
        assert only(recipe, root, LABEL)[0] == [(1, 1, "seizure"), (3, 1, "seizure")]

    def test_a_new_heading_takes_back_those_below_it(self, recipe, listed):
        """The second file states no begin: that of the first is none of its own."""
        root = listed("File: 01_2\nBegin: 10.00.00\nFile: 01_1\nFrom 10.00.01 to 10.00.02\n", "01_1", "01_2")
        assert only(recipe, root, LABEL) == ([], ["seizure: 1 of 1 rows have no readable time and are left out"])

    def test_rows_of_other_recordings_are_none_of_this_one(self, recipe, listed):
        root = listed(
            "File: 01_2\nBegin: 10.00.00\nFrom 10.00.01 to 10.00.02\n"
            "File: 01_1\nBegin: 11.00.00\nFrom 11.00.03 to 11.00.04\n",
            "01_1",
            "01_2",
        )
        assert only(recipe, root, LABEL)[0] == [(3, 1, "seizure")]
        assert only(recipe, root, LABEL, "01_2")[0] == [(1, 1, "seizure")]

    def test_a_name_that_the_list_misspells_is_put_right_by_the_recipe(self, recipe, listed):
        root = listed("File: O1_1\nBegin: 10.00.00\nFrom 10.00.01 to 10.00.02\n")
        assert only(recipe, root, LABEL)[0] == []
        assert only(recipe, root, {**LABEL, "spelled": {"O1_1": "01_1"}})[0] == [(1, 1, "seizure")]

    def test_without_a_key_a_list_is_of_its_recording(self, recipe, listed):
        root = listed("Begin: 10.00.00\nFrom 10.00.01 to 10.00.02\n")
        label = {**LABEL, "key": None}
        assert only(recipe, root, {key: value for key, value in label.items() if value})[0] == [(1, 1, "seizure")]

    def test_what_lists_and_recordings_do_not_share_is_told_on_both_sides(self, recipe, listed):
        root = listed("File: 07_1\nBegin: 10.00.00\nFrom 10.00.01 to 10.00.02\n", "01_1", "01_2")
        made = recipe(labels={"seizure": LABEL})
        assert join_notes(made, made.units(root)) == [
            "labels.seizure: the lists have nothing of 2 of 2: 01_1, 01_2",
            "labels.seizure: the lists have 1 names that no recording has: 07_1 of list.txt",
        ]

    def test_bytes_that_are_no_text_and_windows_line_ends_do_no_harm(self, recipe, record, tree):
        record("01_1", [("ECG", "mV")])
        root = tree({})
        (root / "list.txt").write_bytes(b"M\xe4rz\r\nFile: 01_1\r\nBegin: 10.00.00\r\nFrom 10.00.01 to 10.00.02\r\n")
        assert only(recipe, root, LABEL)[0] == [(1, 1, "seizure")]

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"end": "ende"}, "'ende' is no group of `block`"),
            ({"onset": {"column": "start", "clock": "day"}}, "needs `origin`"),
            ({"onset": {"column": "start", "clock": "relative", "origin": "origin"}}, "no other clock has one"),
            ({"key": {"column": "name"}}, "'name' is no group of `block`"),
            ({"key": {"column": "file", "group": "visit"}}, "'visit', no group of `files.pattern`"),
            ({"block": "(?P<start>"}, "no regular expression"),
        ],
    )
    def test_a_label_that_cannot_be_meant_so_is_refused(self, recipe, change, said):
        with pytest.raises(RecipeError, match=said):
            recipe(labels={"seizure": {**LABEL, **change}})


class TestTimesOfTheDay:
    @given(
        hours=st.integers(0, 23),
        minutes=st.integers(0, 59),
        seconds=st.integers(0, 59),
        marks=st.tuples(st.sampled_from([".", ":", " : ", ". "]), st.sampled_from([".", ":", ".  "])),
    )
    def test_every_punctuation_of_the_lists_is_read(self, hours, minutes, seconds, marks):
        text = f" {hours:02d}{marks[0]}{minutes:02d}{marks[1]}{seconds:02d} "
        assert day_ns(pl.Series([text])).to_list() == [((hours * 60 + minutes) * 60 + seconds) * NS]

    def test_a_blank_within_the_hour_is_a_slip_and_what_is_no_time_is_none(self):
        cells = pl.Series(["1 6.49.25", "19.58.36.5", "24.00.00", "19.60.00", "19.58", "", None, "noon"])
        assert day_ns(cells).to_list() == [60565 * NS, 71916 * NS + NS // 2, None, None, None, None, None, None]

    @given(origin=st.integers(0, DAY_NS - 1), later=st.integers(0, DAY_NS - 1))
    def test_midnight_is_passed_once(self, origin, later):
        found = since(pl.Series([(origin + later) % DAY_NS]), pl.Series([origin])).to_list()
        assert found == [later]

    def test_an_end_after_midnight_follows_its_beginning(self, recipe, listed):
        root = listed("File: 01_1\nBegin: 23.59.58\nFrom 23.59.59 to 00.00.01\nFrom 00.00.01 to 00.00.02\n")
        assert only(recipe, root, LABEL)[0] == [(1, 2, "seizure"), (3, 1, "seizure")]

    def test_what_is_longer_than_anything_is_left_out_or_kept_where_it_begins(self, recipe, listed):
        root = listed("File: 01_1\nBegin: 10.00.00\nFrom 10.00.01 to 09.00.02\n")
        label = {**LABEL, "longest_s": 900}
        assert only(recipe, root, label) == ([], ["seizure: 1 of 1 rows have no readable time and are left out"])
        said, warnings = only(recipe, root, {**label, "missing_duration": "instant"})
        assert said == [(1, 0, "seizure")]
        assert warnings == ["seizure: 1 of 1 rows have no plausible end and are kept as instants"]


ROWS = {"from": "events", "file": "list.txt", "onset": {"clock": "rows"}, "every_s": 1, "column": 0}


class TestRows:
    def test_each_row_follows_the_one_before(self, recipe, listed):
        root = listed("0\n0\n2\n0\n")
        assert only(recipe, root, ROWS)[0] == [(0, 2, "0"), (2, 1, "2"), (3, 1, "0")]

    def test_a_blank_row_is_a_row(self, recipe, listed):
        """An epoch that was not scored moves none of the others."""
        root = listed("0,a\n,b\n2,c\n")
        assert only(recipe, root, ROWS)[0] == [(0, 1, "0"), (2, 1, "2")]

    def test_rows_after_the_recordings_end_are_left_out(self, recipe, listed):
        root = listed("0\n0\n0\n0\n1\n2\n")
        said, warnings = only(recipe, root, ROWS)
        assert (said, warnings) == ([(0, 4, "0")], ["seizure: 2 of 3 lie outside the recording and are left out"])

    def test_only_the_columns_of_the_label_are_read_of_a_table_without_a_header(self, recipe, listed):
        root = listed("9,x,1\n9,y,1\n9,z,0\n")
        assert only(recipe, root, {**ROWS, "column": 2})[0] == [(0, 2, "1"), (2, 1, "0")]

    @pytest.mark.parametrize("change", [{"every_s": None}, {"onset": {"clock": "rows", "column": 0}}])
    def test_rows_need_their_length_and_no_column(self, recipe, change):
        label = {key: value for key, value in {**ROWS, **change}.items() if value}
        with pytest.raises(RecipeError):
            recipe(labels={"stage": label})
