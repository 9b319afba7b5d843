"""The lossless codecs of a part's chunks; every chunk ends in a crc32c.

Measured on the real corpora: see ``docs/decisions/codec.md``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from biocurate.errors import DamageError, StoreError
from biocurate.store.steady import Steady


@dataclass(frozen=True)
class Codec:
    """Encode and decode one chunk, and the Zarr metadata that says how.

    Attributes
    ----------
    serializer : dict or None
        Zarr's array-to-bytes codec; None for plain little-endian bytes.
    compressor : dict or None
        Zarr's bytes-to-bytes codec before the crc32c.
    """

    name: str
    encode: Callable[[NDArray[Any]], bytes]
    decode: Callable[[bytes, NDArray[Any]], None]
    """Puts a chunk into an array that lies end to end; ValueError where it is of another size."""
    run: Callable[[], Callable[[NDArray[Any]], bytes]] | None = None
    """Makes an encoder for the chunks of one array, in their order, where that is faster than each by itself."""
    serializer: Mapping[str, Any] | None = None
    compressor: Mapping[str, Any] | None = None

    def encoder(self) -> Callable[[NDArray[Any]], bytes]:
        """Make an encoder for the chunks of one array, in their order."""
        return self.encode if self.run is None else self.run()


def _pcodec(level: int) -> Codec:
    from pcodec import ChunkConfig, ModeSpec, standalone

    searching = ChunkConfig(compression_level=level)
    classic = ChunkConfig(compression_level=level, mode_spec=ModeSpec.classic())

    def encode(array: NDArray[Any]) -> bytes:
        flat = np.ascontiguousarray(array).reshape(-1)
        return bytes(standalone.simple_compress(flat, classic if _has_no_step(flat) else searching))

    def run() -> Callable[[NDArray[Any]], bytes]:
        steady = Steady(level)

        def encode_next(array: NDArray[Any]) -> bytes:
            flat = np.ascontiguousarray(array).reshape(-1)
            return steady.encode(flat) if _has_no_step(flat) else encode(flat)

        return encode_next

    def decode(data: bytes, out: NDArray[Any]) -> None:
        done = standalone.simple_decompress_into(data, out.reshape(-1))
        if done.n_processed != out.size or not done.finished:
            raise ValueError(f"a chunk of {out.size:,} numbers has {done.n_processed:,}, or more")

    return Codec(
        name=f"pcodec-{level}",
        encode=encode,
        run=run,
        decode=decode,
        serializer={"name": "numcodecs.pcodec", "configuration": {"level": level}},
    )


def _has_no_step(flat: NDArray[Any]) -> bool:
    """Tell whether integers are multiples of no step but 1: pcodec need not search for one, a tenth of its time.

    A thousand of them tell: any two that differ by 1 settle it.
    """
    if flat.dtype.kind != "i":
        return False
    some = flat[:: max(1, flat.size // 1000)].astype(np.int64)
    return int(np.gcd.reduce(some - some[0])) == 1


def _blosc(cname: str, level: int, itemsize: int) -> Codec:
    from numcodecs.blosc import BITSHUFFLE, Blosc, decompress

    blosc = Blosc(cname=cname, clevel=level, shuffle=BITSHUFFLE)
    configuration = {"typesize": itemsize, "cname": cname, "clevel": level, "shuffle": "bitshuffle", "blocksize": 0}

    def decode(data: bytes, out: NDArray[Any]) -> None:
        size = int.from_bytes(data[BLOSC_SIZE], "little")
        if size != out.nbytes:
            raise ValueError(f"a chunk of {out.nbytes:,} bytes has {size:,}")
        decompress(data, out)

    return Codec(
        name=f"blosc-{cname}-{level}",
        encode=lambda array: bytes(blosc.encode(np.ascontiguousarray(array))),
        decode=decode,
        compressor={"name": "blosc", "configuration": configuration},
    )


def _zstd(level: int) -> Codec:
    from numcodecs.zstd import Zstd

    zstd = Zstd(level=level)

    def decode(data: bytes, out: NDArray[Any]) -> None:
        out[...] = np.frombuffer(zstd.decode(data), dtype=out.dtype).reshape(out.shape)

    return Codec(
        name=f"zstd-{level}",
        encode=lambda array: bytes(zstd.encode(np.ascontiguousarray(array))),
        decode=decode,
        compressor={"name": "zstd", "configuration": {"level": level, "checksum": False}},
    )


SIGNAL_CODEC = "pcodec-5"
FAST_CODEC = "blosc-lz4-5"
IMAGE_CODEC = "zstd-3"

BLOSC_SIZE = slice(4, 8)
"""Where the header of a Blosc chunk says its decoded bytes (Blosc 1 chunk format, section "Header")."""


@lru_cache(maxsize=32)
def codec(name: str, dtype: str) -> Codec:
    """Make a codec by its name: ``pcodec-<level>``, ``blosc-<cname>-<level>`` or ``zstd-<level>``.

    pcodec takes no 8-bit integers, so signals of 8 bits are widened to 16 before they come here.
    """
    kind, *parts = name.split("-")
    itemsize = np.dtype(dtype).itemsize
    if kind == "pcodec" and itemsize > 1:
        return _pcodec(int(parts[0]))
    if kind == "blosc":
        return _blosc(parts[0], int(parts[1]), itemsize)
    if kind == "zstd":
        return _zstd(int(parts[0]))
    raise StoreError(
        f"no codec {name!r} for {dtype} samples.",
        mend="Choose pcodec-5 (small; not for 8 bits), blosc-lz4-5 (fast) or zstd-3.",
    )


def codec_of(metadata: Mapping[str, Any]) -> Codec:
    """Find the codec that a part's own ``zarr.json`` names.

    Parameters
    ----------
    metadata : mapping
        The configuration of the ``sharding_indexed`` codec, with ``data_type`` joined in.
    """
    dtype = str(metadata["data_type"])
    names = {str(item["name"]): item.get("configuration", {}) for item in metadata["codecs"]}
    if "crc32c" not in names:
        raise DamageError("the chunks carry no crc32c, so damage could pass as samples.")
    if "numcodecs.pcodec" in names:
        return codec(f"pcodec-{names['numcodecs.pcodec']['level']}", dtype)
    if "blosc" in names:
        blosc = names["blosc"]
        return codec(f"blosc-{blosc['cname']}-{blosc['clevel']}", dtype)
    if "zstd" in names:
        return codec(f"zstd-{names['zstd']['level']}", dtype)
    raise StoreError(
        f"the part uses codecs that this version cannot read: {', '.join(names)}.", mend="Upgrade biocurate."
    )


def zarr_metadata(
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    shards: tuple[int, ...],
    dtype: np.dtype[Any],
    chosen: Codec,
    attributes: Mapping[str, Any] | None = None,
) -> bytes:
    """Make the ``zarr.json`` of a sharded array (Zarr v3 core specification; sharding codec 1.0).

    zarr-python takes a sixth of a second to import, which is much of a small ingest; a test holds this to the bytes
    that it writes itself.
    """
    little = {"name": "bytes", "configuration": {"endian": "little"}}
    plain = {"name": "bytes"} if dtype.itemsize == 1 else little
    codecs = [chosen.serializer or plain, chosen.compressor, {"name": "crc32c"}]
    sharding = {
        "chunk_shape": chunks,
        "codecs": [item for item in codecs if item is not None],
        "index_codecs": [little, {"name": "crc32c"}],
        "index_location": "end",
    }
    metadata = {
        "shape": shape,
        "data_type": dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": shards}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0 if dtype.kind in "iu" else 0.0,
        "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
        "attributes": dict(attributes or {}),
        "zarr_format": 3,
        "node_type": "array",
        "storage_transformers": [],
    }
    return json.dumps(metadata, indent=2).encode()


def seal(encoded: bytes) -> bytes:
    """Append the crc32c, as Zarr's codec of that name does."""
    return encoded + checksum(encoded)


def checksum(encoded: bytes) -> bytes:
    """The crc32c of some bytes, as Zarr's codec of that name has it behind them."""
    return int(google_crc32c.value(encoded)).to_bytes(4, "little")


def unseal(sealed: bytes, where: str) -> bytes:
    """Check and remove the crc32c; DamageError where it does not match."""
    data, stored = sealed[:-4], sealed[-4:]
    if checksum(data) != stored:
        from biocurate.store.objects import RESTORE

        raise DamageError("these bytes differ from what was written (crc32c).", where=where, mend=RESTORE)
    return data
