"""A process that was stopped between the look at its lease and the Delta commit once published under a lost lease."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import deltalake
import pyarrow as pa
import pytest

from biocurate.errors import LeaseError
from biocurate.store import lease as leases
from biocurate.store.fence import NUMBERS, draw, seen
from biocurate.store.store import Store, create_store, open_store
from biocurate.testing.object_server import object_server

MINE, THEIRS = pa.table({"n": [1]}), pa.table({"n": [2]})


@pytest.fixture(params=["folder", "s3"])
def store(request, tmp_path, monkeypatch) -> Store:
    if request.param == "folder":
        yield create_store(str(tmp_path / "store"))
        return
    with object_server() as (url, _):
        for name, said in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "none",
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
        }.items():
            monkeypatch.setenv(name, said)
        yield create_store("s3://bucket/store")


def commits(store: Store) -> dict[str, object]:
    """Every way to change a table."""
    return {
        "append": lambda: store.tables.append("t", MINE),
        "write": lambda: store.tables.write("t", MINE),
        "batches": lambda: store.tables.write("t", pa.RecordBatchReader.from_batches(MINE.schema, MINE.to_batches())),
        "replace": lambda: store.tables.replace("t", MINE, "n", [1, 2]),
    }


def held(store: Store) -> list[int]:
    return store.tables.scan("t").collect()["n"].to_list()


@pytest.mark.parametrize("how", ["append", "write", "batches", "replace"])
@pytest.mark.parametrize("winner", ["writes", "writes nothing"])
def test_a_commit_that_comes_after_the_next_holder_is_refused(store, monkeypatch, how, winner):
    """The loser has looked at its lease and opened the table; then it is stopped, and another takes over."""
    store.tables.append("t", THEIRS)
    stopped, go = threading.Event(), threading.Event()
    write = deltalake.write_deltalake

    def delayed(*arguments, **options):
        if threading.current_thread().name == "loser" and not stopped.is_set():
            stopped.set()
            go.wait(30)
        return write(*arguments, **options)

    monkeypatch.setattr(deltalake, "write_deltalake", delayed)
    monkeypatch.setattr(leases, "_is_dead", lambda *_: True)
    said: list[BaseException] = []

    def lose() -> None:
        try:
            with store.lease("biocurate slow"):
                commits(store)[how]()
        except LeaseError as error:
            said.append(error)

    loser = threading.Thread(target=lose, name="loser")
    loser.start()
    assert stopped.wait(30)
    other = open_store(store.url)
    with other.lease("biocurate next"):
        if winner == "writes":
            other.tables.append("t", THEIRS)
        go.set()
        loser.join(30)
    assert [str(each) for each in said if "taken over" in str(each)], said
    assert set(held(other)) == {2}


SLOW = """
import sys
import deltalake
import pyarrow as pa
from biocurate.errors import LeaseError
from biocurate.store import lease as leases
from biocurate.store.store import open_store

leases.BEAT_S = 0.05
write = deltalake.write_deltalake

def delayed(*arguments, **options):
    print("checked", flush=True)
    sys.stdin.readline()
    return write(*arguments, **options)

deltalake.write_deltalake = delayed
store = open_store(sys.argv[1])
try:
    with store.lease("biocurate suspended"):
        store.tables.append("t", pa.table({"n": [1]}))
        print("published", flush=True)
except LeaseError as error:
    print(error, flush=True)
"""


def test_of_two_processes_the_suspended_one_publishes_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "STALE_S", 0.5)
    store = create_store(str(tmp_path / "store"))
    store.tables.append("t", THEIRS)
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, store.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "checked\n"
    os.kill(process.pid, signal.SIGSTOP)
    time.sleep(0.6)
    with store.lease("biocurate next"):
        store.tables.append("t", THEIRS)
    os.kill(process.pid, signal.SIGCONT)
    said, _ = process.communicate("go\n", timeout=60)
    assert "taken over" in said
    assert held(store) == [2, 2]


def test_a_table_that_a_later_lease_wrote_takes_no_more_of_an_earlier(store):
    with store.lease("a") as first:
        pass
    with store.lease("b") as second:
        store.tables.append("t", THEIRS)
    assert second.number > first.number
    later, store.tables.lease = store.tables.lease, leases.Lease(store.objects, "a", "", "t", first.number)
    store.objects.put(leases.KEY, store.tables.lease.card())
    with pytest.raises(LeaseError, match="later lease"):
        store.tables.append("t", MINE)
    store.tables.lease = later
    assert held(store) == [2]


def test_numbers_rise_also_where_they_were_lost_and_one_is_kept(store):
    numbers = [draw(store.objects) for _ in range(3)]
    assert len(list(store.objects.list(NUMBERS))) == 1
    store.objects.delete(f"{NUMBERS}/{numbers[-1]}")
    time.sleep(0.005)
    assert numbers == sorted(set(numbers))
    assert draw(store.objects) > numbers[-1]


def test_a_store_without_numbers_is_written_to_as_before(store):
    store.tables.append("t", THEIRS)  # as before there were any: under none
    assert seen(deltalake.DeltaTable(store.tables.url("t"))) == 0
    with store.lease("biocurate next") as lease:
        store.tables.replace("t", MINE, "n", [1, 2])
    assert seen(deltalake.DeltaTable(store.tables.url("t"))) == lease.number
    assert held(store) == [1]
