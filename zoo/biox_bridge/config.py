"""What a bridge run is: every choice, validated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from biocurate.errors import UsageError
from zoo.biox_bridge.positions import Judged
from zoo.models.registry import ModelConfig, Options, validated
from zoo.runs.config import Evaluation, sort_settings

Baseline = Literal[
    "shuffled", "random", "distilled", "distilled head", "distilled lora", "distilled contrast", "supervised"
]
"""What is trained beside the bridge; majority, chance and the old model cost nothing and are always there."""

BASELINES: tuple[Baseline, ...] = get_args(Baseline)


Swept = Literal["rank", "prototypes", "lr", "positions"]
"""What a sweep can vary: the bridge, where it lies and its training alone, so that passes and roles stay."""


class BridgeOptions(Options):
    """How a bridge is made and trained; the defaults are the published scripts' where these agree."""

    kind: Literal["prototype", "full"] = "prototype"
    rank: PositiveInt = 8
    """Of the two matrices."""
    prototypes: PositiveInt = 50
    prototypes_from: Literal["real", "randn"] = "real"
    """Tokens of the old model, or normal numbers as in the published scripts."""
    loss: Literal["cosine", "mse", "l1", "infonce", "moments"] = "cosine"
    """``moments`` needs no pairs, and is given none."""
    aligned: Literal["last", "bridge"] = "last"
    """Where guess and target are compared: after the old model's last block, or where the bridge ends."""
    temperature: PositiveFloat = 0.1
    """Of infonce."""
    distilled_temperature: PositiveFloat = 2.0
    """Of the baselines that learn the old model's answers."""
    lr: PositiveFloat = 1e-4
    """Of the bridge."""
    baseline_lr: PositiveFloat = 1e-3
    """Of what is trained beside it."""
    epochs: PositiveInt = 50
    batch_size: PositiveInt = 16
    rotations: int = Field(default=3, ge=2)
    """Parts of the persons that an old model never saw; each is held out once."""
    val_share: float = Field(default=0.2, gt=0.0, lt=1.0)
    """Share of the other persons on which the best epoch is chosen, by alignment alone."""
    pair_share: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of the paired windows that are used, drawn by the seed."""
    probe_folds: int = Field(default=5, ge=2)
    """Of the probes that choose where the bridge begins."""
    probe: Judged | Literal["cka"] = "pooled"
    """One macro F1 over all folds, which is ours, or ``mean-of-folds`` as published; ``cka`` asks no head."""


class BridgeConfig(Options):
    """Everything that a bridge run depends on, beside the store."""

    old: str
    """Folder of a run whose models know the labels."""
    new: str
    """A registered model, which is made with random weights, or a run or checkpoint that has weights of its own."""
    manifest: str
    """Windows that both sensor types cover at once."""
    old_images: str | None = None
    """Image set that the old model sees; that of its run where left out."""
    new_images: str | None = None
    new_sensors: tuple[str, ...] = ()
    """Sensor types that the new model sees; all of its images where left out."""
    positions: tuple[NonNegativeInt, NonNegativeInt] | None = None
    """Blocks of the new model that are run, and block of the old model that the bridge leads into; chosen where left
    out."""
    seed: NonNegativeInt = 0
    compare: tuple[Baseline, ...] = BASELINES
    options: dict[str, Any] = Field(default_factory=dict)
    """Of the new model, where it is made with random weights."""
    sweep: dict[Swept, tuple[float | str, ...]] = Field(default_factory=dict)
    """Options, and values of each for which further bridges are trained, the other options as they are; positions are
    texts such as ``2:1``."""
    bridge: BridgeOptions = BridgeOptions()
    evaluation: Evaluation = Evaluation(permutations=0)

    def swept_positions(self) -> list[tuple[int, int] | None]:
        """Where further bridges lie."""
        return [parse_positions(str(each).replace(":", ",")) for each in self.sweep.get("positions", ())]


def bridge_settings(new: ModelConfig | None, pairs: Sequence[str]) -> dict[str, Any]:
    """Sort `key=value` pairs into the bridge's options, the new model's and evaluation.

    Raises
    ------
    UsageError
        Where a pair is no pair.
    ModelError
        Where no option has the key, or it cannot have the value.
    """
    kinds: dict[str, type[Options]] = {"bridge": BridgeOptions, "evaluation": Evaluation}
    if new is not None:
        kinds["options"] = new.options
    found = sort_settings(kinds, pairs, "bridge")
    return {part: each.model_dump(exclude_unset=True) for part, each in found.items()}


def parse_sweep(texts: Sequence[str]) -> dict[str, tuple[float | str, ...]]:
    """Options and their values, such as ``rank=2,8,32`` or ``positions=1:0,2:1``.

    Raises
    ------
    UsageError
        Anything else, or one value twice.
    ModelError
        A value that the option cannot have.
    """
    found: dict[str, tuple[float | str, ...]] = {}
    for text in texts:
        option, _, listed = text.partition("=")
        if option not in get_args(Swept) or option in found or not listed:
            mend = f"Write OPTION=VALUE,VALUE once for each of {', '.join(get_args(Swept))}."
            raise UsageError(f"{text!r} is no sweep.", where="--sweep", mend=mend)
        values = [_swept(option, each) for each in listed.split(",")]
        if len(set(values)) < len(values):
            raise UsageError(f"{text!r} has a value twice.", where="--sweep", mend="Name each once.")
        found[option] = tuple(values)
    return found


def _swept(option: str, text: str) -> float | str:
    if option != "positions":
        return float(getattr(validated(BridgeOptions, {option: text}, "--sweep"), option))
    try:
        places = parse_positions(text.replace(":", ","))
    except UsageError as error:
        mend = "Write NEW:OLD, such as positions=1:0,2:1."
        raise UsageError(f"{text!r} are no positions.", where="--sweep", mend=mend) from error
    if places is None:
        raise UsageError("auto is what all are seen beside.", where="--sweep", mend="Write NEW:OLD.")
    return f"{places[0]}:{places[1]}"


def parse_positions(text: str) -> tuple[int, int] | None:
    """``auto``, or two numbers such as ``2,1``.

    Raises
    ------
    UsageError
        Anything else.
    """
    if text == "auto":
        return None
    parts = text.split(",")
    if len(parts) != 2 or not all(part.strip().isdecimal() for part in parts):
        raise UsageError(f"{text!r} are no positions.", where="--positions", mend="Write auto, or NEW,OLD such as 2,1.")
    return int(parts[0]), int(parts[1])
