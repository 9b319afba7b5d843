"""All real corpora that have a recipe, in one store."""

from __future__ import annotations

import pytest

from biocurate.engine import InProcess
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.store.store import Store, create_store


@pytest.fixture(scope="session")
def real(corpora, tmp_path_factory) -> Store:
    """One store of eegmat (EDF+), ludb (WFDB) and stress-predict (CSV, folders and zips)."""
    store = create_store(str(tmp_path_factory.mktemp("real") / "store"))
    for name in ("eegmat", "ludb", "stress-predict"):
        if not (corpora / name).is_dir():
            pytest.skip(f"{name} is not among the real recordings")
        outcome = ingest(make_plan(load_recipe(name), corpora / name, store), InProcess(), store)
        assert not outcome.failures
    return store
