"""Real files of every format, damaged at random: refused, told, or read as their bytes say; never anything else.

What can be promised of each format stands in `biocurate.testing.fuzz.verdict`; the figures are printed at the end of
the run. A case is the same each time: `biocurate.testing.fuzz.worker.replay` gives the one that a message names.
"""

from __future__ import annotations

import pytest

from biocurate.testing.fuzz import Campaign, Outcome, Report

pytestmark = pytest.mark.corpora

FAMILIES = ("edf", "bdf", "wfdb", "csv", "brainvision", "mat", "hdf5", "zip")
FEW, MANY = 40, 5000
"""Damaged copies of each family's recordings, together."""
MOST_GROWN = 300e6
"""Bytes that a process may grow beyond what the whole files took."""
MOST_SECONDS = 60.0
"""A case may wait for `hdf5.guard`, which is patient for 30 s."""


def hold_to_its_promise(report: Report) -> None:
    assert report.faults == []
    assert report.grown_bytes < MOST_GROWN
    assert report.outcomes[Outcome.REFUSED] > 0


@pytest.fixture(scope="module")
def few(subjects, tell) -> dict[str, Report]:
    reports = Campaign([each for family in subjects.values() for each in family], FEW, limit_s=MOST_SECONDS).run()
    tell(reports)
    return reports


@pytest.mark.parametrize("family", FAMILIES)
def test_some_damaged_copies(few, family):
    assert few[family].n_cases >= FEW
    hold_to_its_promise(few[family])


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_thousands_of_damaged_copies(subjects, tell, family):
    reports = Campaign(subjects[family], MANY, workers=2, limit_s=MOST_SECONDS).run()
    tell(reports)
    assert reports[family].n_cases >= MANY
    hold_to_its_promise(reports[family])
    if family == "zip":  # each member carries a checksum: there is nothing between refused and whole
        assert set(reports[family].outcomes) <= {Outcome.REFUSED, Outcome.EQUAL}
