"""A process that was suspended for minutes once went on publishing, although another had taken its lease over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pyarrow as pa
import pytest

from biocurate.curate.manifests import build as manifests
from biocurate.curate.manifests.definition import parse_definition
from biocurate.curate.windows import build as windows
from biocurate.engine import InProcess
from biocurate.errors import LeaseError
from biocurate.ingest import ingest, make_plan
from biocurate.recipes import load_recipe
from biocurate.recording import Recording
from biocurate.store import lease as leases
from biocurate.store import vacuum as vacuums
from biocurate.store.store import Store, create_store, open_store
from biocurate.testing.memory import noise_stream, put

ROWS = pa.table({"n": [1]})


@pytest.fixture
def store(tmp_path) -> Store:
    made = create_store(str(tmp_path / "store"))
    put(made, {f"c/{name}": Recording((noise_stream("ECG", 100, [(0, 3000)]),)) for name in "abcdef"})
    windows.build_windows(made, "w", length_s=10)
    made.objects.put("signals/c/orphan.zarr/zarr.json", b"{}")
    return made


def take_over(store: Store) -> None:
    """Do what another process does that finds the lease stale."""
    store.objects.put(leases.KEY, leases.Lease(store.objects, "biocurate other", "other", "other").card())


def everything(store: Store) -> dict[str, int]:
    """Every object but the lease, and its size: the files of a write that was not committed are beside the point."""
    tables = {name: store.tables.version(name) for name in store.tables.names()}
    return tables | {entry.key: entry.size for entry in store.objects.list("signals")}


def _windows(store: Store) -> None:
    windows.build_windows(store, "other", length_s=5)


def _manifest(store: Store) -> None:
    manifests.build_manifest(store, parse_definition({"name": "m", "windows": {"set": "w"}}))


def _vacuum(store: Store) -> None:
    vacuums.vacuum(store, dry_run=False, now=datetime.now(UTC) + timedelta(hours=25))


@pytest.mark.parametrize(
    ("module", "step", "command"),
    [
        (windows, "cover", _windows),
        (manifests, "content_hash", _manifest),
        (vacuums, "live_parts", _vacuum),
    ],
)
def test_what_comes_after_the_loss_is_not_published(
    store: Store, monkeypatch, module: ModuleType, step: str, command: Callable[[Store], None]
):
    before, whole = everything(store), getattr(module, step)

    def overtaken(*arguments):
        take_over(store)
        return whole(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(module, step, overtaken)
        with pytest.raises(LeaseError, match=r"taken over"):
            command(store)
    assert everything(open_store(store.url)) == before
    assert leases.current(store.objects)["token"] == "other"
    store.objects.delete(leases.KEY)
    command(store)
    assert everything(open_store(store.url)) != before


class Overtaken(InProcess):
    """A pool whose work takes so long that the lease is lost behind the first batch."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def map(self, function, tasks):
        for number, done in enumerate(super().map(function, tasks)):
            if number == 1:
                take_over(self.store)
            yield done


def test_an_ingest_publishes_no_batch_after_the_loss(corpus, tmp_path, monkeypatch):
    monkeypatch.setattr("biocurate.ingest.plan.BATCH_BYTES", 60_000)
    store = create_store(str(tmp_path / "ingested"))
    plan = make_plan(load_recipe(corpus.recipe), corpus.root, store)
    with pytest.raises(LeaseError, match="taken over"):
        ingest(plan, Overtaken(store), store)
    stored = store.recordings.collect().height
    assert 0 < stored < len(plan.todo)
    assert store.snapshots.collect().height == 1
    assert store.tables.scan("runs").collect().is_empty()
    store.objects.delete(leases.KEY)
    plan = make_plan(load_recipe(corpus.recipe), corpus.root, store)
    assert ingest(plan, InProcess(), store).recordings == len(plan.todo)


def test_every_commit_and_every_new_table_is_refused_after_the_loss(store):
    with store.lease("biocurate slow"):
        store.tables.append("t", ROWS)
        take_over(store)
        commits: list[Callable[[], object]] = [
            lambda: store.tables.append("t", ROWS),
            lambda: store.tables.write("t", ROWS),
            lambda: store.tables.replace("t", ROWS, "n", [1]),
            lambda: store.tables.create("new", ROWS.schema),
            lambda: store.tables.append("new", ROWS),
            lambda: store.publish("late"),
        ]
        for commit in commits:
            with pytest.raises(LeaseError, match="taken over"):
                commit()
    assert store.tables.version("t") == 0
    assert "new" not in store.tables.names()


def test_a_long_write_that_outlives_its_lease_is_not_committed(store):
    def batches():
        yield from ROWS.to_batches()
        take_over(store)
        yield from ROWS.to_batches()

    with store.lease("biocurate slow"):
        for name in ("new", "windows/w"):
            with pytest.raises(LeaseError, match=r"taken over"):
                store.tables.write(name, pa.RecordBatchReader.from_batches(ROWS.schema, batches()))
            store.objects.put(leases.KEY, store.tables.lease.card())
    assert "new" not in store.tables.names()
    assert store.windows("w").collect().height == 18


def test_writing_goes_on_with_the_next_lease(store):
    with pytest.raises(LeaseError), store.lease("biocurate slow"):
        take_over(store)
        store.tables.append("t", ROWS)
    store.objects.delete(leases.KEY)
    with store.lease("biocurate next"):
        store.tables.append("t", ROWS)


SUSPENDED = """
import sys
from biocurate.errors import LeaseError
from biocurate.store import lease as leases
from biocurate.store.runs import Run
from biocurate.store.store import open_store

leases.BEAT_S = 0.05
store = open_store(sys.argv[1])
try:
    with store.lease("biocurate suspended"):
        print("holds", flush=True)
        sys.stdin.readline()
        Run("suspended", "", {}).finish(store, done=1)
except LeaseError as error:
    print(error, flush=True)
"""


def test_a_process_that_was_suspended_ends_with_one_sentence(store, monkeypatch):
    monkeypatch.setattr(leases, "STALE_S", 0.5)
    process = subprocess.Popen(
        [sys.executable, "-c", SUSPENDED, store.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "holds\n"
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(0.6)
    with store.lease("biocurate next"):
        os.kill(process.pid, signal.SIGCONT)
        said, _ = process.communicate("go\n", timeout=60)
    assert "another process has taken over the store while `biocurate suspended`" in said
    assert process.returncode == 0
    assert "suspended" not in store.tables.scan("runs").collect()["command"].to_list()
