"""A program that called `main` many times (a test, a notebook) grew slower with each call: groups were joined again."""

from __future__ import annotations

import pytest

from biocurate.cli.main import app, main


def test_a_group_is_joined_once(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["biocurate", "recipes", "list", "--help"])
    for _ in range(3):
        with pytest.raises(SystemExit):
            main()
    names = [group.name for group in app.registered_groups]
    assert "zoo" in names
    assert len(names) == len(set(names))
