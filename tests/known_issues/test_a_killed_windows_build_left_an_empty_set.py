"""A `windows build` that was killed once left an empty set, which the next one refused to replace without --overwrite.

The table was made in one commit, and its rows came in the next.
"""

from __future__ import annotations

import signal
import subprocess
import sys

from biocurate.curate.windows.build import build_windows, list_windows
from biocurate.recording import Recording
from biocurate.store.store import create_store, open_store
from biocurate.testing.memory import noise_stream, put

BUILD = """
import os, signal, sys
from biocurate.curate.windows import build as windows
from biocurate.store.store import open_store

windows.BATCH = 2  # one recording at a time
whole, calls = windows.cover, []

def killed(*arguments):
    calls.append(arguments)
    if len(calls) == 2:  # the first rows are with the writer
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments)

windows.cover = killed
windows.build_windows(open_store(sys.argv[1]), "w", length_s=10)
"""


def test_the_same_command_builds_the_set(tmp_path):
    store = create_store(str(tmp_path))
    put(store, {f"c/{name}": Recording((noise_stream("ECG", 100, [(0, 3000)]),)) for name in "abc"})
    assert subprocess.run([sys.executable, "-c", BUILD, store.url]).returncode == -signal.SIGKILL
    again = open_store(store.url)
    assert list_windows(again).height == 0
    assert build_windows(again, "w", length_s=10).windows == 9
