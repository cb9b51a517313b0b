"""A file and its compressed forms, for web servers that send what lies there (gzip_static and the like)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from threading import Thread

from publisher.channel import Part

# where the next level costs much more time for a few per cent
_GZIP_LEVEL = 4
_BROTLI_QUALITY = 5
# 2 ** 18 bytes: a larger window takes longer to set up than feeds of this size gain by it
_BROTLI_WINDOW = 18


def add_compressed(files: Iterable[Part]) -> Iterator[Part]:
    """Each file followed by its .gz and its .br, so that these never look older than what they stand for.

    The same bytes in give the same bytes out: no name and no time goes into them. Both libraries let go
    of the interpreter while they work, so a file is compressed while the next one is made.
    """
    started = []
    for file in files:
        started.append(_CompressionThread(file))
        started[-1].start()
    for packing in started:
        yield from packing.wait_for_parts()


class _CompressionThread(Thread):
    """The compression of one file under way."""

    def __init__(self, file: Part) -> None:
        super().__init__(name=f"compress {file.key}")
        self._file = file
        self._compressed: tuple[Part, ...] = ()
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._compressed = (
                Part(f"{self._file.key}.gz", "application/gzip", _compress_gzip(self._file.body)),
                Part(f"{self._file.key}.br", "application/x-brotli", _compress_brotli(self._file.body)),
            )
        except Exception as error:  # a thread cannot raise: `wait_for_parts` does
            self._error = error

    def wait_for_parts(self) -> tuple[Part, ...]:
        """The file and its compressed forms, as soon as they are there."""
        self.join()
        if self._error:
            raise self._error
        return (self._file, *self._compressed)


def _compress_gzip(body: bytes) -> bytes:
    from gzip import GzipFile  # and not gzip.compress, which writes the operating system into the file

    file = BytesIO()
    with GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as packed:
        packed.write(body)
    return file.getvalue()


def _compress_brotli(body: bytes) -> bytes:
    import brotli

    packed: bytes = brotli.compress(body, quality=_BROTLI_QUALITY, lgwin=_BROTLI_WINDOW)
    return packed
