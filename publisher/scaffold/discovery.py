"""Finds the issues in a folder, and the globs that publisher.toml needs for them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from fnmatch import fnmatchcase
from glob import escape
from itertools import islice, takewhile
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from publisher.archive.sources import is_project_page
from publisher.local_files import FileAccess
from publisher.scaffold.found_issue import FoundIssue, count_name_forms, describe_file, find_name_form

_SUFFIXES = (".md", ".markdown")
_UNREAD_SUFFIX = ".mdx"
"""Markdown with parts of programs, which is not read."""

_MAX_FILES = 20_000
_MAX_DEPTH = 8
_MAX_EXCLUDED = 8
"""So many files are excluded by name; more of them would make a list that no one reads."""

_OTHER_FOLDERS = {
    "node_modules", "vendor", "venv", "env", "public", "outbox", "_site", "dist", "build", "target", "themes",
    "archetypes", "layouts", "templates", "_layouts", "_includes", "_drafts", "draft", "drafts", "__pycache__",
}  # fmt: skip
"""Folders of programs and of site generators, which hold no issues."""

_ISSUE_FOLDERS = {
    "issues", "issue", "newsletter", "newsletters", "letters", "_posts", "posts", "post", "weekly", "editions",
    "archive", "archives", "blog",
}  # fmt: skip
_WEIGHT = 4
"""A file in a folder with such a name counts as much as so many elsewhere."""


class Discovery(Struct, frozen=True):
    """What is in a folder: the issues, oldest name first, and the globs for them.

    `others` are Markdown files that are no issues; `ignored` are folders with files that look like issues, but of
    another collection, with their number. `copies` has each file that was left out because another has the same text,
    with that other.
    """

    issues: tuple[FoundIssue, ...] = ()
    patterns: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    ignored: tuple[tuple[str, int], ...] = ()
    copies: tuple[tuple[str, str], ...] = ()


def find_issues(root: Path) -> Discovery:
    """Look for issues in `root` and the folders below it."""
    found = sorted(islice(_walk_markdown(root), _MAX_FILES))
    paths = [path for path in found if not path.endswith(_UNREAD_SUFFIX)]
    files = [describe_file(path, _read_head(root / path)) for path in paths]
    forms = count_name_forms([file for file in files if not file.is_issue])
    files = [
        replace(file, is_numbered=True) if forms.get(find_name_form(file), 0) > 1 and not file.is_issue else file
        for file in files
    ]
    collections: dict[str, list[FoundIssue]] = defaultdict(list)
    originals, copies = _split_copies([file for file in files if file.is_issue])
    for file in originals:
        collections[file.collection].append(file)
    if not collections:
        return Discovery(others=tuple(paths or found))
    ranked = sorted(collections, key=lambda name: (-_weigh(name, collections[name]), name.count("/"), name))
    chosen = list(collections[ranked[0]])
    taken = {ranked[0]}
    for name in ranked[1:]:
        if _continues(collections[name], chosen):
            chosen += collections[name]
            taken.add(name)
    chosen.sort(key=lambda file: file.sort_key)
    issues = {file.path for file in chosen}
    return Discovery(
        tuple(chosen),
        _build_patterns([collections[name] for name in ranked if name in taken], [p for p in paths if p not in issues]),
        tuple(file.path for file in files if not file.is_issue and file.collection in taken),
        tuple((name or ".", len(collections[name])) for name in ranked if name not in taken),
        copies,
    )


def _build_patterns(collections: Iterable[Collection[FoundIssue]], others: Collection[str]) -> tuple[str, ...]:
    """Return globs that match the issues of each collection, and none of the `others` if that is possible."""
    patterns: dict[str, None] = {}
    for issues in collections:
        for suffix in sorted({PurePosixPath(issue.path).suffix for issue in issues}):
            same = [issue for issue in issues if issue.path.endswith(suffix)]
            for is_bundle in (False, True):
                if group := [issue for issue in same if issue.is_bundle == is_bundle]:
                    patterns[_build_pattern(group, suffix, others)] = None
    matched = [path for path in others if any(_match_path(path, pattern) for pattern in patterns)]
    excluded = [f"!{escape(path)}" for path in matched] if len(matched) <= _MAX_EXCLUDED else []
    return (*patterns, *excluded)


def _match_path(path: str, pattern: str) -> bool:
    """Return whether a glob with at most one `**` matches a path."""
    parts, globs = path.split("/"), pattern.split("/")
    if "**" in globs:
        at = globs.index("**")
        missing = len(parts) - len(globs) + 1
        globs = [*globs[:at], *["*"] * max(missing, 0), *globs[at + 1 :]]
    return len(parts) == len(globs) and all(map(fnmatchcase, parts, globs))


def _build_pattern(group: list[FoundIssue], suffix: str, others: Collection[str]) -> str:
    """Return the glob for issues of one collection that are all bundles or all not."""
    collection = escape(group[0].collection)
    inside = [issue.path.removeprefix(group[0].collection).strip("/") for issue in group]
    depths = {path.count("/") for path in inside}
    folder = "".join(f"{part}/" for part in (collection, *_build_middle(depths, is_bundle=group[0].is_bundle)) if part)
    if group[0].is_bundle:
        return f"{folder}index{suffix}"
    pattern = f"{folder}*{suffix}"
    if any(_match_path(path, pattern) for path in others):
        for start in _list_name_starts(group):
            narrow = f"{folder}{start}*{suffix}"
            if not any(_match_path(path, narrow) for path in others):
                return narrow
    return pattern


def _build_middle(depths: set[int], *, is_bundle: bool) -> list[str]:
    """Return the parts of a glob between the folder of a collection and the name of a file."""
    if len(depths) > 1 or (is_bundle and depths == {0}):
        return ["**"]
    return ["*"] * next(iter(depths))


def _list_name_starts(group: list[FoundIssue]) -> Iterator[str]:
    """Yield globs for the start of the names of all these issues, the most general one first."""
    names = [PurePosixPath(issue.path).stem for issue in group]
    if all(name[0].isdigit() for name in names):
        yield "[0-9]"
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    start = "".join(letters[0] for letters in same).rstrip("0123456789")
    if start:
        yield f"{escape(start)}[0-9]" if all(name[len(start) :][:1].isdigit() for name in names) else escape(start)


def _walk_markdown(root: Path) -> Iterator[str]:
    """Yield the Markdown files below `root`, without hidden ones, project pages and those that are never published."""
    access = FileAccess(root)
    for folder, folders, names in os.walk(root):
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if below == "." else f"{below}/"
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _OTHER_FOLDERS and prefix.count("/") < _MAX_DEPTH
        )
        for name in names:
            path = prefix + name
            if (
                name.lower().endswith((*_SUFFIXES, _UNREAD_SUFFIX))
                and not is_project_page(name)
                and not access.find_refusal(path)
            ):
                yield path


def _read_head(path: Path) -> str:
    """Return the first part of a file; "" if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(1 << 16).decode("utf-8-sig", "replace")
    except OSError:
        return ""


def _weigh(collection: str, issues: list[FoundIssue]) -> int:
    parts = collection.lower().split("/")
    return len(issues) * (_WEIGHT if _ISSUE_FOLDERS & set(parts) else 1)


def _continues(more: list[FoundIssue], chosen: list[FoundIssue]) -> bool:
    """Return whether the files of a collection have names of the same form as the chosen ones, and are other issues."""
    forms = {find_name_form(file).rpartition("/")[2] for file in (*more, *chosen)}
    names = {file.name for file in chosen}
    return len(forms) == 1 and forms != {""} and not any(file.name in names for file in more)


def _split_copies(files: Collection[FoundIssue]) -> tuple[list[FoundIssue], tuple[tuple[str, str], ...]]:
    """Return the files without copies such as latest.md, and the copies with their originals: of the same texts, the
    one with the longest number is the original."""
    originals: dict[str, FoundIssue] = {}
    for file in files:
        key = file.digest or file.path
        other = originals.get(key)
        if other is None or _count_digits(file.name) > _count_digits(other.name):
            originals[key] = file
    pairs = [(file, originals[file.digest or file.path]) for file in files]
    return (
        [file for file, original in pairs if file is original],
        tuple([(file.path, original.path) for file, original in pairs if file is not original]),
    )


def _count_digits(name: str) -> int:
    return sum(map(str.isdigit, name))
