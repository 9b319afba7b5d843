"""A store that was filled bit by bit, and what is made from one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from biocurate.engine import InProcess
from biocurate.ingest import Outcome, ingest, make_plan
from biocurate.ingest import plan as planning
from biocurate.recipes import load_recipe
from biocurate.store.store import Store, create_store, open_store


@pytest.fixture(scope="session")
def take() -> Callable[..., Outcome]:
    """Ingest a corpus."""

    def run(corpus, store: Store, *, prune: bool = False, codec: str = "pcodec-5", **options: object) -> Outcome:
        plan = make_plan(load_recipe(corpus.recipe), corpus.root, store, **options)
        return ingest(plan, InProcess(), store, prune=prune, codec=codec)

    return run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return create_store(str(tmp_path / "store"))


_FILLED: list[Path] = []


@pytest.fixture
def bits(corpus, take, tmp_path, tmp_path_factory, monkeypatch) -> Store:
    """The tiny corpus, in as many batches as it has recordings: many parts, many files. Made once, then copied."""
    if not _FILLED:
        with monkeypatch.context() as patched:
            patched.setattr(planning, "BATCH_BYTES", 1)
            patched.setattr(planning, "SMALLEST_BATCH_BYTES", 1)
            filled = create_store(str(tmp_path_factory.mktemp("filled") / "store"))
            assert take(corpus, filled).recordings == 12
        _FILLED.append(filled.objects.folder)
    shutil.copytree(_FILLED[0], tmp_path / "bits")
    return open_store(str(tmp_path / "bits"))


@pytest.fixture
def haystack() -> Callable[[Store], dict[str, bytes]]:
    """Every byte of a store's folder, half-written files included."""

    def read(store: Store) -> dict[str, bytes]:
        folder = store.objects.folder
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    return read
