"""A recipe's text: YAML with the line of every field, for errors that can be found again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from biocurate.errors import RecipeError

Place = tuple[int | str, ...]
"""Where in a document: keys of mappings and indices of lists, from the top."""


@dataclass(frozen=True)
class Document:
    """Parsed YAML and its text."""

    path: Path
    text: str
    data: dict[str, Any]
    node: yaml.Node

    def line(self, place: Place) -> int:
        """Line of a field, or of the nearest field around it that is in the text; the first line is 1.

        Steps that are not in the text (pydantic names the member of a union, too) are passed over.
        """
        node = self.node
        line = node.start_mark.line
        for step in place:
            found = _child(node, step)
            if found is not None:
                key, node = found
                line = key.start_mark.line
        return line + 1


def read_document(path: Path) -> Document:
    """Parse a recipe file.

    Raises
    ------
    RecipeError
        The file cannot be read, is not YAML, is no mapping, or says something twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise RecipeError(
            f"the recipe cannot be read: {reason}.", where=str(path), mend="Give the path of a recipe's YAML file."
        ) from None
    return parse_document(text, path)


def parse_document(text: str, path: Path) -> Document:
    """Parse a recipe's text, wherever it is from.

    Raises
    ------
    RecipeError
        It is not YAML, is no mapping, or says something twice.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _refuse_repeats(node, path, set())
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise RecipeError(
            f"this is not YAML: {problem}.",
            where=f"{path}{line}",
            mend="Look for a missing quote, bracket or indent there; quote regular expressions with '…'.",
        ) from None
    if node is None or not isinstance(data, dict):
        raise RecipeError(
            "a recipe is a mapping of fields such as `name` and `files`; this is none.",
            where=str(path),
            mend="`biocurate recipes show eegmat` prints one to start from.",
        )
    return Document(path, text, data, node)


def _child(node: yaml.Node, step: int | str) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and value nodes of one step down, looking through merged mappings (``<<``)."""
    if isinstance(node, yaml.SequenceNode):
        if isinstance(step, int) and 0 <= step < len(node.value):
            return node.value[step], node.value[step]
        return None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key, value in node.value:
        if key.value == str(step):
            return key, value
    for key, value in node.value:
        if key.value == "<<" and (found := _child(value, step)):
            return found
    return None


def _refuse_repeats(node: yaml.Node, path: Path, seen: set[int]) -> None:
    """YAML takes the last of two equal keys in silence; a recipe must not."""
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeats(item, path, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: set[tuple[str, str]] = set()
        for key, value in node.value:
            name = (key.tag, str(key.value))
            if name in keys:
                raise RecipeError(
                    f"{key.value!r} stands twice in the same mapping.",
                    where=f"{path}, line {key.start_mark.line + 1}",
                    mend="Keep one of the two.",
                )
            keys.add(name)
            _refuse_repeats(value, path, seen)
