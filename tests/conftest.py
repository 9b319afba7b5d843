"""Fixtures that every test may use: real recordings and vectors, where they lie."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def _folder(variable: str) -> Path:
    value = os.environ.get(variable)
    if not value:
        pytest.skip(f"${variable} is not set: the real files are not at hand")
    folder = Path(value)
    if not folder.is_dir():
        pytest.skip(f"${variable} names {folder}, which is no folder")
    return folder


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real recordings."""
    return _folder("BIOCURATE_TEST_CORPORA")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of numeric test vectors."""
    return _folder("BIOCURATE_TEST_VECTORS")
