"""200 headers without their .dat were 200 reasons in `status`, 400 lines of `ingest`, and `200 _MissingFile`."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from biocurate.cli.main import app
from biocurate.cli.reports import MOST_TOLD
from biocurate.ingest.reasons import reason_of
from biocurate.ingest.state import state_of
from biocurate.store.store import open_store

RECIPE = """
name: tiny
title: t
licence: none
access: open
citation: none
url: https://example.org
verified: real
files: {pattern: 's(?P<subject>\\d+)\\.hea', reader: wfdb}
channels: [{match: '.*', sensor: ECG}]
"""


def ingest(folder, count):
    (folder / "r").mkdir()
    (folder / "tiny.yaml").write_text(RECIPE)
    for number in range(count):
        (folder / "r" / f"s{number}.hea").write_text(f"s{number} 1 250 9\nof_{number}a.dat 16 200 12 0 0 0 0 II\n")
    run = CliRunner()
    run.invoke(app, ["init", str(folder / "s")])
    told = run.invoke(
        app, ["ingest", str(folder / "tiny.yaml"), "--root", str(folder / "r"), "--store", str(folder / "s")]
    )
    return told.output, state_of(open_store(folder / "s"))


def test_many_are_told_by_their_reason(tmp_path):
    output, state = ingest(tmp_path, MOST_TOLD + 5)
    [failure] = state.failures.to_dicts()
    assert (failure["files"], failure["reason"]) == (MOST_TOLD + 5, "*.dat: is missing; a header names it.")
    assert output.count("is missing") == 1
    assert f"{MOST_TOLD + 5} such as s" in output
    assert "SELECT source, message, mend FROM failures" in output


def test_few_are_told_each(tmp_path):
    output, _ = ingest(tmp_path, 3)
    assert output.count("is missing") == 3


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("a b/x_1.dat: is missing.", "*.dat: is missing."),
        ("214cd3c710882672: is missing.", "*: is missing."),
        ("record 31 of 62 ends early: 21,000 bytes expected.", "record # of # ends early: # bytes expected."),
        ("line 3, column 'a' is no number.", "line #, column 'a' is no number."),
    ],
)
def test_names_of_companions_and_figures_are_no_reason(message, reason):
    assert reason_of(message) == reason
