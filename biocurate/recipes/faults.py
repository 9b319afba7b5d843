"""What pydantic found wrong with a recipe, as an error that can be mended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from biocurate.errors import RecipeError
from biocurate.recipes.document import Document, Place
from biocurate.recipes.typos import nearest

SHOWN = 5
"""Faults that one error lists."""

_MEMBERS = ("constrained-", "function-", "dict[", "tuple[", "list[")
"""How pydantic names the members of a union that are no models."""


def recipe_error(document: Document, error: ValidationError, model: type[BaseModel], below: Place = ()) -> RecipeError:
    """Turn a validation error into one that names file, line, field and mend.

    Parameters
    ----------
    document : Document
    error : ValidationError
    model : type of BaseModel
        What was validated.
    below : tuple
        Where in the document it was found.
    """
    items = [dict(item) for item in error.errors(include_url=False)]
    faults = [_fault(document, item, model, below) for item in items if not _follows(item, items)]
    if len(faults) == 1:
        line, field, what, mend = faults[0]
        return RecipeError(what, where=f"{document.path}, line {line}" + (f", {field}" if field else ""), mend=mend)
    listed = [f"line {line}, {field}: {what} {mend}".rstrip() for line, field, what, mend in sorted(faults)[:SHOWN]]
    more = [f"and {len(faults) - SHOWN} more."] if len(faults) > SHOWN else []
    return RecipeError(
        f"{len(faults)} fields are not right.", where=str(document.path), mend="\n".join(["", *listed, *more])
    )


def _follows(item: dict[str, Any], items: Iterable[dict[str, Any]]) -> bool:
    """Whether a list is only called too short because its members are not right, which is said of each."""
    place = item["loc"]
    inside = (each["loc"] for each in items if len(each["loc"]) > len(place))
    return item["type"] == "too_short" and any(loc[: len(place)] == place for loc in inside)


def _fault(document: Document, item: dict[str, Any], model: type[BaseModel], below: Place) -> tuple[int, str, str, str]:
    """Line, field, what is wrong, and the mend."""
    place: Place = item["loc"]
    context = item.get("ctx", {})
    what, mend = f"{item['msg'][:1].lower()}{item['msg'][1:]}.", ""
    if item["type"] == "extra_forbidden":
        what, mend = "there is no such field.", nearest(place[-1], _allowed(model, place))
    elif item["type"] == "missing":
        what, mend = "the field is missing.", "Add it."
    elif item["type"] == "union_tag_invalid":
        tags = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
        place = (*place, "from")
        what, mend = f"there is no label from {context['tag']!r}.", nearest(context["tag"], tags)
    elif item["type"] == "union_tag_not_found":
        what, mend = "`from` is missing.", "It says where the label comes from: run, table, comments, intervals, …"
    elif item["type"] == "literal_error":
        options = [option.strip(" '") for option in context["expected"].replace(" or ", ",").split(",")]
        what, mend = f"{item['input']!r} is none of its values.", nearest(item["input"], options)
    elif item["type"] == "value_error":
        what, _, mend = str(context["error"]).partition(". ")
        what = what.rstrip(".") + "."
    line = document.line((*below, *place))
    return line, _spelled((*below, *_in_text(model, place))), what, mend


def _spelled(place: Place) -> str:
    """A place as people write it: ``channels[1].sensor``."""
    text = ""
    for step in place:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")


def _allowed(model: type[BaseModel], place: Place) -> list[str]:
    """Names of the fields that may stand beside the last step of a place."""
    models = {model}
    for step in place[:-1]:
        models = _down(models, step) or models
    return sorted({name for kind in models for name in _names(kind)})


def _in_text(model: type[BaseModel], place: Place) -> Place:
    """A place without the union tags that pydantic puts into it."""
    models, kept = {model}, []
    for step in place:
        if str(step).startswith(_MEMBERS):
            continue
        tagged = _tagged(models, step)
        if tagged and len(models) > 1:
            models = tagged
            continue
        kept.append(step)
        models = _down(models, step) or models
    return tuple(kept)


def _down(models: set[type[BaseModel]], step: int | str) -> set[type[BaseModel]]:
    """Models that can stand one step down; empty where the step is an index, a key or a tag."""
    if tagged := _tagged(models, step):
        return tagged
    fields = [field for kind in models for name, field in _names(kind).items() if name == step]
    return {below for field in fields for below in _models(field)}


def _tagged(models: set[type[BaseModel]], step: int | str) -> set[type[BaseModel]]:
    """Of the members of a union, those whose ``from`` can be this word."""
    return {kind for kind in models if step in get_args(_names(kind).get("from"))}


def _names(model: type[BaseModel]) -> dict[str, Any]:
    """Fields as a recipe writes them, with their types."""
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _models(annotation: Any) -> Iterable[type[BaseModel]]:  # noqa: ANN401
    """Models within a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for inner in get_args(annotation):
            yield from _models(inner)
