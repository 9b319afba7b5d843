"""The recipes at hand: those that came with the program, and files of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from biocurate.errors import RecipeError
from biocurate.formats import names, reader
from biocurate.recipes.document import Document, Place, parse_document, read_document
from biocurate.recipes.faults import recipe_error
from biocurate.recipes.recipe import Recipe
from biocurate.recipes.schema import Definition, Name
from biocurate.recipes.typos import nearest

_PACKAGE = Path(__file__).parent.parent


def recipe_folder() -> Path:
    """Folder of the recipes that came with the program: a wheel carries them inside, a checkout beside."""
    shipped = _PACKAGE / "_recipes"
    return shipped if shipped.is_dir() else _PACKAGE.parent / "recipes"


def list_recipes() -> list[Recipe]:
    """Every recipe that came with the program, by name.

    Raises
    ------
    RecipeError
        One of them is not valid.
    """
    return [load_recipe(path) for path in sorted(recipe_folder().glob("*.yaml"))]


def load_recipe(name: str | Path, corpus: str | None = None) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    name : str or Path
        Name of a recipe that came with the program, or path of a YAML file.
    corpus : str, optional
        Name of the corpus, for a recipe that serves many; by default the recipe's own.

    Raises
    ------
    RecipeError
        There is none, or it is not valid; the error names file, line and field, and the nearest name on a typo.
    """
    return _recipe(read_document(_path_of(name)), corpus)


def parse_recipe(text: str, path: Path, corpus: str | None = None) -> Recipe:
    """Make a recipe of its text, such as a store keeps it.

    Parameters
    ----------
    text : str
    path : Path
        What errors call it.
    corpus : str, optional
        As for `load_recipe`.

    Raises
    ------
    RecipeError
        It is not valid.
    """
    return _recipe(parse_document(text, path), corpus)


def recipe_names() -> list[str]:
    """Names of the recipes that came with the program."""
    return sorted(path.stem for path in recipe_folder().glob("*.yaml"))


def _recipe(document: Document, corpus: str | None) -> Recipe:
    if corpus is not None:
        _refuse_odd_name(corpus)
        document = replace(document, data={**document.data, "name": corpus})
    try:
        definition = Definition.model_validate(document.data)
    except ValidationError as error:
        raise recipe_error(document, error, Definition) from None
    options = _reader_options(document, definition)
    if definition.files.hash_names:
        _refuse_labels_by_name(document, options.values())
    return Recipe(definition, document.path, document.text, options)


def _refuse_odd_name(corpus: str) -> None:
    try:
        TypeAdapter(Name).validate_python(corpus)
    except ValidationError:
        plain = re.sub(r"[^a-z0-9._-]+", "-", corpus.lower()).strip("-._") or "mycorpus"
        raise RecipeError(
            f"{corpus!r} is no name of a corpus.",
            where="--as",
            mend=f"It has small letters, digits, '.', '_' and '-' only, such as {plain!r}.",
        ) from None


def _refuse_labels_by_name(document: Document, options: Iterable[BaseModel]) -> None:
    if any(getattr(each, "labels_by_file_name", False) for each in options):
        raise RecipeError(
            "the columns have no names in the files, so the files' own would be stored as the channels' labels.",
            where=f"{document.path}, line {document.line(('files', 'hash_names'))}, files.hash_names",
            mend="Name them: `columns: [EDA]` in `options`, or in `signals` for each signal.",
        )


def _path_of(name: str | Path) -> Path:
    path = Path(name)
    if isinstance(name, Path) or path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return path
    shipped = recipe_folder() / f"{name}.yaml"
    if not shipped.is_file():
        raise RecipeError(
            f"there is no recipe {str(name)!r}.",
            mend=f"{nearest(name, recipe_names())} A file of your own: give its path.",
        )
    return shipped


def _reader_options(document: Document, definition: Definition) -> dict[str | None, BaseModel]:
    """Options of the reader for each signal; for None where the files are not told apart by signal."""
    files = definition.files
    if not isinstance(files.reader, str):
        return _options_by_reader(document, definition, sorted(set(files.reader.values())))
    model = _options_model(document, files.reader)
    if not files.signals:
        return {None: _validated(document, model, files.options, ("files", "options"))}
    return {
        signal: _validated(document, model, {**files.options, **options}, ("files", "signals", signal))
        for signal, options in files.signals.items()
    }


def _options_by_reader(
    document: Document, definition: Definition, readers: Sequence[str]
) -> dict[str | None, BaseModel]:
    models = {name: _options_model(document, name) for name in readers}
    given = definition.files.options
    for name in given.keys() - models.keys():
        raise RecipeError(
            f"`options` is of {name!r}, which is none of the recipe's readers.",
            where=f"{document.path}, line {document.line(('files', 'options', name))}, files.options",
            mend=nearest(name, readers),
        )
    return {
        name: _validated(document, model, given.get(name, {}), ("files", "options", name))
        for name, model in models.items()
    }


def _options_model(document: Document, name: str) -> type[BaseModel]:
    if name not in names():
        raise RecipeError(
            f"there is no reader {name!r}.",
            where=f"{document.path}, line {document.line(('files', 'reader'))}, files.reader",
            mend=nearest(name, names()),
        )
    return reader(name).Options


def _validated(document: Document, model: type[BaseModel], options: dict[str, Any], below: Place) -> BaseModel:
    try:
        return model.model_validate(options)
    except ValidationError as error:
        raise recipe_error(document, error, model, below) from None
