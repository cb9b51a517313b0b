"""Raw HTML between Markdown: tags become nodes, or go, by name; what is no HTML tag stays text."""

from __future__ import annotations

from html import unescape

from publisher.patterns import lazy_pattern

BREAKS = frozenset({"br", "hr"})
STRONG = frozenset({"b", "strong"})
EM = frozenset({"cite", "dfn", "em", "i", "var"})
CODE = frozenset({"code", "kbd", "samp", "tt"})
EMBEDS = frozenset({"audio", "embed", "iframe", "object", "source", "track", "video"})
HIDDEN = frozenset({"script", "style", "template", "title"})
"""Elements that go together with what is inside them."""

BLOCK_ELEMENTS = frozenset(
    """
    address article aside blockquote center dd details div dl dt figcaption figure footer form h1
    h2 h3 h4 h5 h6 header li main nav ol p pre section summary table tbody td tfoot th thead tr
    ul
    """.split()  # noqa: SIM905 - a list of a hundred strings reads worse
)
"""Elements that start on a line of their own."""

INLINE_ELEMENTS = frozenset(
    """
    abbr acronym bdi bdo big blink button caption col colgroup data del fieldset font ins label
    legend link map area mark marquee meta meter nobr noscript option output param picture
    progress q rp rt ruby s select small span strike sub sup svg path g textarea time u wbr input
    base body head html canvas
    """.split()  # noqa: SIM905 - a list of a hundred strings reads worse
)
"""Elements whose tag says nothing a channel could show; their text stays."""

KNOWN = BREAKS | STRONG | EM | CODE | EMBEDS | HIDDEN | BLOCK_ELEMENTS | INLINE_ELEMENTS | {"a", "img"}

_TAG = lazy_pattern(r"<(/?)([A-Za-z][A-Za-z0-9-]*)")
_ATTRIBUTE = lazy_pattern(r"""([A-Za-z_:][\w:.-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+)""")


def parse_tag(raw: str) -> tuple[str, bool, dict[str, str]]:
    """A tag's name in lower case, whether it closes, and its attributes.

    The name is empty for what is not HTML (`Vec<T>`, `<model, accuracy>`, a name in mixed case), and
    "comment" for comments and the like of them.
    """
    if raw.startswith("<![CDATA["):
        return "", False, {}
    if raw.startswith(("<!", "<?")):
        return "comment", False, {}
    found = _TAG.match(raw)
    if not found or not (found.group(2).islower() or found.group(2).isupper()):
        return "", False, {}
    name = found.group(2).lower()
    attributes = {
        key.lower(): unescape(value[1:-1] if value[0] in "\"'" else value)
        for key, value in _ATTRIBUTE.findall(raw[found.end() :])
    }
    return (name if name in KNOWN else ""), bool(found.group(1)), attributes


def classify_tags(raw_tags: list[str]) -> list[bool]:
    """For each tag of a run: whether it may count as one.

    An opening tag without attributes that is never closed is more likely text (`Vec<u>`), unless it is
    of a kind that needs no closing.
    """
    later: dict[str, int] = {}
    verdicts = []
    for raw in reversed(raw_tags):
        name, closes, attributes = parse_tag(raw)
        free = (
            name in BREAKS | BLOCK_ELEMENTS | HIDDEN | {"img", "comment", "wbr"}
            or bool(attributes)
            or raw.endswith("/>")
        )
        if closes:
            later[name] = later.get(name, 0) + 1
            verdicts.append(bool(name))
        elif later.get(name, 0) > 0:
            later[name] -= 1
            verdicts.append(bool(name))
        else:
            verdicts.append(bool(name) and free)
    return verdicts[::-1]
