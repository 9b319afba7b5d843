"""The recipes at hand: those that came with the program, and files of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from biocurate.errors import RecipeError
from biocurate.formats import names, reader
from biocurate.recipes.document import Document, Place, read_document
from biocurate.recipes.faults import recipe_error
from biocurate.recipes.recipe import Recipe
from biocurate.recipes.schema import Definition
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


def load_recipe(name: str | Path) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    name : str or Path
        Name of a recipe that came with the program, or path of a YAML file.

    Raises
    ------
    RecipeError
        There is none, or it is not valid; the error names file, line and field, and the nearest name on a typo.
    """
    path = _path_of(name)
    document = read_document(path)
    try:
        definition = Definition.model_validate(document.data)
    except ValidationError as error:
        raise recipe_error(document, error, Definition) from None
    return Recipe(definition, path, document.text, _reader_options(document, definition))


def _path_of(name: str | Path) -> Path:
    path = Path(name)
    if isinstance(name, Path) or path.suffix in (".yaml", ".yml") or len(path.parts) > 1:
        return path
    shipped = recipe_folder() / f"{name}.yaml"
    if not shipped.is_file():
        known = [path.stem for path in recipe_folder().glob("*.yaml")]
        raise RecipeError(
            f"there is no recipe {str(name)!r}.", mend=f"{nearest(name, known)} A file of your own: give its path."
        )
    return shipped


def _reader_options(document: Document, definition: Definition) -> dict[str | None, BaseModel]:
    """Options of the reader for each signal; for None where the files are not told apart by signal."""
    files = definition.files
    if files.reader not in names():
        raise RecipeError(
            f"there is no reader {files.reader!r}.",
            where=f"{document.path}, line {document.line(('files', 'reader'))}, files.reader",
            mend=nearest(files.reader, names()),
        )
    model = reader(files.reader).Options
    if not files.signals:
        return {None: _validated(document, model, files.options, ("files", "options"))}
    return {
        signal: _validated(document, model, {**files.options, **options}, ("files", "signals", signal))
        for signal, options in files.signals.items()
    }


def _validated(document: Document, model: type[BaseModel], options: dict[str, Any], below: Place) -> BaseModel:
    try:
        return model.model_validate(options)
    except ValidationError as error:
        raise recipe_error(document, error, model, below) from None
