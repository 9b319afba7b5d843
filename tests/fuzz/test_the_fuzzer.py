"""What the fuzzer is for, it finds: a reading that dies, hangs, fills the memory, or is not what the bytes say."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biocurate.testing.fuzz import Campaign, Outcome, Subject, decoders, table
from biocurate.testing.fuzz.mutations import KINDS, apply, mutate
from biocurate.testing.fuzz.subject import case_of
from biocurate.testing.fuzz.worker import replay

TEXT = b"ECG\n" + b"".join(b"%d.5\n" % (i % 7) for i in range(400))
DANGEROUS = """
import os
from biocurate.testing.fuzz.decoders import table

def _whole(path):
    return path.read_bytes() == b"ECG\\n" + b"".join(b"%d.5\\n" % (i % 7) for i in range(400))

def dies(path, options):
    if not _whole(path):
        os.abort()
    return table(path, options)

def hangs(path, options):
    while not _whole(path):
        pass
    return table(path, options)

def fills(path, options):
    return [] if not _whole(path) and bytearray(3 * 2**30) else table(path, options)

def differs(path, options):
    return [channel + (not _whole(path)) for channel in table(path, options)]
"""


def subject(decoder=decoders.table) -> Subject:
    return Subject("x.csv", "csv", "csv", {"x.csv": TEXT}, {"rate_hz": 10}, None, decoder)


@pytest.mark.parametrize(
    ("decoder", "outcome"),
    [("dies", Outcome.DIED), ("hangs", Outcome.HUNG), ("fills", Outcome.WRONG), ("differs", Outcome.WRONG)],
)
def test_what_goes_wrong_is_a_fault_and_the_others_are_judged_all_the_same(tmp_path, monkeypatch, decoder, outcome):
    """The other decoder stands in for a reader: it is called where a changed file is read in silence."""
    (tmp_path / "dangerous.py").write_text(DANGEROUS)
    monkeypatch.syspath_prepend(str(tmp_path))
    import dangerous

    report = Campaign([subject(getattr(dangerous, decoder))], 3, limit_s=1.0).run()["csv"]
    assert report.n_cases == 3
    assert report.outcomes[outcome] == len(report.faults) > 0
    assert all(text.startswith("x.csv ") and outcome in text for text in report.faults)


def test_what_checksums_cover_may_not_differ_unseen():
    report = Campaign([subject(decoder=None)], 12).run()["csv"]
    assert report.outcomes[Outcome.WRONG] == len(report.faults) > 0
    assert "samples differ unseen" in report.faults[0]


def test_a_sound_reader_has_no_faults_and_each_case_is_counted_once():
    reports = Campaign([subject()], 31, workers=2).run()
    assert (reports["csv"].n_cases, reports["csv"].faults) == (31, [])
    heads, row = [line.split() for line in table(reports)]
    assert row[:2] == ["csv", "31"]
    assert len(heads) > len(row)  # outcomes have names of several words


def test_a_case_is_the_same_each_time(tmp_path):
    made = [case_of(subject(), number) for number in range(50)]
    assert made == [case_of(subject(), number) for number in range(50)]
    assert len({case.content for case in made}) > 40
    case, verdict = replay(subject(), 7, tmp_path)
    assert (tmp_path / "x.csv").read_bytes() == case.content == made[7].content
    assert verdict.outcome in Outcome


@settings(max_examples=200, deadline=None)
@given(st.binary(min_size=1, max_size=300), st.integers())
def test_edits_say_what_they_change(raw, seed):
    kind, edits = mutate(raw, Random(seed))
    assert kind in KINDS
    size = len(raw)
    for edit in edits:
        assert 0 <= edit.start <= edit.stop <= size
        size += len(edit.content) - (edit.stop - edit.start)
    assert len(apply(raw, edits)) == size
