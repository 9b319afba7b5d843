"""A manifest's file described by Croissant, so that a catalogue finds it and a loader reads it.

Source: the Croissant format specification 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec.html).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from biocurate.curate.manifests.files.table import KEYS
from biocurate.store.manifests import Manifest

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The specification's own, appendix 1: readers compare it word for word."""

ABOUT = {
    "recording_id": "recording: corpus and name",
    "revision": "hash of sources, recipe and reader that the recording was read by",
    "corpus": "name of the corpus' recipe",
    "person": "person, the unit of splits",
    "subject": "subject as the corpus numbers it",
    "t0_ns": "start of the window in nanoseconds from the recording's start",
    "duration_ns": "length of the window in nanoseconds",
    "sensor_types": "sensor types that cover the window, parted by blanks",
    "samples": "of each stream under the window, digest@first sample, parted by blanks",
    "scales": "of each stream under the window, hash of channels' names, units and scales, parted by blanks",
    "view": "view whose streams these are; empty: as recorded",
    "label": "label",
    "split": "split",
}

TYPES = {"text": "sc:Text", "number": "sc:Float", "list": "sc:Text"}


def write(place: Path, manifest: Manifest, document: dict[str, Any], rows: str) -> str:
    """Write the description of a file of rows; return its name."""
    name = f"{manifest.name}.croissant.json"
    text = json.dumps(described(manifest, document, rows), indent=2, ensure_ascii=False)
    (place / name).write_text(text + "\n", encoding="utf-8")
    return name


def described(manifest: Manifest, document: dict[str, Any], rows: str) -> dict[str, Any]:
    """Describe a file of rows as a Croissant data set."""
    licences = list(dict.fromkeys(str(each["licence"]) for each in manifest.terms if each["licence"]))
    title = manifest.definition.get("title") or manifest.name
    left = [f"Labels of {each['corpus']} are left out: {each['reason']}." for each in document["labels_left_out"]]
    about = f"{title}. Windows, labels and splits, without samples; content hash {manifest.hash}."
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": manifest.name,
        "description": " ".join([about, *left]),
        "license": licences,
        # The hash is what tells one version from another; no page in the web is known to a store.
        "url": f"urn:sha256:{manifest.hash}",
        "version": "1.0.0",
        "datePublished": datetime.now(UTC).date().isoformat(),
        "citeAs": f"Manifest {manifest.name}, sha256 {manifest.hash}",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": rows,
                "name": rows,
                "contentUrl": rows,
                "encodingFormat": "application/x-parquet",
                "sha256": document["sha256"],
            }
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "windows",
                "name": "windows",
                "description": "one row a window",
                "field": [
                    _field(column, rows, document["columns"], manifest) for column in [*KEYS, *document["columns"]]
                ],
            }
        ],
    }


def _field(column: str, rows: str, kinds: dict[str, str], manifest: Manifest) -> dict[str, Any]:
    about = ABOUT.get(column, f"label of kind {column}")
    if column == "label" and manifest.classes:
        several = "labels, one or more, of" if kinds.get(column) == "list" else "one of"
        about = f"{several}: {', '.join(manifest.classes)}"
    number = column in ("t0_ns", "duration_ns")
    field: dict[str, Any] = {
        "@type": "cr:Field",
        "@id": f"windows/{column}",
        "name": column,
        "description": about,
        "dataType": "sc:Integer" if number else TYPES[kinds.get(column, "text")],
        "source": {"fileObject": {"@id": rows}, "extract": {"column": column}},
    }
    return field | ({"repeated": True} if kinds.get(column) == "list" else {})
