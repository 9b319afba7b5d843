"""`verify --all-snapshots` said of parts that nothing names: "--all-snapshots checks those"."""

from __future__ import annotations

import pytest

from biocurate.cli.reports import print_findings
from biocurate.store.verify import Findings


@pytest.mark.parametrize("all_snapshots", [False, True])
def test_the_option_is_named_where_it_was_not_given(capsys, all_snapshots):
    print_findings(Findings(unchecked=4), False, all_snapshots)
    said = " ".join(capsys.readouterr().out.split())
    assert "4 parts that" in said
    assert "biocurate vacuum lists those that nothing names" in said
    assert ("--all-snapshots" in said) is not all_snapshots
