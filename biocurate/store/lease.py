"""One writer at a time: a lease with a heartbeat, kept as an object of the store."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from biocurate.errors import DamageError, LeaseError, StoreError
from biocurate.store.objects import Objects

BEAT_S = 10.0
"""Seconds between heartbeats."""

STALE_S = 60.0
"""A lease that has not been renewed for so long is taken over."""

KEY = "leases/write.json"


@contextmanager
def lease(objects: Objects, purpose: str, run_id: str) -> Iterator[None]:
    """Hold the store's one lease while the block runs.

    Raises
    ------
    LeaseError
        When another process holds it and still shows signs of life.
    """
    token = uuid4().hex
    _take(objects, purpose, run_id, token)
    ended = threading.Event()
    beat = threading.Thread(target=_beat, args=(objects, purpose, run_id, token, ended), daemon=True)
    beat.start()
    try:
        yield
    finally:
        ended.set()
        beat.join()
        if _holder(objects).get("token") == token:
            objects.delete(KEY)


def current(objects: Objects) -> dict[str, Any] | None:
    """Tell who holds a lease that is alive, or None."""
    holder = _holder(objects)
    return holder if holder and not _is_dead(holder) else None


def _take(objects: Objects, purpose: str, run_id: str, token: str) -> None:
    card = _card(purpose, run_id, token)
    try:
        objects.put_new(KEY, card)
        return
    except FileExistsError:
        holder = _holder(objects)
    if holder and not _is_dead(holder):
        raise LeaseError(
            f"`{holder['purpose']}` is writing to this store (process {holder['pid']} on {holder['host']}).",
            where=objects.url,
            mend=f"Wait until it ends; a lease without a heartbeat for {STALE_S:.0f} s is taken over.",
        )
    claim = f"leases/claim-{holder.get('token', 'unreadable')}.json"
    _claim(objects, claim, card)
    try:
        # Whoever replaces that dead lease holds this claim; it may have been replaced before we asked for it.
        if _holder(objects).get("token") != holder.get("token"):
            raise _lost(objects)
        objects.put(KEY, card)
    finally:
        objects.delete(claim)


def _claim(objects: Objects, claim: str, card: bytes) -> None:
    """Win the right to replace one dead lease: of two processes that find it, one must lose."""
    for _ in range(2):
        try:
            objects.put_new(claim, card)
            return
        except FileExistsError:
            rival = _read(objects, claim)
        if rival and not _is_dead(rival):
            break
        objects.delete(claim)  # its maker died between claiming and taking
    raise _lost(objects)


def _lost(objects: Objects) -> LeaseError:
    return LeaseError("another process took the lease first.", where=objects.url, mend="Wait until it ends.")


def _beat(objects: Objects, purpose: str, run_id: str, token: str, ended: threading.Event) -> None:
    while not ended.wait(BEAT_S):
        try:
            if _holder(objects).get("token") != token:
                return  # another process has taken over, and may have ended since
            objects.put(KEY, _card(purpose, run_id, token))
        except StoreError:
            continue  # a full disk or a lost connection now says nothing of the next beat


def _card(purpose: str, run_id: str, token: str) -> bytes:
    host = socket.gethostname()
    card = {"purpose": purpose, "run_id": run_id, "token": token, "host": host, "pid": os.getpid(), "beat": time.time()}
    return json.dumps(card).encode()


def _holder(objects: Objects) -> dict[str, Any]:
    return _read(objects, KEY)


def _read(objects: Objects, key: str) -> dict[str, Any]:
    try:
        holder: dict[str, Any] = json.loads(objects.get(key))
    except (DamageError, ValueError):
        return {}
    return holder


def _is_dead(holder: dict[str, Any]) -> bool:
    if holder["host"] == socket.gethostname() and not _runs(int(holder["pid"])):
        return True
    return time.time() - float(holder["beat"]) > STALE_S


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
