"""How stored images were drawn, so that the same can be drawn of other samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from biocurate.errors import ModelError
from biocurate.images.drawing.picture import Picture, drawn_as
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
        stored = ArrayReader(store.objects, image_key(row["part"]), row["part_digest"])
        picture = drawn_as(stored.attributes, drawn, sensor)
        if picture is None:
            mend = "Draw the set anew: biocurate images generate … --overwrite"
            raise ModelError("this version of the program draws it otherwise.", where=drawn, mend=mend)
        found[drawn, sensor] = picture
    return found
