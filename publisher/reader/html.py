"""Classifies raw HTML in Markdown: known tags become nodes or are dropped, anything else stays text."""

from __future__ import annotations

from html import unescape

from publisher.patterns import lazy_pattern

BREAKS = frozenset({"br", "hr"})
STRONG = frozenset({"b", "strong"})
EM = frozenset({"cite", "dfn", "em", "i", "var"})
CODE = frozenset({"code", "kbd", "samp", "tt"})
EMBEDS = frozenset({"audio", "embed", "iframe", "object", "source", "track", "video"})
HIDDEN = frozenset({"script", "style", "template", "title"})
"""Elements that are dropped with their content."""

BLOCK_ELEMENTS = frozenset(
    """
    address article aside blockquote center dd details div dl dt figcaption figure footer form h1
    h2 h3 h4 h5 h6 header li main nav ol p pre section summary table tbody td tfoot th thead tr
    ul
    """.split()  # noqa: SIM905 - more readable than a list of strings
)
"""Elements that start on a new line."""

INLINE_ELEMENTS = frozenset(
    """
    abbr acronym bdi bdo big blink button caption col colgroup data del fieldset font ins label
    legend link map area mark marquee meta meter nobr noscript option output param picture
    progress q rp rt ruby s select small span strike sub sup svg path g textarea time u wbr input
    base body head html canvas
    """.split()  # noqa: SIM905 - more readable than a list of strings
)
"""Elements whose tag has no effect in a channel; their content is kept."""

KNOWN = BREAKS | STRONG | EM | CODE | EMBEDS | HIDDEN | BLOCK_ELEMENTS | INLINE_ELEMENTS | {"a", "img"}

_TAG = lazy_pattern(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
_ATTRIBUTE = lazy_pattern(r"""([A-Za-z_:][\w:.-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+)""")


def parse_tag(raw: str) -> tuple[str, bool, dict[str, str]]:
    """Return the name of a tag in lower case, whether it is a closing tag, and its attributes.

    The name is empty for text that is not HTML (`Vec<T>`, `<model, accuracy>`, names in mixed case), and
    "comment" for comments, declarations and processing instructions.
    """
    if raw.startswith("<![CDATA["):
        return "", False, {}
    if raw.startswith(("<!", "<?")):
        return "comment", False, {}
    match = _TAG.match(raw)
    if not match or not (match.group(2).islower() or match.group(2).isupper()):
        return "", False, {}
    name = match.group(2).lower()
    attributes = {
        key.lower(): unescape(value[1:-1] if value[0] in "\"'" else value)
        for key, value in _ATTRIBUTE.findall(raw[match.end() :])
    }
    return (name if name in KNOWN else ""), bool(match.group(1)), attributes


def classify_tags(raw_tags: list[str]) -> list[bool]:
    """For each tag of a run, return whether it is really a tag.

    An opening tag without attributes that is never closed is more likely text (`Vec<u>`), unless its
    element needs no closing tag.
    """
    closing_tags: dict[str, int] = {}
    verdicts = []
    for raw in reversed(raw_tags):
        name, closes, attributes = parse_tag(raw)
        stands_alone = (
            name in BREAKS | BLOCK_ELEMENTS | HIDDEN | {"img", "comment", "wbr"}
            or bool(attributes)
            or raw.endswith("/>")
        )
        if closes:
            closing_tags[name] = closing_tags.get(name, 0) + 1
            verdicts.append(bool(name))
        elif closing_tags.get(name, 0) > 0:
            closing_tags[name] -= 1
            verdicts.append(bool(name))
        else:
            verdicts.append(bool(name) and stands_alone)
    return verdicts[::-1]
