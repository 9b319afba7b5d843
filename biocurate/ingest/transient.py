"""Errors that pass: of a network disk, an object store, a machine that was busy."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

Result = TypeVar("Result")

ATTEMPTS = 3
PAUSE_S = 0.5
"""Before the second attempt; twice as long before each further one."""

PASSING = frozenset(
    {
        errno.EIO,
        errno.ESTALE,
        errno.EAGAIN,
        errno.EINTR,
        errno.EBUSY,
        errno.ETIMEDOUT,
        errno.ECONNRESET,
        errno.ECONNREFUSED,
        errno.ECONNABORTED,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.ENETRESET,
        errno.EHOSTDOWN,
        errno.EHOSTUNREACH,
        errno.EREMOTEIO,
    }
)


def is_transient(error: BaseException) -> bool:
    """Whether an error, or what it came from, may be gone at the next attempt."""
    return any(
        isinstance(each, ConnectionError | TimeoutError) or (isinstance(each, OSError) and each.errno in PASSING)
        for each in _causes(error)
    )


def patiently(call: Callable[[], Result]) -> Result:
    """Call until it succeeds, fails for good, or has failed in passing `ATTEMPTS` times."""
    for attempt in range(1, ATTEMPTS):
        try:
            return call()
        except Exception as error:
            if not is_transient(error):
                raise
        time.sleep(PAUSE_S * 2 ** (attempt - 1))
    return call()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield error
        error = error.__cause__ or error.__context__
