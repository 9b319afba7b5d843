"""Which image sets a run reads as they are stored, whose ranges are to be checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from biocurate.store.store import Store
    from zoo.runs.config import RunConfig


def stored_sets(store: Store, config: RunConfig) -> list[str]:
    """Image sets that a run is trained on as they are stored, be it by embeddings of them."""
    from biocurate.images.reading.stored import image_sets
    from biocurate.store.embeddings import embedding_rows

    if config.images is not None:
        return [] if config.drawing.live or config.drawing.draw else [config.images]
    named = {
        name
        for each in config.embeddings
        for name in embedding_rows(store, each).select("image_set").unique().collect().to_series()
    }
    return sorted(named & set(image_sets(store)))
