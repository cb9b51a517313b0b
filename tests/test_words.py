"""One word for one thing, and the field's word: identifiers, docstrings, comments, messages and documents.

A word of the list below was once used here for something that has a common name; the right side is that name.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]

# In names of modules, classes, functions, variables and attributes, as whole words.
NAMES = {
    "courier": "sender",
    "crew": "process pool",
    "desk": "renderer",
    "shelf": "spool",
    "vigil": "heartbeat",
    "restraint": "held_back",
    "soundness": "check",
    "outlet": "output",
    "survey": "plan, changes",
    "settlement": "resolve",
    "agenda": "calendar",
    "roster": "recipients",
    "tidy": "clean",
    "sift": "preprocess",
    "imprint": "summary",
    "memo": "meta",
    "doubt": "unknown",
    "doubts": "unknown",
    "debt": "pending",
    "debts": "pending",
    "books": "ledger, tx",
    "picture": "image",
    "pictures": "image",
    "mend": "fix",
    "mended": "fixed",
    "proof": "test send",
    "proofs": "test sends",
    "patience": "max_wait, timeout",
    "rhythm": "cron",
    "insist": "force",
    "insisted": "forced",
    "insistence": "forced",
    "grave": "error",
    "told": "reported",
}

# The same in prose, and what only prose has. `reader` is the parser, and software that reads feeds or mail.
TEXTS = {
    **NAMES,
    "mends": "fixes",
    "mending": "fixing",
    "whoever": "anyone who",
    "nobody": "no one",
    "the books": "the ledger",
    "leaves the house": "is sent",
    "is in hand": "is leased",
}

# Words that are right where they are, as (file, word): text for subscribers, keys of files and of --json,
# names of HTML elements and CSS classes.
ALLOWED = {
    ("publisher/labels.py", "doubt"),
    ("publisher/labels.py", "picture"),
    ("publisher/reader/html.py", "picture"),
    ("publisher/cli/actions.py", "proof"),
    ("channels/wechat/draft.py", "proof"),
    ("channels/wechat/draft.py", "pictures"),
    ("channels/wechat/images.py", "pictures"),
    ("channels/wechat/preview.py", "pictures"),
    ("channels/wechat/test_send.py", "proofs"),
    ("templates/wechat-preview.html", "desk"),
}

DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "channels/README.md",
    "publisher/README.md",
    "templates/README.md",
    "tests/README.md",
    "deploy/*",
    "templates/*.html",
    "templates/*.toml",
)


class Place(NamedTuple):
    """A piece of text and where it begins."""

    file: str
    line: int
    text: str


def python_files(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted((ROOT / folder).rglob("*.py"))


def identifiers(file: str, source: str) -> Iterator[Place]:
    """Every name that a file gives to something, and its own."""
    yield Place(file, 1, Path(file).stem)
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name):
                yield Place(file, node.lineno, name)
            case ast.arg(name):
                yield Place(file, node.lineno, name)
            case ast.Name(name, ast.Store()) | ast.Attribute(_, name, ast.Store()):
                yield Place(file, node.lineno, name)
            case ast.keyword(str() as name):
                yield Place(file, node.lineno, name)
            case _:
                pass


def docstrings(file: str, source: str) -> Iterator[Place]:
    """Docstrings, and the strings below constants that explain them."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield Place(file, node.lineno, node.value.value)


def texts(file: str, source: str) -> Iterator[Place]:
    """All strings and comments of a file."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            yield Place(file, token.start[0], token.string)


def words_of(name: str) -> set[str]:
    """The words of an identifier, in lower case: `_SomeName` and `some_name` have `some` and `name`."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def bad_names(places: Iterator[Place]) -> list[str]:
    return [
        f"{place.file}:{place.line}: {place.text}: say {NAMES[word]}"
        for place in places
        for word in sorted(words_of(place.text) & NAMES.keys())
        if (place.file, word) not in ALLOWED
    ]


_IN_TEXT = re.compile(rf"(?<![\w./-])({'|'.join(TEXTS)})(?![\w/]|-\w|\.\w)", re.IGNORECASE)


def bad_texts(places: Iterator[Place]) -> list[str]:
    return [
        f"{place.file}:{place.line + place.text.count(chr(10), 0, found.start())}: {found[0]}: "
        f"say {TEXTS[found[0].lower()]}"
        for place in places
        for found in _IN_TEXT.finditer(place.text)
        if (place.file, found[0].lower()) not in ALLOWED
    ]


def named(*folders: str) -> Iterator[Place]:
    for path in python_files(*folders):
        yield from identifiers(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))


def written() -> Iterator[Place]:
    for path in python_files("publisher", "channels", "templates"):
        yield from texts(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    for path in python_files("tests"):
        if path.name != "test_words.py":
            yield from docstrings(path.relative_to(ROOT).as_posix(), path.read_text("utf-8"))
    for pattern in DOCUMENTS:
        for path in sorted(ROOT.glob(pattern)):
            yield Place(path.relative_to(ROOT).as_posix(), 1, path.read_text("utf-8"))


def test_names_are_the_terms_of_the_field() -> None:
    assert bad_names(named("publisher", "channels", "templates", "tests")) == []


def test_texts_are_in_the_terms_of_the_field() -> None:
    assert bad_texts(written()) == []


@pytest.mark.parametrize(
    ("source", "noticed"),
    [
        ("class Courier: pass", "a.py:1: Courier: say sender"),
        ("def _find_pictures(): pass", "a.py:1: _find_pictures: say image"),
        ("def f(told): pass", "a.py:1: told: say reported"),
        ("x = 1\nself.memo = x", "a.py:2: memo: say meta"),
        ("f(patience=1)", "a.py:1: patience: say max_wait, timeout"),
        ("def desktop(proofread): retold = 1", ""),
    ],
)
def test_a_name_of_the_list_is_noticed(source: str, noticed: str) -> None:
    assert bad_names(identifiers("a.py", source)) == ([noticed] if noticed else [])


@pytest.mark.parametrize(
    ("source", "noticed"),
    [
        ('"""One picture."""', "a.py:1: picture: say image"),
        ("x = 1\n# Nobody knows\n", "a.py:2: Nobody: say no one"),
        ('f("a")\nf("""one\ntwo: mend it""")', "a.py:3: mend: say fix"),
        ("f('what leaves the house')", "a.py:1: leaves the house: say is sent"),
        ("'pictures/a.png and /picture, proof.png'", ""),
    ],
)
def test_a_text_of_the_list_is_noticed(source: str, noticed: str) -> None:
    assert bad_texts(texts("a.py", source)) == ([noticed] if noticed else [])
