"""The theme: page templates and style sheets, built-in or the user's. Only this module imports Jinja2."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from msgspec import Struct

from publisher import templates
from publisher.errors import ConfigError, find_nearest
from publisher.files import wrap_os_error
from publisher.model import Blocks, Inlines

if TYPE_CHECKING:
    from jinja2 import Environment, FileSystemBytecodeCache
    from jinja2.bccache import Bucket
    from jinja2.runtime import Context
    from markupsafe import Markup

_SUFFIXES = {".html", ".css", ".js", ".md", ".toml", ".svg", ".txt", ".xml"}


class Template(Struct, frozen=True):
    """One file of a theme: its text, its path for messages, and whether it is built in."""

    text: str
    path: str
    is_builtin: bool = True


class Theme(Struct, frozen=True, dict=True):
    """All templates of a theme in memory, by file name. Pickles without the compiled templates.

    Template filters: `blocks` and `inlines` convert nodes to HTML, `lang` returns the lang attribute of nodes
    whose language differs from the page's, `url` escapes a URL for an attribute. The channel passes
    `newsletter` and, as `w`, the texts in its language. An undefined name is an error, not an empty string.
    """

    files: Mapping[str, Template]
    cache: Path | None = None

    @classmethod
    def load(cls, user_folder: Path | None = None, cache: Path | None = None) -> Theme:
        """Load the built-in templates; files of the user's folder replace those with the same name.

        Compiled templates are kept in the folder `cache`, because compiling them takes as long as
        rendering twenty pages. Raises StorageError if a file cannot be read, ConfigError if one of the
        user's is not UTF-8.
        """
        files = _read_templates(Path(templates.__path__[0]), is_builtin=True)
        if user_folder is not None and user_folder.is_dir():
            files |= _read_templates(user_folder, is_builtin=False)
        return cls(files, cache)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the names and texts of all files: equal fingerprints mean equal pages."""
        return self.compute_fingerprint()

    def compute_fingerprint(self, names: Collection[str] | None = None) -> str:
        """Return the SHA-256 (hex) over the names and texts of these files, by default of all."""
        digest = hashlib.sha256()
        for name in sorted(self.files if names is None else self.files.keys() & names):
            for piece in (name, self.files[name].text):
                digest.update(hashlib.sha256(piece.encode()).digest())
        return digest.hexdigest()

    @property
    def misnamed_files(self) -> dict[str, str]:
        """Files of the user that replace no built-in file, by path, with the most similar built-in name."""
        builtin_paths = [Path(name) for name in _read_templates(Path(templates.__path__[0]), is_builtin=True)]
        suggestions = {}
        for name in map(Path, sorted(self.files.keys() - {str(path) for path in builtin_paths})):
            if suggestion := find_nearest(
                name.stem, [path.stem for path in builtin_paths if path.suffix == name.suffix]
            ):
                suggestions[self.files[str(name)].path] = f"{suggestion}{name.suffix}"
        return suggestions

    def text(self, name: str) -> str:
        """Return the text of a file. Raises KeyError if the theme has none of that name."""
        return self.files[name].text

    def render(self, name: str, **values: object) -> str:
        """Render the template `name`. Raises ConfigError for an error in a template of the user."""
        try:
            return self._environment.get_template(name).render(values)
        except Exception as error:  # expressions in templates may raise anything
            if all(file.is_builtin for file in self.files.values()):
                raise
            path, line = _locate_template_error(error, {file.path for file in self.files.values()})
            if not path:
                path = self.files[name].path if name in self.files else name
            hint = "fix the template, or remove it to use the built-in one"
            raise ConfigError(f"{path}:{line}: {error}", hint) from error

    @cached_property
    def _environment(self) -> Environment:
        from jinja2 import Environment, FunctionLoader, StrictUndefined

        def load_source(name: str) -> tuple[str, str, Callable[[], bool]] | None:
            file = self.files.get(name)
            return (file.text, file.path, lambda: True) if file else None

        environment = Environment(
            loader=FunctionLoader(load_source),
            autoescape=True,
            undefined=StrictUndefined,
            bytecode_cache=self._bytecode_cache(),
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        # no escaping and no sorting: pages are UTF-8, and the order of keys matters
        environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
        environment.filters |= _build_filters()
        return environment

    def _bytecode_cache(self) -> FileSystemBytecodeCache | None:
        from jinja2 import FileSystemBytecodeCache

        if self.cache is None:
            return None

        class TemplateCache(FileSystemBytecodeCache):
            """Rendering works without a cache: that it cannot be read or written, as on a full disk, is no error."""

            def load_bytecode(self, bucket: Bucket) -> None:
                with suppress(OSError):
                    super().load_bytecode(bucket)

            def dump_bytecode(self, bucket: Bucket) -> None:
                with suppress(OSError):
                    super().dump_bytecode(bucket)

        try:
            self.cache.mkdir(parents=True, exist_ok=True)
        except OSError:
            return None
        return TemplateCache(str(self.cache)) if os.access(self.cache, os.W_OK) else None

    def __getstate__(self) -> dict[str, object]:
        return {"files": self.files, "cache": self.cache}


def _read_templates(folder: Path, *, is_builtin: bool) -> dict[str, Template]:
    files: dict[str, Template] = {}
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix in _SUFFIXES and not path.name.startswith((".", "README")):
                files[path.name] = Template(path.read_text("utf-8"), str(path), is_builtin)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start + 1})", "save it as UTF-8") from error
    except OSError as error:
        raise wrap_os_error(f"cannot read templates in {folder}", error) from error
    return files


def _build_filters() -> dict[str, Callable[..., Markup]]:
    from jinja2 import pass_context
    from markupsafe import Markup

    from publisher.writers import html, page

    @pass_context
    def blocks(context: Context, nodes: Blocks) -> Markup:
        return Markup(page.blocks(nodes, context["newsletter"].lang))

    @pass_context
    def lang(context: Context, nodes: Inlines) -> Markup:
        return Markup(page.build_lang_attribute(nodes, context["newsletter"].lang))

    return {
        "blocks": blocks,
        "inlines": lambda nodes: Markup(page.inlines(nodes)),
        "lang": lang,
        "url": lambda url: Markup(html.escape_url(url)),
    }


def _locate_template_error(error: Exception, paths: set[str]) -> tuple[str, int]:
    """Return the template and line of an error.

    Jinja2 shows templates in tracebacks like Python files; a syntax error has file and line as attributes.
    """
    path, line = getattr(error, "filename", None) or "", getattr(error, "lineno", None) or 1
    trace: TracebackType | None = error.__traceback__
    while trace:
        if trace.tb_frame.f_code.co_filename in paths:
            path, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return path, line
