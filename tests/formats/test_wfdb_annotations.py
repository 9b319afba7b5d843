"""Annotation files of annot(5), held to wfdb.rdann, and the annotations that are made of them."""

from __future__ import annotations

import numpy as np
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from wfdb.io.annotation import ann_labels

from biocurate.errors import SourceError
from biocurate.formats.wfdb.annotations import SYMBOLS, Mark, MarkFile, parse_marks, to_annotations

SECOND = 1_000_000_000
FILES = [
    "wfdb-samples/100.atr",
    "wfdb-samples/1003.atr",
    "wfdb-samples/12726.anI",
    "wfdb-samples/12726.wqrs",
    "wfdb-samples/03700181.gqrsh",
    "wfdb-samples/03700181.sqrs",
    "wfdb-samples/huge.qrs",
    "cpsc2021-af/data_101_6.atr",
    "ludb/data/1.i",
    "ludb/data/1.v6",
    "cardio-afdb2017/sel100.atr",
    "cardio-afdb2017/sel100.pu1",
]


def word(code: int, value: int = 0) -> bytes:
    return (code << 10 | value).to_bytes(2, "little")


def note(text: str) -> bytes:
    raw = text.encode("latin-1")
    return word(22) + word(63, len(raw)) + raw + bytes(len(raw) % 2)


def test_annot_5_symbols_are_those_of_the_standard():
    assert SYMBOLS == {label.label_store: label.symbol for label in ann_labels if label.label_store}


@pytest.mark.corpora
@pytest.mark.parametrize("name", FILES)
def test_annot_5_real_files_give_the_marks_that_rdann_gives(corpora, name):
    path = corpora / name
    ours = parse_marks(path.read_bytes(), name)
    marks = [mark for mark in ours.marks if mark.sample or mark.symbol != '"']  # rdann drops comments at sample 0
    theirs = wfdb.rdann(str(path.with_suffix("")), path.suffix[1:])
    assert [mark.sample for mark in marks] == theirs.sample.tolist()
    assert [mark.symbol for mark in marks] == theirs.symbol
    assert [mark.subtype for mark in marks] == theirs.subtype.tolist()
    assert [mark.channel for mark in marks] == theirs.chan.tolist()
    assert [mark.number for mark in marks] == theirs.num.tolist()
    assert [mark.aux for mark in marks] == [text.rstrip("\0 ") for text in theirs.aux_note]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 3000),
            st.sampled_from(sorted(SYMBOLS.values())),
            st.integers(-128, 127),
            st.integers(0, 255),
            st.integers(0, 127),
            st.text("(ABFIN ", max_size=9),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_mark_that_wfdb_writes_is_read_back(tmp_path_factory, rows):
    steps, symbols, subtypes, channels, numbers, notes = (list(column) for column in zip(*rows, strict=True))
    folder = tmp_path_factory.mktemp("ann")
    wfdb.wrann(
        "r", "atr", np.cumsum(steps), symbols, np.array(subtypes), np.array(channels), np.array(numbers), notes,
        write_dir=str(folder),
    )  # fmt: skip
    marks = parse_marks((folder / "r.atr").read_bytes(), "r.atr").marks
    assert [mark.sample for mark in marks] == np.cumsum(steps).tolist()
    assert [mark.symbol for mark in marks] == symbols
    assert [mark.subtype for mark in marks] == subtypes
    assert [mark.channel for mark in marks] == channels
    assert [mark.number for mark in marks] == numbers
    assert [mark.aux for mark in marks] == [text.rstrip(" ") for text in notes]


def test_annot_5_skip_moves_by_32_bits_forwards_and_back():
    raw = word(59) + b"\x01\x00\x00\x00" + word(1, 5) + word(59) + b"\xff\xff\xf0\xff" + word(5, 1) + word(0)
    assert [(mark.sample, mark.symbol) for mark in parse_marks(raw, "r.atr").marks] == [(65541, "N"), (65526, "V")]


def test_annot_5_own_symbols_and_time_resolution_are_applied():
    raw = note("## time resolution: 500.5") + note("## annotation type definitions") + note("42 W wake")
    raw += note("## end of definitions") + word(42, 100) + word(0)
    assert parse_marks(raw, "r.st") == MarkFile((Mark(100, "W"),), 500.5)


def test_a_comment_at_sample_0_of_unknown_meaning_is_a_note():
    """wfdb.rdann drops it, and never returns where it begins with two hashes and a blank."""
    raw = note("## made by hand") + note("arm lifted") + word(1, 10) + word(0)
    assert [(mark.sample, mark.symbol, mark.aux) for mark in parse_marks(raw, "r.atr").marks] == [
        (0, '"', "arm lifted"),
        (10, "N", ""),
    ]


@pytest.mark.parametrize("raw", [word(63, 200) + b"ab", word(59) + b"\x01\x00", word(59)])
def test_a_file_that_ends_inside_an_annotation_is_refused(raw):
    with pytest.raises(SourceError, match=r"r\.atr: the annotation file ends inside an annotation"):
        parse_marks(word(1, 10) + raw, "r.atr")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_marks_or_refused(raw):
    try:
        file = parse_marks(raw, "r.atr")
    except SourceError:
        return
    assert all(mark.symbol for mark in file.marks)


def test_rhythm_changes_are_intervals_until_the_next_and_the_end():
    marks = (Mark(0, "+", aux="(N"), Mark(200, "N"), Mark(1000, "+", aux="(AFIB"), Mark(1100, "V"))
    annotations = to_annotations(MarkFile(marks, None), 200.0, 0, 10 * SECOND, "beat", None)
    found = [(a.kind, a.value, a.onset_ns, a.duration_ns) for a in annotations]
    assert found == [
        ("beat", "N", SECOND, 0),
        ("beat", "V", 5_500_000_000, 0),
        ("rhythm", "N", 0, 5 * SECOND),
        ("rhythm", "AFIB", 5 * SECOND, 5 * SECOND),
    ]


def test_comments_are_notes_and_quality_changes_carry_their_code():
    marks = (Mark(0, '"', aux="(moves)"), Mark(50, "~", subtype=3), Mark(60, "(", number=2))
    annotations = to_annotations(MarkFile(marks, 100.0), 250.0, SECOND, 10 * SECOND, "wave", "II")
    assert [(a.kind, a.value, a.number, a.onset_ns, a.channel) for a in annotations] == [
        ("note", "(moves)", None, SECOND, "II"),
        ("wave", "~", 3, 1_500_000_000, "II"),
        ("wave", "(", 2, 1_600_000_000, "II"),
    ]
