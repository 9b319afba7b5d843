"""Who is what to a bridge: persons of pairs, of its best epoch, and of its test; the old model saw none of them."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from biocurate.errors import ManifestError

if TYPE_CHECKING:
    from biocurate.store.manifests import Manifest

Rows = NDArray[np.intp]
NAMED = ("pair", "val", "test")


@dataclass(frozen=True)
class Roles:
    """Rows of a manifest of pairs, by what their persons are to one bridge."""

    name: str
    """Of the old model and of the persons held out."""
    train: Rows
    """Of persons that the old model was trained or stopped on: only a model of the new modality's own learns from
    them, with labels."""
    pair: Rows
    val: Rows
    test: Rows
    by_window: bool = False
    """Whether one person's windows have several roles: figures then say nothing of new persons."""


def leaks_by_design(manifest: Manifest) -> tuple[str, ...]:
    """Kinds of leak that a manifest of pairs asks for, split by time or by single windows; none by person."""
    method = manifest.definition.get("split", {}).get("method") if "pair" in manifest.splits else None
    return {"time": ("person",), "random-windows": ("person", "overlap")}.get(str(method), ())


def roles_of(
    rows: pl.DataFrame,
    seen: Set[str],
    name: str,
    rotations: int = 3,
    val_share: float = 0.2,
    seed: int = 0,
    by_window: bool = False,
) -> list[Roles]:
    """Part the persons that an old model never saw; each of them is held out in one of the roles returned.

    Where the manifest's splits are named ``pair``, ``val`` and ``test``, they are taken as they are.

    Parameters
    ----------
    rows : DataFrame with ``person`` and ``split``
    seen : set of str
        Persons that the old model was trained or stopped on.
    name : str
        Of the old model.
    rotations : int
        Parts, each held out in turn.
    val_share : float
        Share of the persons that are not held out; at least one.
    seed : int
    by_window : bool
        The manifest's splits are of persons' time, and are roles as they are: all of train, pair, val and test.

    Raises
    ------
    ManifestError
        A named split with persons that the old model saw, or too few persons.
    """
    person = rows["person"].to_numpy()
    train = np.flatnonzero(np.isin(person, sorted(seen)))
    if by_window:
        return [_by_window(rows, name)]
    if "pair" in rows["split"].unique():
        return [_named(rows, seen, name, train)]
    fresh = np.random.default_rng([seed, rotations]).permutation(np.unique(person[~np.isin(person, sorted(seen))]))
    if len(fresh) < rotations + 1 or len(fresh) < 3:
        raise ManifestError(
            f"{len(fresh)} persons that the old model never saw are too few for pairs, val and {rotations} tests.",
            where=f"old model {name}",
            mend="Ask for fewer parts (--set rotations=2), or train it on fewer persons: a manifest of 2 folds leaves "
            "each of its models half of them.",
        )
    found = []
    for number, held in enumerate(np.array_split(fresh, rotations)):
        left = fresh[~np.isin(fresh, held)]
        aside = max(1, round(val_share * len(left)))
        pair, val, test = (np.flatnonzero(np.isin(person, each)) for each in (left[aside:], left[:aside], held))
        found.append(Roles(f"{name}.{number}", train, pair, val, test))
    return found


def cells(rows: pl.DataFrame, roles: list[Roles]) -> pl.DataFrame:
    """The rows, with whom they are held out with as their split: roles are unions of these.

    Where nothing is shared between two of them, nothing is shared between roles.
    """
    split = rows["split"].cast(pl.String).to_numpy().astype(object)
    for each in roles:
        split[each.test] = each.name
    return rows.with_columns(split=pl.Series(split.astype(str)))


def _by_window(rows: pl.DataFrame, name: str) -> Roles:
    split = rows["split"].to_numpy()
    train, pair, val, test = (_split(split, each) for each in ("train", *NAMED))
    return Roles(name, train, pair, val, test, by_window=True)


def _split(split: NDArray[np.object_], name: str) -> Rows:
    found = np.flatnonzero(split == name)
    if not len(found):
        raise ManifestError(f"no window is in its split {name}.", where="split", mend="Name pair, val and test.")
    return found


def _named(rows: pl.DataFrame, seen: Set[str], name: str, train: Rows) -> Roles:
    split = rows["split"].to_numpy()
    parts = [_split(split, each) for each in NAMED]
    for role, part in zip(NAMED, parts, strict=True):
        if both := sorted(seen & set(rows["person"].gather(part))):
            raise ManifestError(
                f"the old model saw {len(both)} persons of its split {role}, such as {both[0]}.",
                where=f"old model {name}",
                mend="Train it on persons of the split train alone.",
            )
    return Roles(name, train, parts[0], parts[1], parts[2])
