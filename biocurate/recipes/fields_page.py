"""Write `docs/recipe-fields.md` from the models that read a recipe: `python -m biocurate.recipes.fields_page`."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from biocurate.formats import names, reader
from biocurate.recipes.schema import Definition
from biocurate.sensors import SensorType

HEAD = """# Fields of a recipe

Every field that a recipe may have, and every option of each reader. This page is made from the models that read them by
`python -m biocurate.recipes.fields_page > docs/recipe-fields.md`; a test holds it to that. The [recipes](recipes.md)
that come with the program are examples of each; `biocurate recipes new --from DIR` drafts one, and `biocurate recipes
check` names a field that is wrong by its line. A field in bold has no default. A regular expression matches the whole
text.
"""
PLAIN: dict[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
    re.Pattern: "regular expression",
    SensorType: "sensor type",
}


def markdown() -> str:
    """Make the page."""
    seen: dict[type[BaseModel], str] = {}
    lines = [HEAD, "## recipe\n", *_section(Definition, "", seen)]
    for name in sorted(names()):
        options = reader(name).Options
        lines.append(f"## files.options of the reader {name}\n")
        lines += [f"{seen[options]}\n"] if options in seen else _section(options, "options", seen)
        seen.setdefault(options, f"Those of the reader {name}.")
    return "\n".join(lines).rstrip() + "\n"


def _section(model: type[BaseModel], path: str, seen: dict[type[BaseModel], str]) -> Iterator[str]:
    """One model's fields, and then each model that they hold, where it is not among those seen: by their headings."""
    fresh: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        shown = field.alias or name
        inner, held = f"{path}.{shown}".lstrip("."), _models(field.annotation)
        known = [f"*{seen[each]}*" for each in held if each in seen]
        for each in held:
            if each not in seen:
                seen[each] = inner + _kind(each)
                fresh.append((inner, each))
        words = [*_said(model, name, field), *([f"as {', '.join(known)}"] if known else [])]
        yield f"- {_name(shown, field)}: {'; '.join(words)}"
    yield ""
    for inner, each in fresh:
        yield f"### {seen[each]}\n"
        yield f"{_told(each.__doc__)}\n"
        yield from _section(each, inner, seen)


def _name(shown: str, field: FieldInfo) -> str:
    return f"**`{shown}`**" if field.is_required() else f"`{shown}`"


def _said(model: type[BaseModel], name: str, field: FieldInfo) -> Iterator[str]:
    yield _type(field.annotation)
    default = field.default
    if not field.is_required() and isinstance(default, str | int | float) and default not in ("", False):
        yield f"`{_word(default)}` unless given"
    if doc := next((found[name] for each in model.__mro__ if name in (found := _docs(each))), None):
        yield doc


def _kind(model: type[BaseModel]) -> str:
    """Which of several kinds it is, where a field ``from`` says so."""
    source = model.model_fields.get("source")
    words = get_args(source.annotation) if source else ()
    return f" (from: {', '.join(words)})" if words else ""


def _type(kind: Any) -> str:  # noqa: ANN401 - annotations are of any type
    """What is written there, in words."""
    origin, inner = get_origin(kind), [each for each in get_args(kind) if each not in (NoneType, Ellipsis)]
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return " | ".join(f"`{_word(word)}`" for word in inner)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(map(_type, inner)))
    if origin in (tuple, list, Sequence):
        return f"list of {_type(inner[0])}"
    if origin in (dict, Mapping):
        return f"mapping of {_type(inner[0])} to {_type(inner[1])}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "fields"
    return PLAIN.get(origin or kind, "text")


def _word(value: object) -> str:
    """A value as YAML has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _models(kind: Any) -> list[type[BaseModel]]:  # noqa: ANN401
    """Every model within a type, in order."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return [kind]
    return list(dict.fromkeys(each for part in get_args(kind) for each in _models(part)))


@lru_cache
def _docs(model: type) -> dict[str, str]:
    """The texts under the fields of a class."""
    if not issubclass(model, BaseModel) or model is BaseModel:
        return {}
    [body] = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    lines = body.body if isinstance(body, ast.ClassDef) else []
    return {
        field.target.id: _told(text.value.value)
        for field, text in pairwise(lines)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def _told(doc: str | None) -> str:
    """A docstring on one line, its literals as Markdown has them."""
    return " ".join((doc or "").replace("``", "`").split())


if __name__ == "__main__":
    sys.stdout.write(markdown())
