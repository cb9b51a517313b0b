"""Recognises an issue that went out before under another id, or to another destination of the same channel.

Then a date was corrected, an `id:` added or a setting changed, and to publish it would send everything again.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

from publisher.archive.records import Record
from publisher.channel import ArchiveChannel, Channel
from publisher.config import Config
from publisher.errors import ConfigError
from publisher.ledger import Ledger
from publisher.ledger.calendar import load_adopted
from publisher.ledger.destinations import build_publication_key, load_all_destination_ids
from publisher.ledger.outputs import PublishedSource, load_sources
from publisher.ledger.queries import find_published_or_sent, is_published_or_sent
from publisher.named_tuple import NamedTuple
from publisher.run import RunContext
from publisher.sketches import estimate_similarity, split_sketch

_MIN_SIMILARITY = 0.5
"""From this share of common sentences on, an issue is the same as one whose file is gone."""

_MIN_SENTENCES = 3
"""From so many sentences on, two issues do not have the same text by chance."""

_USUAL_COUNT = 3
"""A sentence of so many published issues, such as how to subscribe, does not tell one from another."""

_ADOPTED = ("",)
"""The destinations of an issue of which only that is known."""


class Repeat(NamedTuple):
    """An issue that would go out on `channel` to `destination`, and did before: as `earlier_id`, to
    `earlier_destination`."""

    record: Record
    channel: str
    destination: str
    earlier_id: str
    earlier_destination: str


class RepeatFinder:
    """Looks for earlier publications of issues. `records` are those of all files."""

    def __init__(self, config: Config, ledger: Ledger, records: Collection[Record]) -> None:
        self._config = config
        self._ledger = ledger
        self._prefix = f"{config.newsletter.id}/"
        self._records = records
        self._published: dict[str, dict[str, tuple[str, ...]]] = {}

    @cached_property
    def _current_ids(self) -> set[str]:
        return {record.id for record in self._records if record.id}

    @cached_property
    def _destination_ids(self) -> Mapping[tuple[str, str], str]:
        return load_all_destination_ids(self._ledger)

    def _find_published(self, channel: str) -> Mapping[str, tuple[str, ...]]:
        """Return where issues went out on a channel: their destinations by id."""
        if channel not in self._published:
            by_id = self._published.setdefault(channel, {})
            for key in find_published_or_sent(self._ledger, self._prefix, channel):
                id_ = key.issue.removeprefix(self._prefix)
                by_id[id_] = (*by_id.get(id_, ()), key.destination)
        return self._published[channel]

    @cached_property
    def _adopted(self) -> dict[str, tuple[str, ...]]:
        """The issues that were published before the ledger began, wherever that was."""
        issues = (issue for issue in load_adopted(self._ledger) if issue.startswith(self._prefix))
        return {issue.removeprefix(self._prefix): _ADOPTED for issue in issues}

    def find(self, record: Record, channel: Channel) -> Repeat | None:
        """Return the earlier publication of an issue on this channel, None if there is none, or if it went out
        as it would now."""
        key = build_publication_key(self._config.newsletter, channel, record.id, self._destination_ids)
        is_archive = isinstance(channel, ArchiveChannel)
        if not (is_archive or channel.active_destination):  # writing its files again does no harm
            return None
        if channel.name not in self._published and is_published_or_sent(self._ledger, key):
            return None  # as nearly all that are edited: what else went out need not be known
        by_id, site = self._find_published(channel.name), self._config.newsletter.site
        if not is_archive:  # what was only written to files reached no one
            sent = {id_: to for id_, all_ in by_id.items() if (to := tuple(to for to in all_ if to != site))}
            by_id = self._adopted | sent
        earlier = by_id.get(record.id, ())
        if key.destination in earlier or earlier == _ADOPTED:
            return None
        if earlier and not is_archive:
            return Repeat(record, channel.name, key.destination, record.id, earlier[0])
        id_ = self._find_earlier_id(record, by_id)
        return Repeat(record, channel.name, key.destination, id_, by_id[id_][0]) if id_ else None

    @cached_property
    def _sources(self) -> Mapping[str, PublishedSource]:
        """The sources of what was published, by id."""
        sources = load_sources(self._ledger, self._config.newsletter.id)
        return {source.issue.removeprefix(self._prefix): source for source in sources}

    @cached_property
    def _usual_sentences(self) -> frozenset[str]:
        """The hashes of sentences that several published issues have."""
        counts = Counter(number for source in self._sources.values() for number in split_sketch(source.sketch))
        return frozenset(number for number, count in counts.items() if count >= _USUAL_COUNT)

    def _find_earlier_id(self, record: Record, published: Mapping[str, Sequence[str]]) -> str:
        """Return the id under which the issue was published before, "" if there is none."""
        if not published:
            return ""
        scores = {
            id_: self._score(record, source, is_gone=id_ not in self._current_ids)
            for id_, source in self._sources.items()
            if id_ != record.id and id_ in published
        }
        best = max(scores, key=scores.__getitem__, default="")
        return best if best and scores[best] else ""

    def _score(self, record: Record, earlier: PublishedSource, *, is_gone: bool) -> float:
        """Return how sure it is that this is the issue that was published, 0.0 if it is another one.

        `is_gone`: no file has that issue's id any more.
        """
        has_same_text = record.sketch == earlier.sketch != ""
        if has_same_text and (is_gone or len(split_sketch(record.sketch)) >= _MIN_SENTENCES):
            return 3.0
        if not is_gone:
            return 0.0
        current = PublishedSource.make(earlier.issue, record.path, record.url, record.sketch)
        similarity = estimate_similarity(record.sketch, earlier.sketch, self._usual_sentences)
        has_same_place = current.path == earlier.path or current.page == earlier.page
        return has_same_place + (similarity if has_same_place or similarity >= _MIN_SIMILARITY else 0.0)


def require_no_repeats(
    run: RunContext, candidates: Iterable[tuple[Record, Channel]], records: Collection[Record]
) -> None:
    """Raise ConfigError if one of these issues went out on its channel before, under another key.

    `records` are those of all files. Raises StorageError.
    """
    if run.output_folder != run.config.root or not run.has_ledger:
        return
    finder = RepeatFinder(run.config, run.ledger, records)
    for record, channel in candidates:
        if repeat := finder.find(record, channel):
            raise build_repeat_error(repeat)


def build_repeat_error(repeat: Repeat) -> ConfigError:
    """Return the error about an issue, with the two ways out."""
    path, id_ = repeat.record.path, repeat.record.id
    if repeat.earlier_id == id_:
        return ConfigError(
            f"{path} went out on {repeat.channel} to {repeat.earlier_destination}; now it would go out again, "
            f"to {repeat.destination}",
            f"if that is right: publish --issue {shlex.quote(id_)} --channel {repeat.channel} --again",
        )
    return ConfigError(
        f"{path} went out before, as {repeat.earlier_id}; as {id_} it would go out again",
        f"if it is the same issue, write `id: {repeat.earlier_id}` into its front matter; "
        f"to send it again: publish --issue {shlex.quote(id_)} --again",
    )
