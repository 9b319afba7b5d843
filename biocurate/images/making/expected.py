"""What a generation would take, before it is begun: nothing is written, and no lease is held."""

from __future__ import annotations

from collections.abc import Sequence

from biocurate.images.drawing.picture import device_of
from biocurate.images.making.estimate import Estimate, estimate
from biocurate.images.making.generate import before, check_orders
from biocurate.images.making.plan import NONE, Order, Plan, refuse_absent
from biocurate.store.store import Store


def expected(
    store: Store, orders: Sequence[Order], workers: int = 1, device: str = "cpu", *, overwrite: bool = False
) -> Estimate:
    """Estimate what `generate_sets` would take for the same orders.

    Parameters
    ----------
    store : Store
    orders : sequence of Order
    workers : int
    device : str
    overwrite : bool
        Whether it would draw also what is there.

    Raises
    ------
    As `generate_sets` before it draws.
    """
    device_of(device)
    check_orders(store, orders)
    refuse_absent(orders, [Plan(store, order, NONE).survey() for order in orders])
    return estimate(store, before(store, orders, overwrite), workers, device)
