"""Which labels of a recording go into files: the raw file's own annotations as it had them, and the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from biocurate.recording import Annotation

Labels = Literal["all", "file"]
"""``all`` labels, or those alone that are annotations of the raw ``file``."""


def chosen(annotations: Sequence[Annotation], labels: Labels, notes: list[str]) -> list[Annotation]:
    """Take each annotation of the raw file once, whatever it was read as; others follow the choice.

    A recipe may read several labels from one annotation: all of them hold its text. Two annotations of a file that
    are equal stay two.

    Parameters
    ----------
    annotations : sequence of Annotation
    labels : str
    notes : list of str
        Takes how many labels are added to the file's own annotations, or left out.

    Returns
    -------
    list of Annotation
        In their order; the value of the file's own is their text.
    """
    own = _once(annotations)
    others = sum(annotation.text is None for annotation in annotations)
    if labels == "file":
        if others:
            notes.append(f"{others} labels that are no text of the raw file's own are left out")
        return [annotation for annotation in own if annotation.text is not None]
    if 0 < others < len(annotations):
        notes.append(f"{others} labels are added to the raw file's own annotations")
    return own


def _once(annotations: Sequence[Annotation]) -> list[Annotation]:
    kept: list[Annotation] = []
    before: Counter[tuple[object, ...]] = Counter()
    written: set[tuple[object, ...]] = set()
    for annotation in annotations:
        if annotation.text is None:
            kept.append(annotation)
            continue
        place = (annotation.onset_ns, annotation.duration_ns, annotation.channel, annotation.text)
        before[annotation.kind, place] += 1
        key = (before[annotation.kind, place], *place)
        if key not in written:
            written.add(key)
            kept.append(replace(annotation, value=annotation.text, number=None))
    return kept
