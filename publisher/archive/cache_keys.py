"""Keys of what is remembered of an issue: one for each step, of all that the step depends on besides the issue.

So a comment in publisher.toml repeats nothing, another chat of Telegram only its messages, and another template only
the renderings that use it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import PurePath

import msgspec

from publisher.archive.program import compute_program_key
from publisher.channel import ArchiveChannel, Channel, Context
from publisher.config import Config
from publisher.theme import Theme

_KEY_BYTES = 8

_APART = ("path", "root", "channels", "example_addresses", "digest")
"""The fields of a configuration that are in no key: where it is, the channels, and what a comment changes."""


def compute_reading_key(config: Config) -> str:
    """Return the key of reading: the reader, and what publisher.toml and dates.toml say about all issues."""
    feeds = [sorted(channel.feed_urls(config.newsletter).items()) for channel in config.channels]
    return _compute_key(compute_program_key(), config.newsletter, config.dates, config.private_files, feeds)


def compute_settings_key(config: Config, channel: Channel) -> str:
    """Return the key of what a channel makes of an issue without templates: how it is read, and the channel's code and
    settings."""
    return _compute_key(compute_reading_key(config), compute_program_key(channel.name), type(channel).__name__, channel)


def compute_rendering_key(config: Config, channel: Channel, theme: Theme, context: Context) -> str:
    """Return the key of rendering for a channel: that of its settings, its templates, when issues are published, and
    what the `context` that all issues have in common says besides its templates, such as the feeds."""
    names = [one.name for one in config.channels]
    fingerprint = theme.compute_fingerprint(channel.capabilities.templates)
    common = {name: getattr(context, name) for name in context.__struct_fields__ if name != "templates"}
    return _compute_key(compute_settings_key(config, channel), fingerprint, config.schedule.at, "web" in names, common)


def compute_inputs_key(config: Config, rendering_key: str, theme: Theme, issues: Sequence[str]) -> str:
    """Return the key of all that a channel makes its files from: how it renders, all templates, which files beside
    its renderings may use, `issues`, which are digests, and what publisher.toml says; but of other channels only those
    with an archive, which it may link to."""
    settings = {name: getattr(config, name) for name in config.__struct_fields__ if name not in _APART}
    archives = [(channel.name, channel) for channel in config.channels if isinstance(channel, ArchiveChannel)]
    return _compute_key(rendering_key, theme.fingerprint, issues, settings, archives)


def _compute_key(*inputs: object) -> str:
    encoded = msgspec.json.encode(inputs, enc_hook=_encode_other, order="deterministic")
    return hashlib.blake2b(encoded, digest_size=_KEY_BYTES).hexdigest()


def _encode_other(value: object) -> str:
    """Return what stands for a value that JSON does not have: the text of a path, the type of an object of a plugin."""
    return str(value) if isinstance(value, PurePath) else type(value).__name__
