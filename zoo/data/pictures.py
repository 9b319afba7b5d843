"""How stored images were drawn, so that the same can be drawn of other samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biocurate.errors import ModelError, UsageError
from biocurate.images.drawing.picture import Picture, picture_of
from biocurate.images.drawing.registry import kind_of, representation
from biocurate.images.making.part import image_key
from biocurate.store.arrays import ArrayReader

if TYPE_CHECKING:
    import polars as pl

    from biocurate.store.store import Store


def pictures_of(store: Store, images: pl.DataFrame) -> dict[tuple[str, str], Picture]:
    """How the images of a set were drawn, by representation and sensor type.

    Parameters
    ----------
    store : Store
    images : DataFrame
        Rows of an image set, with the sensor type of each one's stream.

    Raises
    ------
    ModelError
        Where this version of the program draws one of them otherwise.
    """
    found = {}
    kinds = images.unique(["representation", "sensor_type"], keep="first", maintain_order=True)
    for row in kinds.select("representation", "sensor_type", "part", "part_digest").iter_rows(named=True):
        drawn, sensor = row["representation"], row["sensor_type"]
        picture = _picture(ArrayReader(store.objects, image_key(row["part"]), row["part_digest"]), drawn, sensor)
        if picture is None:
            mend = "Draw the set anew: biocurate images generate … --overwrite"
            raise ModelError("this version of the program draws it otherwise.", where=drawn, mend=mend)
        found[drawn, sensor] = picture
    return found


def _picture(stored: ArrayReader, drawn: str, sensor: str) -> Picture | None:
    """As the part says, or by the sensor type's defaults; None where neither fits."""
    try:
        if "kind" in stored.attributes:
            said = picture_of(stored.attributes)
        else:
            said = Picture(representation(kind_of(drawn).kind, sensor))
    except UsageError:
        return None
    return said if said.id == drawn else None
