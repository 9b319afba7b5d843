"""The program, run as a user would, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys, monkeypatch) -> Callable[..., Done]:
    """Run `biocurate` with some arguments."""

    def run(*arguments: object) -> Done:
        from biocurate.cli.main import main

        monkeypatch.setattr(sys, "argv", ["biocurate", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else int(bool(error.code))
        said = capsys.readouterr()
        return Done(code, said.out, said.err)

    return run
