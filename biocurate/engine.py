"""Run units of work: in this process, on local Dask workers, or on a Dask cluster."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import chain, islice
from typing import Any, Protocol, TypeVar

from biocurate.errors import UsageError

Task = TypeVar("Task")
Result = TypeVar("Result")

IN_FLIGHT = 3
"""Tasks a worker that are submitted ahead: enough to keep it busy, few enough to bound memory."""

ANSWER_S = 30
"""Seconds that a scheduler has to answer."""

LOOK_S = 20
"""Seconds without a result after which it is looked whether there are workers."""

GONE_S = 120
"""Seconds without a worker after which a run ends: one that died is started again sooner."""


UNINTERRUPTED = """
import logging, signal
def dask_setup(worker):
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
"""
"""Ctrl-C on a terminal reaches the workers, too: they leave it to the process that started them, as they do with what
goes wrong in a task, which they would print as a traceback before its error is told in a sentence."""


class Progress(Protocol):
    """Something that shows how far a run has come."""

    def start(self, total: float) -> None:
        """Say how much there is to do."""
        ...

    def advance(self, amount: float) -> None:
        """Say how much more is done."""
        ...


class Silent:
    """Show nothing."""

    def start(self, total: float) -> None:
        """Ignore the total."""

    def advance(self, amount: float) -> None:
        """Ignore the step."""


class Pool(Protocol):
    """Somewhere to run tasks."""

    @property
    def workers(self) -> int:
        """Tasks that run at once."""
        ...

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Run a function on every task; pairs come in the order in which they are done."""
        ...


class InProcess:
    """Run tasks one after the other, right here."""

    workers = 1

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Run a function on every task, in their order."""
        for task in tasks:
            yield task, function(task)


class OnDask:
    """Run tasks on the workers of a Dask client, with a bounded number in flight."""

    def __init__(self, client: Any, workers: int) -> None:  # noqa: ANN401
        self._client = client
        self.workers = workers

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Run a function on every task, in the order in which they are done; an error ends the run."""
        waiting = iter(tasks)
        running: dict[Any, Task] = {}

        def submit(count: int) -> None:
            for task in islice(waiting, count):
                # Tasks write to the store: the same one twice is never what was meant, so results are not shared.
                running[self._client.submit(function, task, pure=False, retries=1)] = task

        submit(IN_FLIGHT * self.workers)
        while running:
            for future in self._done(running):
                yield running.pop(future), future.result()
                future.release()
                submit(1)

    def _done(self, running: Iterable[Any]) -> list[Any]:
        """Wait for the first of some tasks to end; an error where nobody is left to work on them."""
        from distributed import wait

        seen = time.monotonic()
        while True:
            try:
                ended = wait(list(running), timeout=LOOK_S, return_when="FIRST_COMPLETED").done
                return [future for future in running if future in ended]
            except TimeoutError:
                # Tasks wait for ever where every worker has died and none comes back.
                if self._client.nthreads():
                    seen = time.monotonic()
                elif time.monotonic() - seen > GONE_S:
                    raise UsageError(
                        "no worker is left: all have died, for want of memory as a rule.",
                        where="Dask",
                        mend="Run the command again, with fewer --workers: it goes on where it stopped.",
                    ) from None


def _connected(scheduler: str) -> Any:  # noqa: ANN401 - distributed has no types
    from distributed import Client

    try:
        return Client(scheduler, timeout=f"{ANSWER_S}s")
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {scheduler}.",
            mend="Start one with `dask scheduler` and give its address, such as tcp://10.0.0.5:8786; or leave "
            "--scheduler out and take --workers.",
        ) from error


class LocalWorkers:
    """Worker processes of this machine, started when the first task comes: a run without tasks starts none."""

    def __init__(self, workers: int, until_the_end: ExitStack) -> None:
        self.workers = workers
        self._until_the_end = until_the_end
        self._started: OnDask | None = None

    def map(self, function: Callable[[Task], Result], tasks: Iterable[Task]) -> Iterator[tuple[Task, Result]]:
        """Run a function on every task, in the order in which they are done; an error ends the run."""
        waiting = iter(tasks)
        for first in waiting:
            self._started = self._started or self._start()
            yield from self._started.map(function, chain([first], waiting))

    def _start(self) -> OnDask:
        from distributed import Client, LocalCluster

        enter = self._until_the_end.enter_context
        enter(_settings())
        cluster = enter(
            LocalCluster(
                n_workers=self.workers, threads_per_worker=1, processes=True, dashboard_address=":0", memory_limit=0
            )
        )
        return OnDask(enter(Client(cluster)), self.workers)


@contextmanager
def engine(workers: int = 0, scheduler: str | None = None) -> Iterator[Pool]:
    """Open a place to run tasks.

    Parameters
    ----------
    workers : int
        Local worker processes; 0 runs in this process.
    scheduler : str, optional
        Address of a Dask scheduler; its workers are used instead of local ones.

    Raises
    ------
    UsageError
        No scheduler answers at the address.
    """
    if scheduler is not None:
        with _settings(), _connected(scheduler) as client:
            yield OnDask(client, max(1, len(client.scheduler_info()["workers"])))
    elif workers <= 0:
        yield InProcess()
    else:
        with ExitStack() as until_the_end:
            yield LocalWorkers(workers, until_the_end)


def _settings() -> AbstractContextManager[object]:
    """What Dask is told of workers, here and where they are started."""
    # Imported first: its defaults, set within this block, would be taken back at its end and missed by the next one.
    import distributed  # noqa: F401
    from dask import config

    # One thread a worker, and numerical libraries pinned to one: tasks are the parallelism.
    pinned = {
        name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS")
    }
    # What goes wrong in a task comes back as its error; the cluster's own chatter about its end helps no one.
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    settings: AbstractContextManager[object] = config.set(
        {
            "distributed.nanny.pre-spawn-environ": pinned,
            "distributed.worker.multiprocessing-method": "spawn",
            "distributed.scheduler.work-stealing": True,
            "distributed.worker.preload": [UNINTERRUPTED],
        }
    )
    return settings
