"""Remove recordings from the store whose files are gone."""

from __future__ import annotations

from biocurate.errors import UsageError
from biocurate.ingest.plan import BATCH_RECORDINGS, Plan
from biocurate.store.schema import RECORDINGS, cast
from biocurate.store.store import Store


def prune(store: Store, plan: Plan) -> tuple[str, ...]:
    """Commit that the recordings without a file are gone; older snapshots still have them.

    Their annotations go with the sweep that ends every ingest; window sets, manifests and images that were made from
    them are stale from now on.

    Parameters
    ----------
    store : Store
        Under a lease.
    plan : Plan

    Returns
    -------
    tuple of str
        Ids.

    Raises
    ------
    UsageError
        Where something could not even be listed: what lies in there looks gone and is not.
    """
    if plan.unlisted:
        raise UsageError(
            f"{len(plan.unlisted)} files could not be listed, so that it is not known what is gone.",
            where=plan.unlisted[0].where,
            mend="Mend or remove them first, or leave out --prune.",
        )
    for first in range(0, len(plan.gone), BATCH_RECORDINGS):
        some = plan.gone[first : first + BATCH_RECORDINGS]
        store.tables.replace("recordings", cast([], RECORDINGS), "recording_id", some)
    return plan.gone
