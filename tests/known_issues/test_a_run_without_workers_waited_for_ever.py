"""All workers of a run had died, on a machine with too much to do, and the run waited for their results for ever."""

from __future__ import annotations

import subprocess
import sys

RUN = """
import os
from biocurate import engine
from biocurate.errors import UsageError

engine.LOOK_S, engine.GONE_S = 0.2, 1.0

def forever(task):
    import time
    time.sleep(600)

if __name__ == "__main__":
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            client.wait_for_workers(1)
            cluster.scale(0)
            try:
                list(engine.OnDask(client, 1).map(forever, [1, 2]))
            except UsageError as error:
                print("told:", error, flush=True)
            os._exit(0)
"""


def test_a_run_that_has_lost_its_workers_ends_and_says_so():
    done = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, timeout=90, check=True)
    assert "told:" in done.stdout
    assert "no worker is left" in done.stdout
    assert "goes on where it stopped" in done.stdout
