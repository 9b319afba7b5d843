"""A recipe's labels -> annotations of one recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from biocurate.formats.annotation_text import PLAIN
from biocurate.recipes.fields import whole
from biocurate.recipes.keyed import keyed_rows
from biocurate.recipes.labelling import (
    AnnotationLabel,
    CommentLabel,
    EventLabel,
    IntervalLabel,
    Keyed,
    Label,
    NameLabel,
    TableLabel,
    TextLabel,
    Words,
)
from biocurate.recipes.named import key_of, named_texts, parts
from biocurate.recipes.schema import Definition, KeepRule
from biocurate.recipes.spans import read_events, spans_of
from biocurate.recipes.text_blocks import blocks_of, called
from biocurate.recipes.units import Unit
from biocurate.recipes.unlabelled import unlabelled
from biocurate.recipes.words import cut_out, is_spelt_beside, is_unknown, label_of, number_beside, number_of
from biocurate.recording import UNLABELLED, Annotation, Recording

W = TypeVar("W", bound=Words)

Noted = tuple[list[Annotation], list[str]]
"""Annotations, and warnings; a warning never holds text from a file, which may name a person."""


def annotate(definition: Definition, unit: Unit, recording: Recording) -> Noted:
    """Every annotation of a recording that the recipe lets through or makes, in order of onset.

    Parameters
    ----------
    definition : Definition
    unit : Unit
    recording : Recording
        With its channels named, and the raw files' annotations.

    Raises
    ------
    RecipeError
        A table or column that the recipe names is not there.
    """
    annotations, warnings = _kept(definition, recording)
    for kind, label in definition.labels.items():
        made, noted = _made(kind, label, unit, recording)
        annotations += made
        warnings += noted
    made, noted = _without_label(definition, unit, recording)
    annotations += made
    warnings += noted
    return sorted(annotations, key=_order), warnings


def row_key(keyed: Keyed, unit: Unit) -> str:
    """What a recording is called in a table."""
    return key_of(keyed, unit.name, unit.groups)


def texts_of(label: NameLabel | TableLabel | CommentLabel, unit: Unit, comments: Sequence[str]) -> list[str] | None:
    """What the files say that a whole recording is, before `as_cut` translates it; None where nothing says it."""
    if isinstance(label, CommentLabel):
        cuts = [cut for comment in comments if (cut := cut_out(comment, label.match)) is not None]
        return parts(cuts, label.split) or None
    return named_texts(label, unit.root, unit.name, unit.groups)


def as_cut(words: W) -> W:
    """How the texts that `texts_of` gives are translated: those of comments are cut out already."""
    return words.model_copy(update={"match": None}) if isinstance(words, CommentLabel) else words


def _order(annotation: Annotation) -> tuple[int, int, str, str, str]:
    return (annotation.onset_ns, annotation.duration_ns, annotation.kind, annotation.channel or "", annotation.value)


def _kept(definition: Definition, recording: Recording) -> Noted:
    """The raw files' own annotations, as far as the recipe lets them through."""
    channels = [channel for stream in recording.streams for channel in stream.channels]
    # A channel that the recording has not is free text, which no rule has let through.
    names = {channel.name: channel.name for channel in channels} | {channel.label: channel.name for channel in channels}
    used: list[KeepRule | AnnotationLabel] = [
        label for label in definition.labels.values() if isinstance(label, AnnotationLabel)
    ]
    kept: list[Annotation] = []
    refused = elsewhere = 0
    for annotation in recording.annotations:
        if any(_fits(rule, annotation) for rule in definition.annotations):
            channel = annotation.channel
            named = names.get(channel) if channel else None
            elsewhere += bool(channel) and named is None
            kept.append(replace(annotation, channel=named, text=_own_text(annotation)))
        else:
            refused += not any(_fits(label, annotation) for label in used)
    noted = []
    if refused:
        noted.append(f"{refused} annotations of the file are left out: no rule of the recipe lets them through")
    if elsewhere:
        noted.append(f"{elsewhere} annotations name a channel that the recording has not; they are kept without it")
    return kept, noted


def _fits(rule: KeepRule | AnnotationLabel, annotation: Annotation) -> bool:
    return (rule.kind is None or rule.kind.fullmatch(annotation.kind) is not None) and (
        whole(rule.match, annotation.value.strip()) is not None
    )


def _own_text(annotation: Annotation, label: AnnotationLabel | None = None) -> str | None:
    """What the file has, where its annotations are texts; other formats have kinds and codes of their own.

    With a label that takes a piece of it: nothing, where what stands beside that piece is more than the recipe spells.
    """
    if annotation.kind != PLAIN or (label and not is_spelt_beside(annotation.value, label.match)):
        return None
    return annotation.value


def _made(kind: str, label: Label, unit: Unit, recording: Recording) -> Noted:
    if isinstance(label, AnnotationLabel):
        return _relabelled(kind, label.meant(unit.groups), recording)
    if isinstance(label, EventLabel):
        return _events(kind, label, unit, recording)
    if isinstance(label, TextLabel):
        return _listed(kind, label, unit, recording)
    if isinstance(label, IntervalLabel):
        return _intervals(kind, label, unit, recording)
    return _whole(kind, label, unit, recording)


def _whole(kind: str, label: NameLabel | TableLabel | CommentLabel, unit: Unit, recording: Recording) -> Noted:
    """A label of the whole recording is one annotation that spans it."""
    texts = texts_of(label, unit, recording.comments)
    if texts is None:
        return [], [_no_row(kind, label, unit)]
    words = as_cut(label)
    values, warnings = _translated(kind, words, texts)
    numbers = {label_of(text, words): number_beside(text, words.match) for text in reversed(texts)}
    spanning = [
        Annotation(0, recording.duration_ns, kind, value, number_of(value) if label.counts else None)
        if numbers[value] is None
        else Annotation(0, recording.duration_ns, kind, value, numbers[value])
        for value in values
    ]
    return spanning, warnings


def _no_row(kind: str, label: TableLabel | NameLabel | CommentLabel | IntervalLabel, unit: Unit) -> str:
    # The key stays out: it is a piece of the file's name.
    where = f"{label.file} has no row for it" if isinstance(label, Keyed) else "no comment says it"
    return f"{kind}: no label, {where}"


def _translated(kind: str, words: Words, texts: Sequence[str]) -> tuple[list[str], list[str]]:
    labels = (label_of(text, words) for text in texts)
    unknown = sum(is_unknown(text, words) for text in texts)
    noted = [f"{kind}: {unknown} of {len(texts)} values are none that the recipe knows"] if unknown else []
    return list(dict.fromkeys(label for label in labels if label is not None)), noted


def _relabelled(kind: str, label: AnnotationLabel, recording: Recording) -> Noted:
    found = [annotation for annotation in recording.annotations if _fits(label, annotation)]
    said = {annotation.value: label_of(annotation.value, label) for annotation in found}
    unknown = sum(is_unknown(annotation.value, label) for annotation in found)
    noted = [f"{kind}: {unknown} of {len(found)} annotations have a value that the recipe does not know"]
    made = [
        replace(annotation, kind=kind, value=value, text=_own_text(annotation, label))
        for annotation in found
        if (value := said[annotation.value]) is not None
    ]
    inside, lost = _inside(kind, made, recording)
    return inside, [*noted, *lost] if unknown else lost


def _without_label(definition: Definition, unit: Unit, recording: Recording) -> Noted:
    """Texts of the raw files that the recipe spells and gives no label."""
    labels = [label.meant(unit.groups) for label in definition.labels.values() if isinstance(label, AnnotationLabel)]
    texts = [
        annotation
        for annotation in recording.annotations
        if annotation.kind == PLAIN and not any(_fits(rule, annotation) for rule in definition.annotations)
    ]
    return _inside(UNLABELLED, unlabelled(texts, labels), recording)


def _inside(kind: str, made: list[Annotation], recording: Recording) -> Noted:
    """What lies in the recording, cut to it, and how much does not."""
    if not recording.streams:  # a file of annotations alone has no end to cut them at
        return made, []
    inside = [cut for annotation in made if (cut := _within(annotation, recording.duration_ns))]
    lost = len(made) - len(inside)
    return inside, [f"{kind}: {lost} of {len(made)} lie outside the recording and are left out"] if lost else []


def _within(annotation: Annotation, duration_ns: int) -> Annotation | None:
    """An annotation cut to the recording; None outside it. An instant may lie on its end."""
    begin, end = annotation.onset_ns, annotation.onset_ns + annotation.duration_ns
    if 0 <= begin and end <= duration_ns:
        return annotation
    start, stop = max(begin, 0), min(end, duration_ns)
    return replace(annotation, onset_ns=start, duration_ns=stop - start) if start < stop else None


def _intervals(kind: str, label: IntervalLabel, unit: Unit, recording: Recording) -> Noted:
    table = keyed_rows(unit.root, label)
    rows = None if table is None else table.of(row_key(label, unit))
    if table is None or rows is None:
        return [], [_no_row(kind, label, unit)]
    return spans_of(kind, label, rows, table.source, recording)


def _events(kind: str, label: EventLabel, unit: Unit, recording: Recording) -> Noted:
    source = unit.beside.get(kind)
    if source is None:
        return [], [f"{kind}: no file {label.file[0]} lies beside the recording"]
    rows, origin_ns = read_events(source, label)
    return spans_of(kind, label, rows, source, recording, origin_ns)


def _listed(kind: str, label: TextLabel, unit: Unit, recording: Recording) -> Noted:
    source = unit.beside.get(kind)
    if source is None:
        return [], [f"{kind}: no file {label.file[0]} lies beside the recording"]
    return spans_of(kind, label, blocks_of(source, label, called(label, unit)), source, recording)
