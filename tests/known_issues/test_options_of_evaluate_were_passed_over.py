"""`zoo evaluate RUN --split test` and `--snr 10` did nothing without what they belong to, and said nothing."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from biocurate.errors import UsageError
from biocurate.store.store import create_store
from zoo.cli import app


@pytest.mark.parametrize(("option", "lacks"), [("--split=test", "--manifest"), ("--snr=10", "--noise")])
def test_an_option_without_what_it_belongs_to_is_refused(tmp_path, option, lacks):
    found = CliRunner().invoke(app, ["evaluate", str(tmp_path), option])
    assert isinstance(found.exception, UsageError)
    assert found.exception.where == option.partition("=")[0]
    assert lacks in found.exception.mend


@pytest.mark.parametrize("ratios", ["nan", "20,nan", "-inf"])
def test_what_is_no_ratio_is_refused(tmp_path, empty, ratios):
    """A row of chance stood in the table, at a ratio of nan."""
    found = CliRunner().invoke(
        app, ["evaluate", str(tmp_path), "--noise", "white", f"--snr={ratios}", "--store", empty]
    )
    assert isinstance(found.exception, UsageError)
    assert found.exception.where == "--snr"


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    return create_store(str(tmp_path_factory.mktemp("store") / "s")).url
