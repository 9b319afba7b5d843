"""One writer at a time; a dead one's lease is taken over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from biocurate.errors import LeaseError
from biocurate.store import lease as leases
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


def test_a_lease_of_another_machine_is_taken_over_only_when_it_is_stale(tmp_path):
    objects = Objects(str(tmp_path))
    card = {"purpose": "far", "run_id": "r", "token": "t", "host": "elsewhere", "pid": 1, "beat": time.time() - 30}
    objects.put(leases.KEY, json.dumps(card).encode())
    with pytest.raises(LeaseError, match="elsewhere"), leases.lease(objects, "x", "r"):
        pass
    objects.put(leases.KEY, json.dumps({**card, "beat": time.time() - leases.STALE_S - 1}).encode())
    with leases.lease(objects, "x", "r"):
        pass


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
from biocurate.store.lease import lease
from biocurate.store.objects import Objects
print("ready", flush=True)
sys.stdin.readline()
try:
    with lease(Objects(sys.argv[1]), "racer", "r"):
        print("took", flush=True)
        time.sleep(1.5)
except LeaseError:
    print("lost", flush=True)
"""


def test_of_many_that_find_a_dead_lease_one_takes_it(tmp_path):
    objects = Objects(str(tmp_path))
    card = {"purpose": "dead", "run_id": "r", "token": "t", "host": "elsewhere", "pid": 1, "beat": 0.0}
    objects.put(leases.KEY, json.dumps(card).encode())
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
