"""Draw the windows of manifests into sets of images."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from biocurate.curate.fields import NAME
from biocurate.engine import InProcess, Pool, Progress, Silent
from biocurate.errors import UsageError
from biocurate.images.drawing.picture import Picture, device_of
from biocurate.images.drawing.registry import Representation
from biocurate.images.making.commits import committing
from biocurate.images.making.estimate import refuse_what_cannot_fit
from biocurate.images.making.following import follow, ids_of
from biocurate.images.making.part import make_part
from biocurate.images.making.plan import NONE, Order, PartTask, Plan, Survey, refuse_absent
from biocurate.sensors import SensorType
from biocurate.store.manifests import Manifest
from biocurate.store.runs import Run
from biocurate.store.store import Store


@dataclass
class Outcome:
    """How the generation of a set ended."""

    image_set: str
    representations: tuple[str, ...]
    """Ids of what was asked for."""
    drawn: int = 0
    there_before: int = 0
    windows_without: int = 0
    """Windows of the manifest that have none of the sensor types."""
    stored_bytes: int = 0
    seconds: float = 0.0
    """Of the whole run, whatever other sets it drew."""
    snapshot_id: int = 0
    status: dict[str, int] = field(default_factory=dict)
    """Of the images drawn: how many are ok, and why others show nothing."""

    @property
    def all_blank(self) -> bool:
        """Whether images were drawn and none shows anything: windows and parameters do not fit."""
        return self.drawn > 0 and not self.status.get("ok")


def generate(
    store: Store,
    manifest: Manifest,
    representation: Representation,
    sensors: Sequence[str],
    *,
    channels: Sequence[str] = (),
    image_set: str | None = None,
    size: int | None = None,
    pool: Pool | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
    device: str = "cpu",
) -> Outcome:
    """Draw every channel of some sensor types in every window of a manifest, in one way: `generate_sets` of one.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    representation : Representation
    sensors : sequence of str
        Sensor types or aliases.
    channels : sequence of str
        Canonical channel names; all where left out.
    image_set : str, optional
        ``<manifest>-<kind>`` where left out. A set can hold several representations and sensor types of one manifest.
    size : int, optional
        Side in pixels that images are stored at; the representation's native grid where left out.
    pool, progress, overwrite, device
        As of `generate_sets`.

    Raises
    ------
    As `generate_sets`.
    """
    if not sensors:
        raise UsageError("No sensor type is named.", where="images", mend="Say which to draw, such as EEG.")
    name = image_set or f"{manifest.name}-{representation.kind}"
    pictures = {str(SensorType.parse(sensor)): (Picture(representation, size),) for sensor in sensors}
    order = Order(name, manifest, pictures, tuple(channels))
    return generate_sets(store, [order], pool=pool, progress=progress, overwrite=overwrite, device=device)[0]


def generate_sets(
    store: Store,
    orders: Sequence[Order],
    *,
    pool: Pool | None = None,
    progress: Progress | None = None,
    overwrite: bool = False,
    device: str = "cpu",
    force: bool = False,
) -> list[Outcome]:
    """Draw every channel of some sensor types in every window of some manifests, in several ways.

    Images that a set has are not drawn again, so that a second run does nothing and a killed run goes on. A set
    follows its manifest: images of windows that the manifest no longer has leave it. Each task owns whole parts; their
    rows are published some seconds after they are written.

    Parameters
    ----------
    store : Store
    orders : sequence of Order
        One a set.
    pool : Pool, optional
        Where tasks run; here where left out.
    progress : Progress, optional
        Counts the images of all sets.
    overwrite : bool
        Draw everything anew, and drop what the sets hold.
    device : str
        Where tasks draw: ``cpu``, or ``cuda`` where the machines of the pool have one.
    force : bool
        Begin also where the disk seems to have no room for all.

    Returns
    -------
    list of Outcome
        In the order of ``orders``.

    Raises
    ------
    UsageError
        Where no window has such a sensor type or channel, a representation's parameters make no sense for a rate, a
        name is none, a set is of another manifest, or there is no such device.
    StaleError
        Where a manifest was made from recordings that have been replaced.
    DamageError
        Where a stored sample is missing or changed.
    LeaseError
        While another process writes to the store.
    StoreError
        Where the disk has no room for what would be stored.
    """
    pool, bar, began = pool or InProcess(), progress or Silent(), time.monotonic()
    device_of(device)
    check_orders(store, orders)
    runs = [Run("images", order.image_set, _config(order)) for order in orders]
    with store.lease(f"biocurate images generate {', '.join(order.image_set for order in orders)}", runs[0].run_id):
        # What cannot be drawn, or has no room, is refused before a set is touched.
        refuse_absent(orders, surveyed := [Plan(store, order, NONE).survey() for order in orders])
        if not force:
            refuse_what_cannot_fit(store, before(store, orders, overwrite), sum(each.n_bytes for each in surveyed))
        plans = [Plan(store, order, follow(store, order.image_set, order.manifest, overwrite)) for order in orders]
        surveys = [plan.survey() if plan.there.size else found for plan, found in zip(plans, surveyed, strict=True)]
        outcomes = {plan.order.image_set: _outcome(plan, found) for plan, found in zip(plans, surveys, strict=True)}
        lacking = sum(survey.lacking for survey in surveys)
        bar.start(lacking)
        _draw(store, _tasks(plans, lacking, pool.workers, device), pool, bar, outcomes)
        for run in runs:
            if outcomes[run.target].drawn:
                run.finish(store, done=outcomes[run.target].drawn)
        snapshot_id = store.publish(runs[0].run_id)
    for outcome in outcomes.values():
        outcome.snapshot_id, outcome.seconds = snapshot_id, time.monotonic() - began
    return list(outcomes.values())


def before(store: Store, orders: Sequence[Order], overwrite: bool) -> list[Plan]:
    """Plans by what the sets hold now; nothing is changed."""
    return [Plan(store, order, NONE if overwrite else ids_of(store, f"images/{order.image_set}")) for order in orders]


def _outcome(plan: Plan, survey: Survey) -> Outcome:
    pictures = {picture.id: None for each in plan.order.pictures.values() for picture in each}
    there_before = survey.wanted - survey.lacking
    return Outcome(plan.order.image_set, tuple(pictures), 0, there_before, survey.windows_without)


def _tasks(plans: Sequence[Plan], images: int, workers: int, device: str) -> Iterator[PartTask]:
    for plan in plans if images else ():
        yield from plan.tasks(images, workers, device)


def _draw(store: Store, tasks: Iterator[PartTask], pool: Pool, bar: Progress, outcomes: dict[str, Outcome]) -> None:
    with committing(store) as commits:
        for task, result in pool.map(make_part, tasks):
            commits.add(task.image_set, result.rows)
            outcome = outcomes[task.image_set]
            outcome.status = dict(Counter(outcome.status) + Counter(result.rows.column("status").to_pylist()))
            outcome.drawn += task.images
            outcome.stored_bytes += result.n_bytes
            bar.advance(task.images)


def _config(order: Order) -> dict[str, object]:
    """What the run's row keeps: the parameters behind the representations' ids among it."""
    return {
        "manifest": order.manifest.name,
        "manifest_hash": order.manifest.hash,
        "terms": list(order.manifest.terms),
        "pictures": {sensor: [picture.facts for picture in each] for sensor, each in order.pictures.items()},
        "channels": list(order.channels),
    }


def check_orders(store: Store, orders: Sequence[Order]) -> None:
    """Refuse orders that cannot become sets, whatever their windows.

    Raises
    ------
    UsageError
        Where a name is none, or two sets would have one.
    StaleError
        Where a manifest was made from recordings that have been replaced.
    """
    names = [order.image_set for order in orders]
    if len(set(names)) < len(names):
        raise UsageError("two manifests cannot have one image set.", mend="Leave out --set, or draw one manifest.")
    for order in orders:
        _check_name(store, order.image_set)
        store.check_live(order.manifest.rows.lazy(), f"manifests/{order.manifest.name}", order.manifest.snapshot_id)


def _check_name(store: Store, name: str) -> None:
    if not re.fullmatch(NAME, name):
        raise UsageError(f"{name!r} is no name for an image set.", mend="Use letters, digits, - and _.")
    table = f"images/{name}"
    in_sql = re.sub(r"[/-]", "_", table)
    for other in store.tables.names():
        if other != table and re.sub(r"[/-]", "_", other) == in_sql:
            raise UsageError(
                f"in SQL {table!r} and {other!r} would both be called {in_sql}.", mend="Choose another name."
            )
