"""The jobs that render the issues of an edition: what each rendering depends on besides the text of its issue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from publisher.archive.records import Edition
from publisher.archive.revisions import Revisions
from publisher.build.cards import SiteCards
from publisher.build.issue_links import IssueLinks
from publisher.build.renderer import RenderJob
from publisher.build.sources import build_entries
from publisher.model import Issue
from publisher.run import RunContext


class JobBuilder:
    """Builds the job of each issue of an edition.

    `entries` are those of its issues, newest first, and `revisions` say which of them changed or moved.
    `articles` has the URLs of WeChat articles by the id of the entry; by default they are read from the ledger.
    `knows_fonts` is as for SiteCards.
    """

    def __init__(
        self, run: RunContext, edition: Edition, articles: Mapping[str, str] | None = None, *, knows_fonts: bool = False
    ) -> None:
        self._records = edition.issues
        self.revisions = Revisions(run.home.revisions)
        self.entries = build_entries(run, edition, self.revisions)
        self.cards = SiteCards(run, self.entries, self.revisions, knows_fonts=knows_fonts)
        self.article_urls = run.article_urls(self.entries, articles)
        self._links = IssueLinks(run.config.newsletter, {record.path: record.url for record in edition.issues})

    def build_job(self, position: int, channels: Sequence[str], document: Issue | bytes | None) -> RenderJob:
        """Return the job for the issue at a position; `document` is None if it has to be read."""
        record, around = self._records[position], (None, *self.entries, None)
        before, entry, after = around[position + 2], self.entries[position], around[position]
        targets, card = self._links.resolve(record), self.cards.find_image(entry.id)
        return RenderJob(record.path, document, entry, before, after, channels, self.article_urls, targets, card)
