"""Annotations of a raw file whose texts the recipe spells and gives no label: kept, so that `export` can write them.

``Sleep stage ?`` is such a one. They have a kind of their own and no value, so that no label changes by them; and no
text is kept that the recipe does not have letter for letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from biocurate.recipes.fields import whole
from biocurate.recipes.labelling import AnnotationLabel
from biocurate.recipes.words import is_spelt_beside, is_unknown, label_of
from biocurate.recording import UNLABELLED, Annotation


def unlabelled(annotations: Sequence[Annotation], labels: Sequence[AnnotationLabel]) -> list[Annotation]:
    """Those to which every label that matches gives nothing, and one of them by saying so: ``Sleep stage ?: null``.

    Parameters
    ----------
    annotations : sequence of Annotation
        Texts of the raw file that no rule lets through as they are.
    labels : sequence of AnnotationLabel
        As they are meant in the recording.

    Returns
    -------
    list of Annotation
        Of kind `UNLABELLED`, without a value or a channel; `text` is the file's own.
    """
    dropped = {text: _is_dropped(text, labels) for text in {annotation.value for annotation in annotations}}
    return [
        replace(annotation, kind=UNLABELLED, value="", channel=None, text=annotation.value)
        for annotation in annotations
        if dropped[annotation.value]
    ]


def _is_dropped(text: str, labels: Sequence[AnnotationLabel]) -> bool:
    asked = [label for label in labels if whole(label.match, text.strip())]
    if any(label_of(text, label) is not None for label in asked):
        return False
    return any(not is_unknown(text, label) and is_spelt_beside(text, label.match) for label in asked)
