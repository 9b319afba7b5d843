"""Code maps: what the codes of a published scheme mean, kept apart from recipes so that several can share one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, PositiveInt, ValidationError

from biocurate.recipes.fields import Fields, WordMap
from biocurate.recipes.typos import nearest

_PACKAGE = Path(__file__).parent.parent


class CodeMap(Fields):
    """What the codes of one scheme mean; a map that changes gets a new version, and the old one stays."""

    name: str
    version: PositiveInt
    title: str
    source: str
    """Where the meanings are from: paper, section, table."""
    map: WordMap = Field(min_length=1)


def code_folder() -> Path:
    """Folder of the code maps: a wheel carries them inside, a checkout beside."""
    shipped = _PACKAGE / "_recipes"
    return (shipped if shipped.is_dir() else _PACKAGE.parent / "recipes") / "codes"


@cache
def code_map(name: str) -> CodeMap:
    """Read a code map by name and version, such as ``rk-to-aasm/1``.

    Raises
    ------
    ValueError
        There is none of this name and version, or its file is not right.
    """
    known = {f"{path.stem.rpartition('-')[0]}/{path.stem.rpartition('-')[2]}": path for path in _files()}
    if name not in known:
        raise ValueError(f"there is no code map {name!r}. {nearest(name, known)}")
    path = known[name]
    try:
        found = CodeMap.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        raise ValueError(f"the code map {path.name} is not right: {error.errors()[0]['msg']}") from None
    if f"{found.name}/{found.version}" != name:
        raise ValueError(f"the code map {path.name} says that it is {found.name}/{found.version}")
    return found


def with_codes(fields: object) -> object:
    """Put a code map's meanings below a label's own `map`."""
    if not isinstance(fields, dict) or not isinstance(fields.get("codes"), str):
        return fields
    own: Any = fields.get("map") or {}
    if not isinstance(own, dict):
        return fields
    return {**fields, "map": {**code_map(fields["codes"]).map, **{str(key): value for key, value in own.items()}}}


def _files() -> list[Path]:
    return sorted(code_folder().glob("*.yaml"))
