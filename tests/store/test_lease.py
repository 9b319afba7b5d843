"""One writer at a time; a dead one's lease is taken over."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import pytest

from biocurate.errors import LeaseError
from biocurate.store import lease as leases
from biocurate.store.fence import NUMBERS
from biocurate.store.objects import Objects


def test_a_second_writer_is_told_who_holds_the_lease(tmp_path):
    objects = Objects(str(tmp_path))
    with (
        leases.lease(objects, "biocurate ingest a", "r1"),
        pytest.raises(LeaseError, match=rf"ingest a.*{os.getpid()}"),
    ):
        with leases.lease(objects, "biocurate ingest b", "r2"):
            pass
    assert leases.current(objects) is None


def test_the_lease_is_given_back_after_an_error(tmp_path):
    objects = Objects(str(tmp_path))
    with pytest.raises(ZeroDivisionError), leases.lease(objects, "x", "r"):
        raise ZeroDivisionError
    with leases.lease(objects, "y", "r"):
        assert leases.current(objects)["purpose"] == "y"


def test_a_killed_processs_lease_is_taken_over_at_once(tmp_path):
    code = (
        "import os, signal, sys\n"
        "from biocurate.store.lease import lease\nfrom biocurate.store.objects import Objects\n"
        "with lease(Objects(sys.argv[1]), 'killed', 'r'):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)]).returncode == -9
    objects = Objects(str(tmp_path))
    assert objects.exists(leases.KEY)
    with leases.lease(objects, "next", "r"):
        assert leases.current(objects)["purpose"] == "next"


def far(beat: float) -> bytes:
    """A lease that is held on another machine."""
    card = {"purpose": "far", "run_id": "r", "token": "t", "host": "elsewhere", "pid": 1, "beat": beat}
    return json.dumps(card).encode()


def test_a_fresh_lease_of_another_machine_is_refused_at_once(tmp_path):
    objects = Objects(str(tmp_path))
    objects.put(leases.KEY, far(time.time() - 30))
    began = time.monotonic()
    with pytest.raises(LeaseError, match=r"far.*elsewhere"), leases.lease(objects, "x", "r"):
        pass
    assert time.monotonic() - began < leases.BEAT_S


@pytest.mark.parametrize("left", [far(0.0), b"", b"{cut o", b"[]", b"{}", b"\xff"])
def test_what_stands_still_for_as_long_as_a_lease_may_is_taken_over(tmp_path, monkeypatch, left):
    """Also a damaged object, which says nothing of its maker: it must not close the store for good."""
    monkeypatch.setattr(leases, "BEAT_S", 0.05)
    monkeypatch.setattr(leases, "STALE_S", 0.5)
    objects = Objects(str(tmp_path))
    objects.put(leases.KEY, left)
    began = time.monotonic()
    with leases.lease(objects, "x", "r"):
        assert time.monotonic() - began >= 0.5
        assert leases.current(objects)["purpose"] == "x"
    assert [entry.key for entry in objects.list("leases") if not entry.key.startswith(NUMBERS)] == []


def test_a_lease_that_another_takes_over_is_lost_for_good(tmp_path):
    objects = Objects(str(tmp_path))
    with leases.lease(objects, "biocurate ingest a", "r") as held:
        held.check()
        assert held.held
        objects.put(leases.KEY, far(time.time()))
        for _ in range(2):
            with pytest.raises(LeaseError, match=r"taken over.*`biocurate ingest a`.*again"):
                held.check()
            objects.delete(leases.KEY)
        objects.put(leases.KEY, far(time.time()))
    assert leases.current(objects)["purpose"] == "far"


def test_the_heartbeat_renews_the_lease(tmp_path, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_S", 0.02)
    objects = Objects(str(tmp_path))
    with leases.lease(objects, "x", "r"):
        first = leases.current(objects)["beat"]
        deadline = time.time() + 5
        while leases.current(objects)["beat"] == first and time.time() < deadline:
            time.sleep(0.02)
        assert leases.current(objects)["beat"] > first


RACE = """
import sys, time
from biocurate.errors import LeaseError
from biocurate.store import lease as leases
from biocurate.store.lease import lease
from biocurate.store.objects import Objects
leases.BEAT_S, leases.STALE_S = 0.1, 3.0
print("ready", flush=True)
sys.stdin.readline()
try:
    with lease(Objects(sys.argv[1]), "racer", "r"):
        print("took", flush=True)
        time.sleep(1.5)
except LeaseError:
    print("lost", flush=True)
"""


def of_a_dead_process() -> bytes:
    """A lease that was held on this machine."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return json.dumps(json.loads(far(time.time())) | {"host": socket.gethostname(), "pid": ended.pid}).encode()


@pytest.mark.parametrize("dead", [of_a_dead_process, lambda: far(0.0)])
def test_of_many_that_find_a_dead_lease_one_takes_it(tmp_path, dead):
    objects = Objects(str(tmp_path))
    objects.put(leases.KEY, dead())
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    ends = sorted(racer.communicate()[0].strip() for racer in racers)
    assert ends == ["lost", "lost", "lost", "took"]
