"""Compresses files with gzip and Brotli for web servers that serve precompressed files (gzip_static etc.)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from threading import Thread

from msgspec.structs import replace

from publisher.channel import Part

# the next higher levels take half as much time again and save only a few percent
_GZIP_LEVEL = 1
_BROTLI_QUALITY = 4

_BROTLI_WINDOW = 18
"""Bits: with the default of 22, a year of issues takes 15 MB more and twice the time, and has the same size."""

_MAX_BYTES = 2_000_000
"""Files of so many bytes together are compressed at the same time, or one: all live feeds, or one of a year."""


def add_compressed(files: Iterable[Part]) -> Iterator[Part]:
    """Yield the files, each as soon as it is there, and after them the .gz and .br of each.

    Those are its `forms`: none is ever beside a file that is newer. The output depends only on the bytes: it contains
    no name and no time. Both libraries release the GIL, so a file is compressed while it is written and the next one
    is rendered.
    """
    threads: list[_CompressionThread] = []
    for file in files:
        while threads and len(file.body) + sum(len(thread.file.body) for thread in threads) > _MAX_BYTES:
            yield from threads.pop(0).wait_for_forms()
        threads.append(_CompressionThread(file))
        threads[-1].start()
        yield threads[-1].file
    for thread in threads:
        yield from thread.wait_for_forms()


class _CompressionThread(Thread):
    """Compresses one file in the background. `file` is the one with its forms."""

    def __init__(self, file: Part) -> None:
        super().__init__(name=f"compress {file.key}")
        self.file = replace(file, forms=(f"{file.key}.gz", f"{file.key}.br"))
        self._forms: tuple[Part, ...] = ()
        self._error: Exception | None = None

    def run(self) -> None:
        gzip_key, brotli_key = self.file.forms
        try:
            self._forms = (
                Part(gzip_key, "application/gzip", _compress_gzip(self.file.body)),
                Part(brotli_key, "application/x-brotli", _compress_brotli(self.file.body)),
            )
        except Exception as error:  # raised in `wait_for_forms`, because a thread cannot
            self._error = error

    def wait_for_forms(self) -> tuple[Part, ...]:
        """Wait for the thread; return the compressed forms, or raise its error."""
        self.join()
        if self._error:
            raise self._error
        return self._forms


def _compress_gzip(body: bytes) -> bytes:
    from gzip import GzipFile  # not gzip.compress, which writes the operating system into the file

    output = BytesIO()
    with GzipFile("", "wb", _GZIP_LEVEL, output, mtime=0) as file:
        file.write(body)
    return output.getvalue()


def _compress_brotli(body: bytes) -> bytes:
    import brotli

    compressed: bytes = brotli.compress(body, quality=_BROTLI_QUALITY, lgwin=_BROTLI_WINDOW)
    return compressed
