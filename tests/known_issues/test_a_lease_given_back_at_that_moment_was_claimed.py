"""A lease that was given back between the asking and the looking was once taken for a damaged one.

It was then claimed and overwritten, although a third process could have got it properly in the meantime.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest

from biocurate.errors import LeaseError
from biocurate.store import lease as leases
from biocurate.store.objects import Objects


def card(purpose: str) -> bytes:
    fields = {"purpose": purpose, "run_id": "r", "token": purpose, "host": "elsewhere", "pid": 1, "beat": time.time()}
    return json.dumps(fields).encode()


class GivenBackMeanwhile(Objects):
    """The first holder ends just after we were refused."""

    def put_new(self, key: str, data: bytes) -> None:
        try:
            super().put_new(key, data)
        except FileExistsError:
            if leases.current(self)["purpose"] == "first":
                self.delete(leases.KEY)
            raise


class AndTakenByAnother(GivenBackMeanwhile):
    """A third process asks for the lease, and gets it where it is free, just before anything that we write."""

    def put_new(self, key: str, data: bytes) -> None:
        self.ask()
        super().put_new(key, data)

    def put(self, key: str, *pieces: bytes) -> None:
        self.ask()
        super().put(key, *pieces)

    def ask(self) -> None:
        with suppress(FileExistsError):
            Objects(self.url).put_new(leases.KEY, card("third"))


def test_a_lease_that_is_free_when_looked_at_is_asked_for_again(tmp_path):
    objects = GivenBackMeanwhile(str(tmp_path))
    Objects(objects.url).put(leases.KEY, card("first"))
    with leases.lease(objects, "mine", "r"):
        assert leases.current(objects)["purpose"] == "mine"


def test_who_takes_it_in_the_meantime_keeps_it(tmp_path):
    objects = AndTakenByAnother(str(tmp_path))
    Objects(objects.url).put(leases.KEY, card("first"))
    with pytest.raises(LeaseError, match="third"), leases.lease(objects, "mine", "r"):
        pass
    assert leases.current(objects)["purpose"] == "third"
