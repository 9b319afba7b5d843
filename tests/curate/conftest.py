"""Empty stores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from biocurate.store.store import Store, create_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return create_store(str(tmp_path / "store"))


@pytest.fixture
def new_store(tmp_path: Path) -> Callable[[str], Store]:
    """Make more empty stores, by name."""
    return lambda name: create_store(str(tmp_path / name))
