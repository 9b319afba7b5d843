"""One writer at a time: a lease with a heartbeat, kept as an object of the store."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from biocurate.errors import DamageError, LeaseError, StoreError
from biocurate.store.fence import draw
from biocurate.store.objects import Objects

BEAT_S = 10.0
"""Seconds between heartbeats."""

STALE_S = 60.0
"""A lease that has not been renewed for so long is taken over."""

ATTEMPTS = 8
"""A lease that is given back while it is looked at is asked for again this often."""

KEY = "leases/write.json"

FIELDS = {"purpose", "run_id", "token", "host", "pid", "beat"}


@dataclass(frozen=True)
class Lease:
    """The right to write to a store, as long as no other process has taken it over.

    A process that was suspended for longer than `STALE_S` has lost it without noticing: `Store.lease` hands it to the
    store's tables, which check it before every commit and name its number in it (`store.fence`). What is written or
    deleted past the tables checks it itself.
    """

    objects: Objects
    purpose: str
    run_id: str
    token: str
    number: int = 0
    """Higher than that of every lease before it."""
    is_taken_over: bool = False
    """Whether its last holder did not give it back, and may write once more."""

    @property
    def held(self) -> bool:
        """Whether the store still says that this process may write."""
        card = current(self.objects)
        return card is not None and card["token"] == self.token

    def check(self) -> None:
        """Raise LeaseError once the lease is lost."""
        if not self.held:
            raise LeaseError(
                f"another process has taken over the store while `{self.purpose}` showed no sign of life.",
                where=self.objects.url,
                mend="Nothing more was written. When the other one has ended, run the command again.",
            )

    def card(self) -> bytes:
        """Make what the store keeps of this lease, with a heartbeat of now."""
        card = {"purpose": self.purpose, "run_id": self.run_id, "token": self.token}
        return json.dumps(card | {"host": socket.gethostname(), "pid": os.getpid(), "beat": time.time()}).encode()


@contextmanager
def lease(objects: Objects, purpose: str, run_id: str) -> Iterator[Lease]:
    """Hold the store's one lease while the block runs.

    Of a holder on another machine whose heartbeat looks old, this waits up to `STALE_S` for the next one.

    Raises
    ------
    LeaseError
        When another process holds it and still shows signs of life.
    """
    mine = Lease(objects, purpose, run_id, uuid4().hex)
    is_taken_over = _take(mine)
    ended = threading.Event()
    beat = threading.Thread(target=_beat, args=(mine, ended), daemon=True)
    beat.start()
    try:
        numbered = replace(mine, number=draw(objects), is_taken_over=is_taken_over)
        numbered.check()  # a number that was drawn after the loss would be higher than that of the holder
        yield numbered
    finally:
        ended.set()
        beat.join()
        if mine.held:
            objects.delete(KEY)


def current(objects: Objects) -> dict[str, Any] | None:
    """Read who holds the lease, or held it when it died; None where no one does or the object is damaged."""
    return _parse(_read(objects, KEY))


def _take(mine: Lease) -> bool:
    """Take the lease; tells whether it was another's, who did not give it back."""
    for _ in range(ATTEMPTS):
        if _put_new(mine, KEY):
            return False
        found = _read(mine.objects, KEY)
        if found is None:
            continue  # given back since
        if _is_dead(mine.objects, KEY, found):
            _replace(mine, found)
            return True
        if mine.objects.exists(KEY):
            raise _refusal(mine.objects, found)
    raise _lost(mine.objects)


def _replace(mine: Lease, dead: bytes) -> None:
    claim = f"leases/claim-{hashlib.sha256(dead).hexdigest()[:32]}.json"
    _claim(mine, claim)
    try:
        # Whoever replaces that dead lease holds this claim; it may have been replaced before we asked for it.
        if _read(mine.objects, KEY) != dead:
            raise _lost(mine.objects)
        mine.objects.put(KEY, mine.card())
    finally:
        mine.objects.delete(claim)


def _claim(mine: Lease, claim: str) -> None:
    """Win the right to replace one dead lease: of two processes that find it, one must lose."""
    for _ in range(2):
        if _put_new(mine, claim):
            return
        rival = _read(mine.objects, claim)
        if rival is None:
            continue
        if not _is_dead(mine.objects, claim, rival):
            break
        mine.objects.delete(claim)  # its maker died between claiming and taking
    raise _lost(mine.objects)


def _put_new(mine: Lease, key: str) -> bool:
    try:
        mine.objects.put_new(key, mine.card())
    except FileExistsError:
        return False
    return True


def _refusal(objects: Objects, found: bytes) -> LeaseError:
    holder = _parse(found)
    if holder is None:
        return _lost(objects)
    return LeaseError(
        f"`{holder['purpose']}` is writing to this store (process {holder['pid']} on {holder['host']}).",
        where=objects.url,
        mend=f"Wait until it ends; a lease without a heartbeat for {STALE_S:.0f} s is taken over.",
    )


def _lost(objects: Objects) -> LeaseError:
    return LeaseError("another process took the lease first.", where=objects.url, mend="Wait until it ends.")


def _beat(mine: Lease, ended: threading.Event) -> None:
    while not ended.wait(BEAT_S):
        try:
            if not mine.held:
                return  # another process has taken over, and may have ended since
            mine.objects.put(KEY, mine.card())
        except StoreError:
            continue  # a full disk or a lost connection now says nothing of the next beat


def _read(objects: Objects, key: str) -> bytes | None:
    try:
        return objects.get(key)
    except DamageError:
        return None


def _parse(data: bytes | None) -> dict[str, Any] | None:
    try:
        card = json.loads(data or b"")
    except ValueError:
        return None
    return card if isinstance(card, dict) and card.keys() >= FIELDS else None


def _is_dead(objects: Objects, key: str, found: bytes) -> bool:
    """Tell whether the maker of a lease or claim has died; a damaged one tells nothing but that it changes."""
    holder = _parse(found)
    if holder is None:
        return _stands_still(objects, key, found)
    age = time.time() - float(holder["beat"])
    if holder["host"] == socket.gethostname():
        return not _runs(int(holder["pid"])) or age > STALE_S
    # Another machine's clock may differ from ours by any amount: what looks old is only watched.
    return abs(age) > STALE_S and _stands_still(objects, key, found)


def _stands_still(objects: Objects, key: str, found: bytes) -> bool:
    """Watch an object for as long as a lease may go without a heartbeat, on our own clock."""
    until = time.monotonic() + STALE_S
    while time.monotonic() < until:
        time.sleep(BEAT_S / 10)
        if _read(objects, key) != found:
            return False
    return True


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
