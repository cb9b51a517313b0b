"""Uploads the files of a run, after the last of them is written and before any message leads there."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from publisher.archive.output_folder import OutputFolder
from publisher.build.cards import SiteCards
from publisher.build.output import FileOutput
from publisher.channel import Finding, FindingLevel
from publisher.errors import PublisherError
from publisher.run import RunContext
from publisher.upload.settings import UploadSettings

if TYPE_CHECKING:
    from publisher.upload.upload import Uploader


def draw_before_upload(run: RunContext, cards: SiteCards) -> None:
    """Draw the missing cards now, if pages that name them are uploaded in this run. Raises StorageError."""
    if run.config.upload and run.is_recorded:
        cards.draw()


def upload_site(run: RunContext, site: OutputFolder, outputs: Collection[FileOutput], cards: SiteCards) -> None:
    """Upload what changed, if that is asked for and the archive was written; a dry run only notes how much that is.

    A failure is one of each archive channel: its issue is not published, and messages wait for it. If a channel has
    failed already, nothing is uploaded, so that nothing leads to what it did not write.
    """
    archive = [output for output in outputs if output.archive_channel]
    settings = run.config.upload
    if not (settings and archive and run.output_folder == run.config.root):
        return
    error: PublisherError | None
    if failed := [output.channel.name for output in archive if output.error]:
        error = _build_left_out_error(failed)
    else:
        error = _try_upload(run, site, archive, cards, settings)
    for output in archive:
        output.error = output.error or error


def retry_upload(run: RunContext) -> int | None:
    """Complete an upload that failed. Return how many files were copied or deleted, None if there is no such upload.

    Raises what `Uploader.upload` raises, and BusyError while another process of the newsletter has its lock.
    """
    settings = run.config.upload
    if not (settings and _open_uploader(run, settings).is_pending):
        return None
    with run.lock():
        return _open_uploader(run, settings).upload(_list_pages(run, OutputFolder(run.output_folder, run.home)))


def _build_left_out_error(failed: Collection[str]) -> PublisherError:
    from publisher.upload.target import UploadError

    return UploadError(f"not uploaded, because of {', '.join(failed)}", "publish again when that is fixed")


def diagnose_upload(run: RunContext) -> Iterator[Finding]:
    """Check whether the target can be read. Raises what `Uploader.upload` raises."""
    if settings := run.config.upload:
        count = _open_uploader(run, settings).count_uploaded()
        yield Finding(FindingLevel.OK, f"{settings.address} can be read: {_format_file_count(count)}")


def _open_uploader(run: RunContext, settings: UploadSettings) -> Uploader:
    from publisher.upload.upload import Uploader  # most newsletters are not uploaded

    newsletter = run.config.newsletter
    folder = run.output_folder / newsletter.site
    return Uploader(settings, folder, newsletter.base, run.home.uploaded, run.clock.time)


def _try_upload(
    run: RunContext, site: OutputFolder, archive: Collection[FileOutput], cards: SiteCards, settings: UploadSettings
) -> PublisherError | None:
    """Upload, and return the error; or in a dry run, count."""
    prefix, pages = f"{run.config.newsletter.site}/", _list_pages(run, site)
    uploader = _open_uploader(run, settings)
    try:
        if run.dry_run:
            keys = [*(key for output in archive for key in output.written), *(file.key for file in cards.missing)]
            written = [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
            count, what = uploader.count_changes(pages, written), "would be uploaded"
        else:
            count, what = uploader.upload(pages), "uploaded"
    except PublisherError as error:
        return error
    if count:
        first = next(iter(archive))
        first.uploaded = count
        first.note = " · ".join(filter(None, (first.note, f"{_format_file_count(count)} {what} to {settings.address}")))
    return None


def _list_pages(run: RunContext, site: OutputFolder) -> list[str]:
    """Return the paths of the files of issues, below the folder of the site."""
    prefix = f"{run.config.newsletter.site}/"
    every = (page for files in site.channels.values() for page in files.pages.values())
    return [key.removeprefix(prefix) for page in every for key in page.files]


def _format_file_count(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"
