"""Every table and key of publisher.toml, with description, default and JSON Schema: the single place for the
parser, `publish config` and the pages.

The keys of a table are the fields of its classes. A key's description is in its type: `Annotated[str, Meta(…)]`.
"""

# no `from __future__ import annotations`: msgspec would compile each field's annotation when it decodes one

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from publisher.bounce_settings import BounceSettings
from publisher.credentials import Reference
from publisher.errors import ConfigError
from publisher.named_tuple import NamedTuple
from publisher.newsletter import Newsletter
from publisher.subscriber_settings import SubscriberSettings
from publisher.toml import TomlDocument, config_key

if TYPE_CHECKING:
    from publisher.channel import Channel

_TIME_OF_DAY = "([01][0-9]|2[0-3]):[0-5][0-9]"


class IssueKeys(Struct, frozen=True):
    """The keys of [newsletter] that are not fields of Newsletter."""

    issues: Annotated[
        str | tuple[str, ...],
        Meta(
            description="files that are issues: a glob or a list of them; those that begin with `!` exclude. A README, "
            "CHANGELOG, LICENSE, CONTRIBUTING or `_index.md` is an issue only if it is named without `*`"
        ),
    ] = "issues/*.md"
    home: Annotated[
        str,
        Meta(
            description="URL of the home page, where `site` is served, such as `https://example.org/` if `url` is "
            "`https://example.org/posts/{slug}/`; default: `url` up to the first placeholder",
            examples=["https://example.org/"],
        ),
    ] = ""


class ScheduleKeys(Struct, frozen=True):
    """The keys of [schedule]."""

    at: Annotated[
        str,
        Meta(
            description="time of day at which an issue is published on its date; `at` in a channel's table sets it for "
            "that channel",
            extra_json_schema={"pattern": f"^{_TIME_OF_DAY}$"},
        ),
    ] = "09:45"
    cron: Annotated[
        str,
        Meta(
            description="publish each issue at the first matching time on or after its date: minute, hour, day, month, "
            "weekday as in cron, such as `45 9 * * sun`",
            examples=["45 9 * * sun"],
            extra_json_schema={"pattern": r"^\s*((\S+\s+){4}\S+\s*)?$"},
        ),
    ] = ""
    catch_up: Annotated[
        float,
        Meta(
            description="issues that are overdue for more than this number of hours are not published automatically",
            extra_json_schema={"exclusiveMinimum": 0, "maximum": 8784},
        ),
    ] = 36.0
    on_failure: Annotated[
        str,
        Meta(
            description="command that gets JSON on standard input, webhook URL that JSON is POSTed to, or a reference "
            "to either",
            examples=["mail -s trouble editor@example.org"],
            extra_json_schema={"writeOnly": True},
        ),
    ] = ""


class LedgerKeys(Struct, frozen=True):
    """The keys of [ledger]."""

    postgres: Annotated[
        Reference,
        Meta(
            description="reference to the URL of a PostgreSQL database for the ledger "
            "(extra `postgres`); default: a file in `.publisher/`",
            examples=["env:LEDGER"],
        ),
    ] = Reference()
    workers: Annotated[
        bool,
        Meta(
            description="send to subscribers from processes of their own, `publish worker`, on one machine or several "
            "(extra `workers`; needs `postgres` and `[subscribers]`)"
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.workers and not self.postgres:
            message = "workers share a ledger on PostgreSQL, and this one is a file"
            raise ConfigError(message, 'add the URL of a database: postgres = "env:LEDGER"')


class PublishKeys(Struct, frozen=True):
    """The keys of [publish]."""

    upload: Annotated[
        str,
        Meta(
            description="where the site is uploaded to: `s3://BUCKET/FOLDER` (extra `upload`), "
            "`rsync://HOST/MODULE/FOLDER`, `rsync:HOST:FOLDER` over ssh, or `git:BRANCH` of the repository it is in",
            examples=["s3://letter-example-org"],
        ),
    ] = ""
    endpoint: Annotated[
        str,
        Meta(description="URL of an S3-compatible server; default: that of AWS", examples=["https://s3.example.org"]),
    ] = ""
    credentials: Annotated[
        Reference,
        Meta(
            description="reference to `KEY_ID:SECRET` for S3, or to the password of an rsync daemon; default: the "
            "variables `AWS_…`",
            examples=["env:UPLOAD_CREDENTIALS"],
        ),
    ] = Reference()
    purge: Annotated[
        str,
        Meta(
            description="URL that gets a POST for each address that changed, to empty a cache: with `{url}`, or "
            "`{path}` without the host; a URL without both gets them as JSON; or a reference to it",
            examples=["https://cdn.example.org/purge?url={url}"],
            extra_json_schema={"writeOnly": True},
        ),
    ] = ""
    purge_header: Annotated[
        Reference,
        Meta(description="reference to a header of these requests, as `AccessKey: …`", examples=["env:PURGE_HEADER"]),
    ] = Reference()


class ServerKeys(Struct, frozen=True):
    """The keys of [server]."""

    listen: Annotated[
        str,
        Meta(
            description="where the daemon serves the site, health and metrics, such as `127.0.0.1:8080`; default: not "
            "served",
            examples=["127.0.0.1:8080"],
            extra_json_schema={"pattern": r"^((\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):[0-9]{1,5})?$"},
        ),
    ] = ""
    proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="list of the IP addresses, or networks such as `10.0.0.0/8`, of web servers in front of it",
            examples=[["127.0.0.1"]],
        ),
    ] = ()


class ChecksKeys(Struct, frozen=True):
    """The keys of [checks]."""

    ignore: Annotated[
        tuple[str, ...],
        Meta(
            description="list of codes of problems that are not reported, in any issue",
            examples=[["repeat-repo", "plain-http"]],
        ),
    ] = ()
    error: Annotated[
        tuple[str, ...],
        Meta(
            description="list of codes whose problems are errors, which keep an issue from being published",
            examples=[["guide-count"]],
        ),
    ] = ()


class PreviewKeys(Struct, frozen=True):
    """The key of [preview]."""

    editor: Annotated[
        str,
        Meta(
            description="the editor that `publish preview` opens: `vscode`, `idea`, `zed`, `sublime` or `vim`, or a "
            "command with `{file}` and `{line}`",
            examples=["vscode"],
        ),
    ] = ""


class CommonChannelKeys(Struct, frozen=True):
    """The keys of every [channels.NAME] that are not fields of its class."""

    enabled: Annotated[
        bool, Meta(description="enable the channel; without a table, web and rss are enabled and the others are not")
    ] = True
    at: Annotated[
        str,
        Meta(
            description="time of day for this channel; default: `at` of `[schedule]`",
            examples=["12:00"],
            extra_json_schema={"pattern": f"^({_TIME_OF_DAY})?$"},
        ),
    ] = ""


class Key(NamedTuple):
    """A key: `default` and `example` are values as in TOML, None if there is none.

    `schema` is the JSON Schema of the value, without description, default and examples.
    """

    name: str
    description: str
    schema: Mapping[str, Any]
    required: bool
    default: Any = None
    example: Any = None

    @property
    def is_hidden(self) -> bool:
        """Whether the value may be a secret, so that it must not be shown."""
        return bool(self.schema.get("writeOnly"))


class KeyTable(NamedTuple):
    """A table: `name` as in its header."""

    name: str
    description: str
    keys: tuple[Key, ...]


_TABLES: dict[str, tuple[str, tuple[type[Struct], ...]]] = {
    "newsletter": ("The newsletter", (Newsletter, IssueKeys)),
    "schedule": ("When issues are published; without this table, only by hand", (ScheduleKeys,)),
    "checks": ("Which problems of issues are reported, and which of them are errors", (ChecksKeys,)),
    "ledger": ("The ledger: what was sent where", (LedgerKeys,)),
    "subscribers": ("Your own list of subscribers, instead of a file", (SubscriberSettings,)),
    "bounces": ("Where bounces and complaints of subscribers come from", (BounceSettings,)),
    "publish": ("Where the site is uploaded to, if it is served elsewhere", (PublishKeys,)),
    "server": ("The web server of the daemon, if you have no other", (ServerKeys,)),
    "preview": ("The live preview, `publish preview`", (PreviewKeys,)),
}

TABLE_NAMES = (
    "newsletter",
    "schedule",
    "publish",
    "ledger",
    "subscribers",
    "bounces",
    "server",
    "preview",
    "checks",
    "channels",
)
"""The tables at the top of the file."""


def read_document(path: Path, find_channel: Callable[[str], type["Channel"]]) -> TomlDocument:
    """Read publisher.toml. Raises ConfigError if it is not valid TOML or has a table that does not exist."""
    document = TomlDocument(path, partial(_suggest_table, find_channel))
    document.reject_unknown_keys((), TABLE_NAMES)
    return document


def _suggest_table(find_channel: Callable[[str], type["Channel"]], key: str, value: object) -> str:
    """Return a hint where a key or table belongs that is unknown where it is, "" if nowhere."""
    if key in TABLE_NAMES:
        return f"write [{'channels.NAME' if key == 'channels' else key}] on its own line and its keys below it"
    names = {name: {config_key(field.name) for field in _list_fields(kinds)} for name, (_, kinds) in _TABLES.items()}
    tables = [f"[{name}]" for name, keys in names.items() if key in keys]
    if tables and not isinstance(value, dict):
        return f"put it below {' or '.join(tables)}"
    with suppress(ConfigError):
        find_channel(key)
        return f"the table of a channel is [channels.{key}]"
    return ""


def describe_tables(find_channel: Callable[[str], type["Channel"]], channels: Iterable[str]) -> list[KeyTable]:
    """Return all tables, with those of the named channels. Raises ConfigError for a channel that does not exist."""
    tables = [KeyTable(name, text, _describe_keys(kinds)) for name, (text, kinds) in _TABLES.items()]
    for name in channels:
        cls = find_channel(name)
        summary = (cls.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        tables.append(KeyTable(f"channels.{name}", summary, _describe_keys((CommonChannelKeys, cls))))
    return tables


def _list_fields(kinds: Iterable[type[Struct]]) -> "list[msgspec.structs.FieldInfo]":
    """Return the fields that are keys."""
    fields = [field for kind in kinds for field in msgspec.structs.fields(kind)]
    return [field for field in fields if not field.name.startswith("_") and field.name != "base"]


def _describe_keys(kinds: Iterable[type[Struct]]) -> tuple[Key, ...]:
    from publisher.checks.codes import CODES

    keys = []
    for field in _list_fields(kinds):
        schema = msgspec.json.schema(field.type, schema_hook=_build_custom_schema)
        description, (example, *_) = schema.pop("description", ""), schema.pop("examples", [None])
        if "anyOf" in schema:  # TOML has no null
            schema["anyOf"] = [kind for kind in schema["anyOf"] if kind != {"type": "null"}]
        if ChecksKeys in kinds:
            schema["items"] = {"enum": [*CODES]}
        default = None if field.required else _to_toml(field.default)
        keys.append(Key(config_key(field.name), description, schema, field.required, default, example))
    return tuple(keys)


def _to_toml(default: object) -> object:
    """Return a default as a value that JSON and TOML have; None if it is only expressed by leaving the key out."""
    if isinstance(default, Reference):
        return None
    return [*default] if isinstance(default, tuple) else default


def _build_custom_schema(kind: type) -> dict[str, object]:
    """Return the JSON Schema of a type that msgspec does not know."""
    if kind is Reference:
        return {"type": "string", "pattern": "^(env|file|keyring|credential):.+$"}
    return {}


# ------------------------------------------------------------------ JSON Schema


def build_json_schema(tables: Iterable[KeyTable]) -> dict[str, Any]:
    """Return the JSON Schema (draft 7) of publisher.toml, which editors with support for TOML understand."""
    channels: dict[str, Any] = {}
    properties: dict[str, Any] = {}
    for table in tables:
        parent, _, name = table.name.rpartition(".")
        (channels if parent else properties)[name] = _build_table_schema(table)
    properties["channels"] = {
        "type": "object",
        "description": "The channels",
        "properties": channels,
        "additionalProperties": False,
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "publisher.toml",
        "type": "object",
        "properties": properties,
        "required": ["newsletter"],
        "additionalProperties": False,
    }


def _build_table_schema(table: KeyTable) -> dict[str, Any]:
    properties = {}
    for key in table.keys:
        about: dict[str, Any] = {"description": capitalize(key.description)} if key.description else {}
        if key.default is not None:
            about["default"] = key.default
        if key.example is not None:
            about["examples"] = [key.example]
        properties[key.name] = {**key.schema, **about}
    required = [key.name for key in table.keys if key.required]
    return {
        "type": "object",
        "description": table.description,
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def capitalize(text: str) -> str:
    """Return a text that begins with a capital letter, unless it begins with a word as in `https`."""
    return text if re.match(r"https?\b", text) else text[:1].upper() + text[1:]
