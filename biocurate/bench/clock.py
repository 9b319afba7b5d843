"""What a contender measures of itself."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def timed() -> Iterator[None]:
    """Print the wall and processor seconds of a block, as one line of JSON.

    Processor time is that of this process alone. On a machine that others use, too, it is the steadier of the two.
    """
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(json.dumps({"work_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}))
