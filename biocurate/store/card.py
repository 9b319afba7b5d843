"""The store's card, `biocurate.json`: its format and its id."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from biocurate.errors import DamageError, StoreError
from biocurate.store.objects import Objects
from biocurate.store.schema import FORMAT

CARD = "biocurate.json"

_PUBLISHED = f"tables/snapshots/_delta_log/{1:020d}.json"
"""The first snapshot's commit: a store that has it was made whole once."""

_MEND = (
    f"Restore {CARD} from a copy of the store. Without one write it anew: "
    f'{{"format": {FORMAT}, "store_id": "ID"}}, where ID is 32 hexadecimal digits; training runs '
    "name it (`store_id` in their config.yaml), and the store knows whom it has forgotten by it."
)


def new_card(objects: Objects) -> None:
    """Write the card of a new store."""
    objects.put(CARD, json.dumps({"format": FORMAT, "store_id": uuid4().hex}, sort_keys=True).encode())


def read_card(objects: Objects) -> dict[str, Any]:
    """Read the card.

    Raises
    ------
    StoreError
        Where there is no store, or one that is newer than this code.
    DamageError
        Where the card is missing from a store that was in use, or does not hold what it must.
    """
    if objects.folder is not None and not objects.folder.is_dir():
        raise _no_store(objects)
    try:
        text = objects.get(CARD)
    except DamageError as error:
        if is_published(objects):
            raise DamageError("the store's card is missing.", where=f"{objects.url}/{CARD}", mend=_MEND) from error
        raise _no_store(objects) from error
    return _checked(text, objects)


def is_published(objects: Objects) -> bool:
    """Tell whether something was ever published here, whatever has become of the card."""
    return objects.exists(_PUBLISHED)


def _no_store(objects: Objects) -> StoreError:
    return StoreError("there is no store here.", where=objects.url, mend="Make one: biocurate init STORE")


def _checked(text: bytes, objects: Objects) -> dict[str, Any]:
    where = f"{objects.url}/{CARD}"
    try:
        card = json.loads(text)
    except ValueError as error:
        raise DamageError("the store's card is damaged: it is no JSON.", where=where, mend=_MEND) from error
    form = card.get("format") if isinstance(card, dict) else None
    if not isinstance(form, int) or isinstance(form, bool) or form < 1:
        raise DamageError("the store's card is damaged: it states no `format`.", where=where, mend=_MEND)
    if form > FORMAT:
        raise StoreError(
            f"the store has format {form}; this version of biocurate reads up to {FORMAT}.",
            where=objects.url,
            mend="Upgrade biocurate: pip install -U biocurate",
        )
    if not isinstance(card.get("store_id"), str):
        raise DamageError("the store's card is damaged: it states no `store_id`.", where=where, mend=_MEND)
    return dict(card)
