"""Splits inline Markdown into tokens with the inline parser of mistune.

Added to its rules are character references, struck and highlighted text, bare URLs, links of Obsidian, and formulas
between dollar signs. Emphasis
is paired by `emphasis`, and the targets of links are parsed by `link_syntax`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from mistune.core import InlineState
from mistune.helpers import MAX_LINK_LABEL_LENGTH, parse_link_label
from mistune.inline_parser import InlineParser

from publisher.patterns import any_of, lazy_pattern
from publisher.reader.bare_links import URL, URL_BRANCHES, WWW, WWW_BRANCH, bare_url, bare_www
from publisher.reader.emphasis import Token, build_delimiter, pair_delimiters
from publisher.reader.lines import is_cjk
from publisher.reader.link_syntax import Target, encode_url, normalize_label, parse_target
from publisher.reader.references import REFERENCE, TEMPLATE_TAG, resolve_reference, resolve_references
from publisher.reuse import reuse_results

_FORMULA = r"\$(?=[^$\n]*[\\^_{])[^\s$\d](?:[^$\n]{0,300}[^\s$])?\$(?!\d)"
_DISPLAYED = r"\$\$(?=[^$]*[\\^_{])[^$]{1,2000}\$\$"
_FOOTNOTE = r"\[\^[^\]\[\s]{1,200}\](?!\()"
_BRACKETS = lazy_pattern(r"\\.|[\[\]]")
# a number between such brackets is no name, and in code like x[[name]] or [[ -f name ]] it is no link
WIKILINK = (
    r"(?<!\[)!?\[\[(?P<inside>(?! )(?=[^\[\]]*[^\W\d_]|\d{4}-\d\d)"
    r"[^\[\]|\n]{1,200}(?<! )(?:\|[^\[\]\n]{0,300})?)\]\](?![\[\](:])"
)
_IMAGE_NAME = lazy_pattern(r"\.(?:png|jpe?g|gif|webp|svg|avif|bmp)\Z", re.IGNORECASE)
_IMAGE_SIZE = lazy_pattern(r"\d*(?:x\d+)?\Z")
_HIDDEN = r"%%(?<![^\s%]%%)(?!%)[^%\n]{1,1000}%%(?!\w)"
_MAX_NOTE_LENGTH = 2_000
_MAX_TAG_LENGTH = 520
_TEMPLATE_TAG = lazy_pattern(TEMPLATE_TAG)
_TEMPLATE_TARGET = lazy_pattern(rf"\(\s*([^\s(){{}}]*(?:{TEMPLATE_TAG}){{1,2}}[^\n(){{}}]*)\)")
# attributes of kramdown: classes, ids, key="value", names of attribute lists
ATTRIBUTES = r"""\{:(?:\s*+(?:[\w-]++=(?:"[^"\n]*+"|'[^'\n]*+')|[.#]?[\w-]++))++\s*\}"""
_ATTRIBUTES = lazy_pattern(ATTRIBUTES)
# the same without a colon or quotes, directly behind a link or an image: Pandoc, Hugo, Python-Markdown, markdown-it
ATTACHED_ATTRIBUTES = r"""(?<=[)\]])\{:?(?:\s*+(?:[\w-]++=(?:"[^"\n]*+"|'[^'\n]*+'|[^\s"'{}]++)|[.#][\w-]++))++\s*+\}"""
# as in Pandoc and markdown-it: H~2~O, x^2^; 10~20~30 is a range, and 2^10^2 a tower of powers
_LOWERED = r"(?<=[A-Za-z)\]])~(?:\d{1,3}[+-]?|[a-z])~(?!~)"
_RAISED = r"(?<=[A-Za-z0-9)\]~])\^(?:[+-]?\d{1,3}|\d{0,3}[+-]|[a-z]{1,2})\^(?![\w^])"
# the name of a paragraph for links of Obsidian, at its end
_BLOCK_ID = r"(?<=\s)\^(?:(?=[a-z]{0,5}\d)[a-z\d]{6}|[A-Za-z]\w*(?:-\w+)+)(?=\s*\Z)"
_TRIGGER = lazy_pattern(any_of((r"\\`*_\[\]!<\n~$&{\^", ""), ("=", "="), ("%", "%"), *URL_BRANCHES, WWW_BRANCH))


@reuse_results
def build_parser(targets: tuple[tuple[str, Target], ...], footnotes: frozenset[str]) -> TokenParser:
    """Return the parser for the definitions of an issue, see `TokenParser`."""
    return TokenParser(dict(targets), footnotes)


@reuse_results
def parse_text(parser: TokenParser, text: str, *, in_link: bool) -> list[Token]:
    """Return the tokens of a text; with `in_link`, links in it stay text."""
    state = parser.state_cls({})
    state.src = text
    state.in_link = in_link
    return parser.render(state)


class TokenParser(InlineParser):
    """The inline parser of mistune, with our rules.

    `targets` maps normalized labels to their definitions; `footnotes` has the labels of notes in lower case.
    """

    def __init__(self, targets: Mapping[str, Target], footnotes: Collection[str] = ()) -> None:
        super().__init__()
        self.targets = targets
        self.footnotes = footnotes
        self.register("emphasis", r"\*+|_+|~+|==+", _parse_delimiter)
        self.register("url", URL, _parse_url, before="escape")
        self.register("www", WWW, _parse_www, before="escape")
        self.register("wikilink", WIKILINK, _parse_wikilink, before="escape")
        self.register("hidden", _HIDDEN, _parse_hidden, before="escape")
        self.register("formula", f"{_DISPLAYED}|{_FORMULA}", _parse_formula, before="escape")
        self.register("reference", REFERENCE, _parse_reference, before="escape")
        self.register("footnote", _FOOTNOTE, _parse_footnote, before="link")
        self.register("lowered", _LOWERED, _parse_lowered, before="emphasis")
        self.register("raised", _RAISED, _parse_raised, before="escape")
        self.register("block_id", _BLOCK_ID, _parse_block_id, before="escape")
        self.register("inline_note", r"\^\[", _parse_inline_note, before="escape")
        self.register("attributes", f"{ATTRIBUTES}|{ATTACHED_ATTRIBUTES}", _parse_attributes, before="escape")
        self.register("template", TEMPLATE_TAG, _parse_template_tag, before="escape")

    def parse(self, state: InlineState) -> list[Token]:
        """Append the tokens of a text to its state, and return them: as mistune does, which would look for a rule at
        every letter that begins "http" or "www", and look all rules up each time."""
        text, rules, at = state.src, self.compile_sc(), 0
        while trigger := _TRIGGER.search(text, at):
            start = trigger.start()
            if text[start] == "\n":
                start = self._find_linebreak_start(text, at, start)
            if start > at:
                self.process_text(text[at:start], state)
            match = rules.match(text, start)
            at = (self.parse_method(match, state) if match else None) or 0
            if not at:
                self.process_text(text[start], state)
                at = start + 1
        if at < len(text):
            self.process_text(text[at:], state)
        state.tokens = self.finalize_tokens(state.tokens, state.depth)
        return state.tokens

    def finalize_tokens(self, tokens: list[Token], depth: int) -> list[Token]:
        """Pair the delimiters of one level."""
        return pair_delimiters(tokens, self.max_nested_level - depth)

    def parse_codespan(self, m: re.Match[str], state: InlineState) -> int:
        """Append code, in which the end of a line is one space, whatever is a line break elsewhere."""
        end = super().parse_codespan(m, state)
        token = state.tokens[-1]
        if token["type"] == "codespan" and "\n" in state.src[m.end() : end]:
            code = re.sub(r"(?<! ) *\n", " ", state.src[m.end() : end - len(m.group())])
            token["raw"] = code[1:-1] if code.strip(" ") and code[0] == code[-1] == " " else code
        return end

    def parse_auto_link(self, m: re.Match[str], state: InlineState) -> int:
        """Append a link for `<https://…>`."""
        return self._append_autolink(m, state, "")

    def parse_auto_email(self, m: re.Match[str], state: InlineState) -> int:
        """Append a link for `<name@host>`."""
        return self._append_autolink(m, state, "mailto:")

    def _append_autolink(self, match: re.Match[str], state: InlineState, scheme: str) -> int:
        if state.in_link or state.depth >= self.max_nested_level:
            self.process_text(match.group(), state)
        else:
            text = resolve_references(match.group()[1:-1])
            state.append_token(_build_autolink(text, encode_url(scheme + text), match.group()))
        return match.end()

    def parse_link_close(self, m: re.Match[str], state: InlineState) -> int:
        """Append a link or image for each bracket that closes one, else the bracket as text."""
        at = m.start()
        while at < m.end() and state.brackets:
            at = self._close_bracket(state, at)
        if at < m.end():
            self.process_text(state.src[at : m.end()], state)
        return max(at, m.end())

    def _close_bracket(self, state: InlineState, close: int) -> int:
        """Handle the closing bracket at `close`. Return the index after it, or after its link."""
        opener = state.brackets.pop()
        if not opener.image:
            state.last_link = opener.previous_link
        if state.brackets:
            state.brackets[-1].child_depth = max(state.brackets[-1].child_depth, opener.child_depth)
        is_too_deep = state.depth + opener.child_depth >= self.max_nested_level
        target = None
        if opener.active and (opener.image or not state.in_link) and not is_too_deep:
            if state.src.startswith("(", close + 1):
                target = parse_target(state.src, close + 2) or _parse_template_target(state.src, close + 1)
            target = target or self._find_reference(state.src, opener.start, close, has_brackets=opener.nested)
        if target is None:
            self.process_text("]", state)
            return close + 1
        children = state.tokens[opener.token_index + 1 :]
        if not opener.image:
            children = [_undo_autolink(child) for child in children]
        children = self.finalize_tokens(children, state.depth + 1)
        del state.tokens[opener.token_index :]
        attributes = {"url": target.url, "title": target.title}
        state.append_token({"type": "image" if opener.image else "link", "children": children, "attrs": attributes})
        if not opener.image:  # a link contains no other: the brackets before it can only be those of images
            bracket = state.last_link
            while bracket is not None and bracket.active:
                bracket.active = False
                bracket = bracket.previous_link
        return target.end

    def _find_reference(self, source: str, start: int, close: int, *, has_brackets: bool) -> Target | None:
        """Return the target of `[text][label]`, `[label][]` or `[label]`, whose text is from `start` to `close`."""
        if not self.targets:
            return None
        label, end = None, close + 1
        if source.startswith("[", end):
            label, label_end = parse_link_label(source, end + 1)
            end = label_end or end
        if not label:
            if has_brackets or close - start > MAX_LINK_LABEL_LENGTH:
                return None
            label = source[start:close]
        target = self.targets.get(normalize_label(label))
        return target._replace(end=end) if target else None


def _parse_template_target(source: str, start: int) -> Target | None:
    """Return the target `({{ site.url }}/path)`, which is none for Markdown if there are spaces in the tag."""
    match = _TEMPLATE_TARGET.match(source, start)
    return Target(match[1], "", match.end()) if match else None


def _build_autolink(text: str, url: str, source: str) -> Token:
    """Build the token of a link without brackets; `source` is its text inside another link."""
    children = [{"type": "text", "raw": text}]
    return {"type": "link", "children": children, "attrs": {"url": url}, "_autolink": source}


def _undo_autolink(token: Token) -> Token:
    return {"type": "text", "raw": token["_autolink"]} if "_autolink" in token else token


def _parse_delimiter(_: InlineParser, match: re.Match[str], state: InlineState) -> int:
    """Append a run of asterisks, underscores, tildes or equal signs, to be paired later."""
    before = state.src[match.start() - 1] if match.start() else ""
    state.append_token(build_delimiter(match.group(), before, state.src[match.end() : match.end() + 1]))
    return match.end()


def _parse_url(parser: InlineParser, match: re.Match[str], state: InlineState) -> int | None:
    return _append_bare_link(parser, match.start(), bare_url(match.group()), "", state)


def _parse_www(parser: InlineParser, match: re.Match[str], state: InlineState) -> int | None:
    before = state.src[match.start() - 1] if match.start() else ""
    return _append_bare_link(parser, match.start(), bare_www(before, match.group()), "http://", state)


def _append_bare_link(parser: InlineParser, start: int, found: str, scheme: str, state: InlineState) -> int | None:
    if not found:
        return None
    rest = state.src[start : start + len(found) + _MAX_TAG_LENGTH]
    if "{" in rest and (tag := _TEMPLATE_TAG.search(rest)) and tag.start() <= len(found):
        parser.process_text(found[: tag.start()], state)  # the URL is not known, so its start is only text
        return start + tag.start()
    if found[-1] == "_" and state.src[start - 1 : start] == "_":  # the end of emphasised text
        found = found.rstrip("_")
    text = resolve_references(found)
    if state.in_link:
        parser.process_text(text, state)
    else:
        state.append_token(_build_autolink(text, scheme + text, text))
    return start + len(found)


def _parse_formula(parser: InlineParser, match: re.Match[str], state: InlineState) -> int:
    parser.process_text(" ".join(part.strip() for part in match.group().split("\n")), state)
    return match.end()


def _parse_wikilink(inline: TokenParser, match: re.Match[str], state: InlineState) -> int | None:
    """Append a link to a note, `[[note]]` or `[[note#heading|text]]`, or an image, `![[file.png|300]]`, of Obsidian."""
    inside, before = match["inside"], state.src[match.start() - 1 : match.start()]
    if state.in_link or (before.isalnum() and not is_cjk(before)) or normalize_label(inside) in inline.targets:
        return None
    name, _, text = inside.partition("|")
    target, *headings = name.split("#")
    if match.group()[0] == "!" and _IMAGE_NAME.search(target):
        alt = "" if _IMAGE_SIZE.match(text) else text
        attributes = {"url": encode_url(target), "title": ""}
        state.append_token({"type": "image", "children": [{"type": "text", "raw": alt}], "attrs": attributes})
        return match.end()
    shown = text or " > ".join(filter(None, (target, *headings)))
    state.append_token(_build_autolink(shown, encode_url(target), shown))
    return match.end()


def _parse_hidden(_: InlineParser, match: re.Match[str], state: InlineState) -> int:
    """Append a comment of Obsidian, which is left out with one of the spaces around it."""
    return _append_hidden("comment", match, state)


def _parse_reference(parser: InlineParser, match: re.Match[str], state: InlineState) -> int:
    parser.process_text(resolve_reference(match.group()), state)
    return match.end()


def _parse_footnote(inline: TokenParser, match: re.Match[str], state: InlineState) -> int | None:
    label = match.group()[2:-1]
    if label.casefold() not in inline.footnotes:
        return None
    state.append_token({"type": "footnote", "raw": label})
    return match.end()


def _parse_inline_note(inline: InlineParser, match: re.Match[str], state: InlineState) -> int | None:
    """Parse a note written in the line, `^[…]`. Its brackets are paired, and it is more than a number."""
    start = match.end()
    end = _pair_brackets(state.src).get(start - 1, 0)
    text = state.src[start:end] if end <= start + _MAX_NOTE_LENGTH else ""
    if not text.strip() or text.strip().isdecimal():
        return None
    inner = state.copy()
    inner.src = text
    state.append_token({"type": "footnote", "raw": "", "children": inline.render(inner)})
    return end + 1


def _parse_lowered(_: InlineParser, match: re.Match[str], state: InlineState) -> int:
    return _append_small("sub", match, state)


def _parse_raised(_: InlineParser, match: re.Match[str], state: InlineState) -> int:
    return _append_small("sup", match, state)


def _parse_block_id(_: InlineParser, match: re.Match[str], state: InlineState) -> int:
    return _append_hidden("attributes", match, state)


def _append_small(kind: str, match: re.Match[str], state: InlineState) -> int:
    state.append_token({"type": kind, "children": [{"type": "text", "raw": match.group()[1:-1]}]})
    return match.end()


@lru_cache(4)  # for each note of a text
def _pair_brackets(text: str) -> dict[int, int]:
    """Return where each bracket that opens is closed."""
    opened: list[int] = []
    pairs: dict[int, int] = {}
    for bracket in _BRACKETS.finditer(text):
        if bracket.group() == "[":
            opened.append(bracket.start())
        elif bracket.group() == "]" and opened:
            pairs[opened.pop()] = bracket.start()
    return pairs


# mistune calls it with all of these arguments
def _parse_attributes(inline: InlineParser, match: re.Match[str], state: InlineState) -> int | None:  # noqa: ARG001
    is_line = match.group()[1] == ":" and _ATTRIBUTES.match(match.group())
    if not is_line and not (state.tokens and state.tokens[-1]["type"] in ("link", "image")):
        return None
    state.append_token({"type": "attributes", "raw": match.group()})
    end = match.end()
    return end if match.start() else end + len(state.src[end:]) - len(state.src[end:].lstrip())


def _parse_template_tag(_: InlineParser, match: re.Match[str], state: InlineState) -> int:
    """Append a tag that is left out, with one of the spaces around it."""
    return _append_hidden("template", match, state)


def _append_hidden(kind: str, match: re.Match[str], state: InlineState) -> int:
    state.append_token({"type": kind, "raw": match.group()})
    start, end = match.span()
    is_spaced = not start or state.src[start - 1].isspace()
    return end + (is_spaced and state.src.startswith(" ", end))
