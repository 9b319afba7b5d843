"""Representations, scaled as it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

import polars as pl

from biocurate.errors import UsageError
from biocurate.images.drawing.registry import Representation, representation
from biocurate.images.drawing.scale import RULES, Scale, Scope
from biocurate.images.making.fit import fitted
from biocurate.images.making.plan import Order
from biocurate.store.manifests import Manifest
from biocurate.store.store import Store


def scaled(
    store: Store,
    manifest: Manifest,
    drawn: str | Representation,
    sensor: str,
    scope: str,
    channels: tuple[str, ...] = (),
    held_out: str | None = None,
) -> Representation:
    """Make the representation that images of a sensor type of a manifest are drawn with.

    Parameters
    ----------
    store : Store
    manifest : Manifest
    drawn : str or Representation
        A name stands for the representation with the sensor type's defaults.
    sensor : str
    scope : str
        ``image``, ``recording``, or ``train``, whose range is found here, in the windows that one trains on.
    channels : tuple of str
        As images are drawn; all where left out.
    held_out : str, optional
        Fold that is tested on, where the scope is ``train`` and the splits are folds.

    Raises
    ------
    UsageError
        If there is no such representation or scope, or the manifest does not say which windows one trains on.
    """
    chosen = representation(drawn, sensor) if isinstance(drawn, str) else drawn
    if not is_scope(scope):
        raise UsageError(f"images are not scaled by {scope!r}.", mend=f"Choose one of: {', '.join(RULES)}.")
    if scope == "train":
        return fitted(store, manifest, chosen, sensor, channels, held_out)
    if held_out is not None:
        raise UsageError(f"scaled by {scope}, no fold is held out.", mend="Leave the fold out, or scale by train.")
    # One that is scaled already stays so.
    return chosen if scope == "image" else chosen.scaled(Scale(scope))


def is_scope(name: str) -> TypeGuard[Scope]:
    """Whether images can be scaled by it."""
    return name in RULES


def scaled_order(store: Store, order: Order, scope: str, held_out: str | None = None, named: bool = False) -> Order:
    """Scale what is drawn of each sensor type of an order.

    Parameters
    ----------
    store : Store
    order : Order
    scope, held_out : str
        As of `scaled`. The set of a fold is called after it, so that no model reads those of two folds as one.
    named : bool
        Whether the set keeps its name whatever is held out.

    Raises
    ------
    UsageError
        As `scaled`.
    """
    # A sensor type that no window has is told of when the order is drawn; one of several manifests may lack it.
    there = set(order.manifest.rows.select(pl.col("sensor_types").explode().unique()).to_series())
    pictures = {
        sensor: tuple(
            replace(
                picture,
                representation=scaled(
                    store, order.manifest, picture.representation, sensor, scope, order.channels, held_out
                ),
            )
            for picture in each
        )
        if sensor in there
        else each
        for sensor, each in order.pictures.items()
    }
    name = order.image_set if held_out is None or named else f"{order.image_set}-{held_out}"
    return replace(order, pictures=pictures, image_set=name)
