"""An object store of one process: as much of S3's protocol as a store needs, in memory, for tests.

Source: Amazon S3 API Reference, PutObject (with If-None-Match and If-Match), GetObject (with Range), HeadObject,
DeleteObjects and ListObjectsV2. Signatures are not checked, and objects in several parts are refused.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

Held = tuple[bytes, datetime]
"""An object's bytes, and when they were written."""


class _Answers(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: apart, each answer waits for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    objects: ClassVar[dict[str, Held]]
    lock: ClassVar[threading.Lock]

    @property
    def key(self) -> str:
        """Bucket and key."""
        return unquote(urlsplit(self.path).path).lstrip("/")

    def do_PUT(self) -> None:
        """Write an object whole; 412 where it is there already and must not be, or is another than it must be."""
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "uploadId" in self.path:
            return self._answer(HTTPStatus.NOT_IMPLEMENTED)
        with self.lock:
            there = self.objects.get(self.key)
            wanted = self.headers.get("If-Match")
            if (self.headers.get("If-None-Match") == "*" and there) or (wanted and wanted != _etag(there)):
                return self._answer(HTTPStatus.PRECONDITION_FAILED)
            self.objects[self.key] = data, datetime.now(UTC).replace(microsecond=0)
            return self._answer(HTTPStatus.OK, held=self.objects[self.key])

    def do_GET(self) -> None:
        """Read an object or a range of it, or list keys."""
        asked = parse_qs(urlsplit(self.path).query)
        if "list-type" in asked:
            said = [asked.get(name, [""])[0] for name in ("prefix", "delimiter", "start-after")]
            return self._answer(HTTPStatus.OK, _listing(self.objects, self.key.rstrip("/"), *said))
        held = self.objects.get(self.key)
        if held is None:
            return self._answer(HTTPStatus.NOT_FOUND)
        span = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if span is None:
            return self._answer(HTTPStatus.OK, held[0], held)
        size = len(held[0])
        first = int(span[1]) if span[1] else max(0, size - int(span[2]))
        stop = min(int(span[2]) + 1, size) if span[1] and span[2] else size
        if first >= size:
            return self._answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
        return self._answer(HTTPStatus.PARTIAL_CONTENT, held[0][first:stop], held, f"bytes {first}-{stop - 1}/{size}")

    def do_HEAD(self) -> None:
        """Tell an object's size and time."""
        held = self.objects.get(self.key)
        return self._answer(HTTPStatus.OK if held else HTTPStatus.NOT_FOUND, held[0] if held else b"", held)

    def do_POST(self) -> None:
        """Remove the objects that a list names; nothing happens where there is none."""
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if urlsplit(self.path).query.rstrip("=") != "delete":
            return self._answer(HTTPStatus.NOT_IMPLEMENTED)
        keys = [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", data.decode())]
        for key in keys:
            self.objects.pop(f"{self.key.rstrip('/')}/{key}", None)
        told = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return self._answer(HTTPStatus.OK, f"<DeleteResult>{told}</DeleteResult>".encode())

    def _answer(self, status: HTTPStatus, body: bytes = b"", held: Held | None = None, span: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if held is not None:
            self.send_header("ETag", _etag(held))
            self.send_header("Last-Modified", format_datetime(held[1], usegmt=True))
        if span:
            self.send_header("Content-Range", span)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def _etag(held: Held | None) -> str:
    return f'"{hashlib.md5(held[0], usedforsecurity=False).hexdigest()}"' if held else ""


def _listing(objects: dict[str, Held], bucket: str, prefix: str, delimiter: str, after: str) -> bytes:
    """Keys below a prefix that come after another; with a delimiter, only those directly below it, and folders."""
    rows: list[str] = []
    folders: set[str] = set()
    for name, held in sorted(objects.items()):
        key = name.removeprefix(f"{bucket}/")
        if not key.startswith(prefix) or key == name or key <= after:
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
        if found:
            folders.add(prefix + head + delimiter)
            continue
        stamp = held[1].strftime("%Y-%m-%dT%H:%M:%S.000Z")
        rows.append(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{stamp}</LastModified><ETag>{escape(_etag(held))}</ETag>"
            f"<Size>{len(held[0])}</Size></Contents>"
        )
    rows += [f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in sorted(folders)]
    head = f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><IsTruncated>false</IsTruncated>"
    return f"<ListBucketResult>{head}{''.join(rows)}</ListBucketResult>".encode()


@contextmanager
def object_server() -> Iterator[tuple[str, dict[str, Held]]]:
    """Serve an empty object store at this machine while the block runs.

    Yields
    ------
    url : str
        For ``AWS_ENDPOINT_URL``.
    objects : dict of ``bucket/key`` to bytes and time
    """
    objects: dict[str, Held] = {}
    answers = type("Answers", (_Answers,), {"objects": objects, "lock": threading.Lock()})
    with ThreadingHTTPServer(("127.0.0.1", 0), answers) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", objects
        finally:
            server.shutdown()
