"""A bucket in memory that speaks what is needed of S3: objects with their headers, and conditional writes."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class Handler(BaseHTTPRequestHandler):
    """Answers as https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html says."""

    protocol_version = "HTTP/1.1"
    server: BucketServer

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            found = self.server.objects.get(self.key)
            etag = _tag(found[0]) if found else ""
            condition = self.headers.get("If-Match")
            if self.server.refuses:
                self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            elif (self.headers.get("If-None-Match") == "*" and found) or (condition and condition != etag):
                self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            else:
                self.server.objects[self.key] = body, dict(self.headers)
                self.server.order.append(self.key)
                self._answer(200, b"", _tag(body))

    def do_GET(self) -> None:
        found = self.server.objects.get(self.key)
        if found is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, found[0], _tag(found[0]))

    def do_DELETE(self) -> None:
        self.server.order.append(f"-{self.key}")
        self.server.objects.pop(self.key, None)
        self._answer(204, b"")

    @property
    def key(self) -> str:
        return unquote(urlsplit(self.path).path).removeprefix("/letter/")

    def _answer(self, status: int, body: bytes, etag: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", "Mon, 01 Jan 2001 00:00:00 GMT")
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class BucketServer(ThreadingHTTPServer):
    """The bucket `letter`. `order` has the keys as they were written, and with a `-` as they were deleted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.objects: dict[str, tuple[bytes, dict[str, str]]] = {}
        self.order: list[str] = []
        self.refuses = False
        self.lock = threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_port}"


def _tag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
