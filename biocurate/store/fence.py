"""The number of a lease: it rises with each one, and a table that has seen a higher one takes no more of a lower.

Between the look at a lease and the commit that follows a process can be stopped for any time. What it commits then
names its lease's number as the version of the Delta transaction ``lease``. Of two commits of one version that name this
transaction, Delta lets the second fail, whatever the numbers; and a table whose newest one is higher is never written.

Source: Delta Lake protocol, "Transaction Identifiers"; the numbers are the fencing tokens of Kleppmann, Designing
Data-Intensive Applications, chapter 8, "The leader and the lock".
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from biocurate.store.objects import Objects

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable

TRANSACTION = "lease"
"""The application id under which tables keep the number."""

NUMBERS = "leases/numbers"
"""Folder of an empty object by each number that was drawn; the newest one stays."""


def draw(objects: Objects) -> int:
    """Give a number that is higher than all before it, and that no one else is given.

    It is a time in milliseconds where no clock has run ahead: a store that was copied without its ``leases`` goes on
    above what its tables have seen.
    """
    while True:
        drawn = _drawn(objects)
        number = max([int(time.time() * 1000), *(each + 1 for each in drawn)])
        try:
            objects.put_new(f"{NUMBERS}/{number}", b"")
        except FileExistsError:
            continue
        for each in drawn:
            objects.delete(f"{NUMBERS}/{each}")
        return number


def seen(table: DeltaTable) -> int:
    """The number that a table was last written under; 0 where it never was."""
    return table.transaction_version(TRANSACTION) or 0


def under(number: int | None, most_retries: int | None = None) -> CommitProperties:
    """What a commit says of the lease that it is made under; None where there is no lease."""
    from deltalake import CommitProperties, Transaction

    said = [] if number is None else [Transaction(TRANSACTION, number)]
    return CommitProperties(max_commit_retries=most_retries, app_transactions=said)


def _drawn(objects: Objects) -> list[int]:
    names = [entry.key.rsplit("/", 1)[-1] for entry in objects.list(f"{NUMBERS}/")]
    return [int(name) for name in names if name.isdecimal()]
