"""A recording that could not be read again was told with "the other 0 are in the store", which held the rest."""

from __future__ import annotations

import pytest

from biocurate.cli.reports import print_outcome
from biocurate.ingest import Outcome

FAILURE = {"source": "a.edf", "error": "SourceError", "message": "is cut off.", "mend": "Download it again."}


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Outcome("tiny", done_before=11), "1 of 1 recordings was not read; none was read; the store keeps its 11"),
        (Outcome("tiny", recordings=2), "1 of 3 recordings was not read; the other 2 are in the store"),
        (Outcome("tiny", recordings=1), "1 of 2 recordings was not read; the other one is in the store"),
        (Outcome("tiny"), "1 of 1 recordings was not read; none was read."),
    ],
)
def test_what_the_store_keeps_is_told(capsys, outcome, said):
    outcome.failures.append(FAILURE)
    print_outcome(outcome, as_json=False)
    printed = capsys.readouterr().out
    assert said in printed
    assert "other 0" not in printed
