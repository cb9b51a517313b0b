"""Classifies raw HTML in Markdown: known tags become nodes or are dropped, anything else stays text."""

from __future__ import annotations

from collections.abc import Callable

from publisher import model as m
from publisher.patterns import lazy_pattern
from publisher.reader.references import resolve_references

BREAKS = frozenset({"br", "hr"})
STYLES: dict[str, Callable[[m.Inlines], m.Inline]] = {
    **dict.fromkeys(("b", "strong"), m.Strong),
    **dict.fromkeys(("cite", "dfn", "em", "i", "var"), m.Em),
    **dict.fromkeys(("del", "s", "strike"), m.Strike),
    **dict.fromkeys(("ins", "u"), m.Underline),
    "mark": m.Mark,
    "sup": m.Sup,
    "sub": m.Sub,
}
"""Elements that become a node around their content."""

CODE = frozenset({"code", "kbd", "samp", "tt"})
EMBEDS = frozenset({"audio", "embed", "iframe", "object", "source", "track", "video"})
EMBEDS_WITH_CONTENT = frozenset({"audio", "iframe", "object", "video"})
HIDDEN = frozenset({"script", "style", "template", "title"})
"""Elements that are dropped with their content."""

BLOCK_ELEMENTS = frozenset(
    """
    address article aside blockquote center dd details dialog dir div dl dt fieldset figcaption figure
    footer form h1 h2 h3 h4 h5 h6 header hgroup li main menu nav ol p pre search section summary table
    tbody td tfoot th thead tr ul
    """.split()  # noqa: SIM905 - more readable than a list of strings
)
"""Elements whose content is on lines of its own."""

INLINE_ELEMENTS = frozenset(
    """
    abbr acronym bdi bdo big blink button caption col colgroup data font label legend link map area
    marquee meta meter nobr noscript option output param picture progress q ruby select small
    span svg path g textarea time wbr input base body head html canvas
    """.split()  # noqa: SIM905 - more readable than a list of strings
)
"""Elements whose tag has no effect in a channel; their content is kept."""

READINGS = frozenset({"rp", "rt"})
"""How a word is read, in `<ruby>`: in parentheses behind it, and those that browsers without it would show."""

KNOWN = BREAKS | STYLES.keys() | CODE | EMBEDS | HIDDEN | READINGS | BLOCK_ELEMENTS | INLINE_ELEMENTS | {"a", "img"}
_STANDS_ALONE = BREAKS | BLOCK_ELEMENTS | {"img", "comment", "wbr"}
"""Elements that need no closing tag."""

_TAG = lazy_pattern(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
_ATTRIBUTE = lazy_pattern(r"""(?<![\w:.-])([A-Za-z_:][\w:.-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+)""")


def parse_tag(raw: str) -> tuple[str, bool, dict[str, str]]:
    """Return the name of a tag in lower case, whether it is a closing tag, and its attributes.

    The name is empty for text that is not HTML (`Vec<T>`, `<model, accuracy>`, types such as `AsRef<Path>`), and
    "comment" for comments, declarations and processing instructions.
    """
    if raw.startswith("<![CDATA["):
        return "", False, {}
    if raw.startswith(("<!", "<?")):
        return "comment", False, {}
    match = _TAG.match(raw)
    if not match:
        return "", False, {}
    written, name = match[2], match[2].lower()
    attributes = {
        key.lower(): resolve_references(value[1:-1] if value[0] in "\"'" else value)
        for key, value in _ATTRIBUTE.findall(raw[match.end() :])
    }
    is_type = not (written.islower() or written.isupper() or attributes or name in BREAKS or match[1])
    is_known = name in KNOWN or "-" in name  # elements of a site's own, such as <mp-profile> of WeChat, have a hyphen
    return (name if is_known and not is_type else ""), bool(match[1]), attributes


def classify_tags(raw_tags: list[str]) -> list[bool]:
    """For each tag of a run, return whether it is really a tag.

    An opening tag without attributes that is never closed is more likely text (`Vec<u>`), unless its element
    needs no closing tag. One that hides what follows must be closed: the word <script> in prose hides nothing.
    """
    closing_tags: dict[str, int] = {}
    verdicts = []
    for raw in reversed(raw_tags):
        name, closes, attributes = parse_tag(raw)
        if closes:
            closing_tags[name] = closing_tags.get(name, 0) + 1
            verdicts.append(bool(name))
        elif closing_tags.get(name, 0) > 0:
            closing_tags[name] -= 1
            verdicts.append(bool(name))
        else:
            stands_alone = name in _STANDS_ALONE or bool(attributes) or raw.endswith("/>")
            verdicts.append(bool(name) and stands_alone and name not in HIDDEN)
    return verdicts[::-1]
