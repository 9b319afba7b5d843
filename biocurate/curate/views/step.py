"""What a step of a chain is, and where its definition registers it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Unpack

from pydantic import BaseModel, ConfigDict

from biocurate.curate.views.form import Form, Stage
from biocurate.errors import UsageError

_STEPS: dict[str, type[Step]] = {}


class Step(BaseModel, ABC):
    """One link of a chain, with its parameters.

    A subclass is one definition: ``class Band(Step, step="band")`` registers it under that name. Its fields are its
    parameters; its docstring says what it computes and where that comes from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str] = ""
    definition: ClassVar[int] = 1
    """Raised when a step changes what it computes: streams of the old definition are made again."""

    def __init_subclass__(cls, step: str = "", **config: Unpack[ConfigDict]) -> None:
        super().__init_subclass__(**config)
        if step:
            cls.name = step
            _register(step, cls)

    @property
    def needs_units(self) -> bool:
        """Whether what it makes of a stream depends on the unit being right."""
        return False

    @property
    def on_read(self) -> bool:
        """Whether it is carried out when samples are read, because it needs more than the segment."""
        return False

    @abstractmethod
    def plan(self, form: Form) -> Stage:
        """Say what becomes of a stream.

        Parameters
        ----------
        form : Form
            What the stream is like ahead of the step.

        Raises
        ------
        ViewError
            Where the stream cannot have it.
        """

    def facts(self) -> dict[str, Any]:
        """All that decides what it computes, for a canonical text."""
        return {"step": self.name, "definition": self.definition, **self.model_dump(mode="json")}


def _register(name: str, cls: type[Step]) -> None:
    known = _STEPS.get(name)
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise UsageError(f"Two steps are called {name!r}.", mend="Rename or uninstall one of them.")
    _STEPS[name] = cls


def registered() -> dict[str, type[Step]]:
    """Every step whose definition has been imported, by its name."""
    return dict(sorted(_STEPS.items()))
