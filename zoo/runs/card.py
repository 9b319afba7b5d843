"""Cards: everything that is known of a model or of a run, made from data and from nothing else."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from pathlib import Path
from typing import Any

from zoo.models.registry import ImageSpec, ModelConfig, SensorSpec, create_model, model_config
from zoo.runs import checkpoint
from zoo.runs import folder as runs

Card = dict[str, Any]
"""Headings and what is below them: text, a list of lines, or a mapping of names to values."""


def model_card(name: str) -> Card:
    """What is known of a registered model; its network is made once, to count its parameters."""
    config = model_config(name)
    return {
        "model": config.name,
        "description": config.description,
        "family": config.family,
        "task": config.task,
        "parameters": parameters_of(config),
        "takes": takes(config.spec),
        "particular": list(config.particular),
        "options": {key: field.default for key, field in config.options.model_fields.items()},
        "licence": config.licence,
        "paper": config.paper,
        "weights": [asdict(each) for each in config.weights],
        "results": [asdict(each) for each in config.results],
    }


def run_card(run: Path) -> Card:
    """What is known of a run: its data, its models, its figures and what weakens them.

    Raises
    ------
    ModelError
        Where there is no run, or a checkpoint of it is damaged.
    """
    config = runs.read_config(run)
    metrics = runs.read_json(run / "metrics.json")
    files = sorted(run.glob("model-*.safetensors"))
    models = [checkpoint.load(path).about for path in files]
    return {
        "run": run.name,
        "model": config["model"],
        "options": config["options"],
        "manifest": {"name": config["manifest"], "hash": config["manifest_hash"], "snapshot": config["snapshot_id"]},
        "normalisation": config.get("normalisation") or {},
        "data terms": config.get("data_terms", []),
        "classes": metrics["classes"],
        "judged on": {name: metrics[name] for name in ("persons", "recordings", "windows", "folds")},
        "figures": {name: _figure(found) for name, found in metrics["metrics"].items()},
        "controls": {
            control: {name: _figure(found) for name, found in each.items()}
            for control, each in metrics["controls"].items()
        },
        "cautions": metrics["cautions"],
        "notes": metrics["notes"],
        "checkpoints": [_checkpoint(path, about) for path, about in zip(files, models, strict=True)],
        "versions": runs.read_json(run / "versions.json"),
    }


def parameters_of(config: ModelConfig) -> int | None:
    """Parameters of a network as its options make it by default; None of models that are solved for their features."""
    if config.spec.input == "features":
        return None
    return int(sum(each.numel() for each in create_model(config.name).parameters()))


def takes(spec: SensorSpec) -> list[str]:
    """What a model takes, line by line."""
    lines = [f"input: {spec.input}", f"sensors: {', '.join(map(str, spec.sensors)) or 'any'}"]
    if spec.window_s:
        lines.append(f"windows: {spec.window_s[0]:g} to {spec.window_s[1]:g} s")
    if spec.image:
        lines.append(f"images: {spec.image}")
    if spec.view:
        lines.append(f"view: {spec.view}")
    for stream in spec.streams:
        asked = {
            "channels": ", ".join(stream.channels),
            "rate": None if stream.rate_hz is None else f"{stream.rate_hz:g} Hz",
            "unit": stream.unit,
            "band": None if stream.band_hz is None else f"{stream.band_hz} Hz",
        }
        lines.append(f"{stream.sensor}: {'; '.join(f'{name} {value}' for name, value in asked.items() if value)}")
    return lines


def summary(config: ModelConfig) -> dict[str, str]:
    """One row of the list of models."""
    spec = config.spec
    return {
        "model": config.name,
        "family": config.family,
        "task": config.task,
        "input": f"image: {spec.image}" if isinstance(spec.image, ImageSpec) else spec.image or spec.input,
        "sensors": ", ".join(map(str, spec.sensors)) or "any",
        "options": ", ".join(f"{key}={field.default}" for key, field in config.options.model_fields.items()),
        "weights": ", ".join(each.name for each in config.weights) or "none",
        "licence": config.licence,
        "description": config.description,
    }


def as_markdown(card: Card) -> str:
    """A card for people; what is empty is said to be unknown or none."""
    title, *rest = card.items()
    lines = [f"# {title[1]}", ""]
    for heading, content in rest:
        lines += [f"## {heading.capitalize()}", "", *_lines(content), ""]
    return "\n".join(lines)


def _lines(content: Any) -> list[str]:  # noqa: ANN401
    if isinstance(content, dict):
        return [f"- {name}: {_plain(value)}" for name, value in content.items()] or ["none"]
    if isinstance(content, list):
        return [f"- {_plain(each)}" for each in content] or ["none"]
    return ["not known" if content is None else f"{content:,}" if isinstance(content, int) else str(content)]


def _plain(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, dict):
        return "; ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return ", ".join(map(_plain, value)) or "none" if isinstance(value, list | tuple) else str(value)


def _figure(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return "-"
    low, high = found["low"], found["high"]
    return f"{found['value']:.3f}" + ("" if low is None or low == high else f" ({low:.3f} to {high:.3f})")


def _checkpoint(path: Path, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "file": path.name,
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "fold": about["fold"],
        "persons": len(about["persons"]),
        "streams": len(about.get("content", [])),
        "parents": [each["name"] for each in about.get("parents", [])],
    }
