"""Counts the work of the program, for each place of its source, without a clock.

`import_counted` imports modules from a changed syntax tree: every pass of a loop, call of a function, step of a
regular expression, and every character or element that is copied or searched, adds to the number of its place.
The numbers are the same in each run, and show a growth that time would show only with very large input: the
copy of a list costs a thousandth of a step of Python, but it is counted in full, and by itself.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tests.support.regex_steps import step_counter

Place = tuple[str, int, str]
"""File, line, and what is done there."""

_COPIED = (str, bytes, list, tuple, dict, set, frozenset, deque)


class WorkCounter:
    """What the changed source calls. `work` has the amount for each number of a place in `places`."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self.work: list[int] = []

    def add_place(self, file: str, line: int, kind: str) -> int:
        self.places.append((file, line, kind))
        self.work.append(0)
        return len(self.places) - 1

    def take(self) -> Counter[Place]:
        """Return the work since the last call."""
        taken: Counter[Place] = Counter()
        for place, amount in zip(self.places, self.work, strict=True):
            if amount:
                taken[place] += amount
        self.work[:] = [0] * len(self.work)
        return taken

    def hit(self, place: int) -> bool:
        self.work[place] += 1
        return True

    def made(self, place: int, value: Any) -> Any:
        """Count a value that has been copied or made."""
        if isinstance(value, _COPIED):
            self.work[place] += len(value)
        return value

    def passed(self, place: int, values: Any) -> Any:
        """Count what is taken from an iterable."""
        if isinstance(values, _COPIED):
            self.work[place] += len(values)
            return values
        return self._each(place, values)

    def _each(self, place: int, values: Iterable[Any]) -> Iterator[Any]:
        for value in values:
            self.work[place] += 1
            yield value

    def part(self, place: int, value: Any, bounds: Any) -> Any:
        """Count a slice."""
        result = value[bounds]
        return result if result is value else self.made(place, result)

    def holds(self, place: int, value: Any, values: Any) -> bool:
        """Count how much of `values` has to be searched for a value."""
        found = value in values
        if isinstance(values, str | bytes):
            self.work[place] += values.index(value) if found else len(values)
        elif isinstance(values, list | tuple | deque):
            self.work[place] += next((i for i, one in enumerate(values) if one is value or one == value), len(values))
        return found

    def method(self, place: int, owner: Any, name: str, /, *args: Any, **named: Any) -> Any:
        """Call a method, and count what it has to look at."""
        pattern = _find_pattern(owner, args) if name in _PATTERN_METHODS else None
        if pattern is not None:
            rest = args[1:] if owner is re else args
            return self._search(place, pattern, name, *rest, **{k: v for k, v in named.items() if k != "flags"})
        result = getattr(owner, name)(*args, **named)
        if isinstance(owner, _COPIED):
            self.work[place] += _measure_call(owner, name, args, result)
        return result

    def _search(self, place: int, pattern: re.Pattern[Any], name: str, *args: Any, **named: Any) -> Any:
        if name == "finditer":
            return self._find_each(place, pattern, *args)
        if name in ("search", "match", "fullmatch"):
            text, start, end = (*args, *(0, sys.maxsize)[len(args) - 1 :])
            result = getattr(pattern, name)(*args)
            self._count_steps(place, pattern, name, text, start, end, result)
            return result
        text = args[0] if name in ("split", "findall") else args[1]
        for _ in self._find_each(place, pattern, text):
            pass
        self.work[place] += len(text)
        return getattr(pattern, name)(*args, **named)

    def _find_each(
        self, place: int, pattern: re.Pattern[Any], text: Any, start: int = 0, end: int = sys.maxsize
    ) -> Iterator[re.Match[Any]]:
        for match in pattern.finditer(text, start, end):
            self._count_steps(place, pattern, "search", text, start, end, match)
            yield match
            start = match.end()
        self._count_steps(place, pattern, "search", text, start, end, None)

    def _count_steps(
        self, place: int, pattern: re.Pattern[Any], name: str, text: Any, start: int, end: int, result: Any
    ) -> None:
        end = min(end, len(text))
        last = result.start() if result else end
        self.work[place] += step_counter(pattern).count(name, text, min(start, end), end, last)


_PATTERN_METHODS = {"search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}


def _find_pattern(owner: Any, args: Sequence[Any]) -> re.Pattern[Any] | None:
    if isinstance(owner, re.Pattern):
        return owner
    if owner is re:
        return re.compile(args[0], next((one for one in args if isinstance(one, re.RegexFlag)), 0))
    if type(owner).__name__ == "_DeferredPattern":
        return re.compile(owner.pattern, owner.flags)
    return None


def _measure_call(owner: Any, name: str, args: Sequence[Any], result: Any) -> int:
    """Return how many characters or elements a method of a built-in type looks at or copies."""
    size = len(owner)
    match name:
        case "append" | "get" | "keys" | "items" | "values" | "startswith" | "endswith" | "setdefault" | "add":
            return 1
        case "appendleft" | "popleft" | "isascii" | "discard":
            return 1
        case "find" | "index":
            start = args[1] if len(args) > 1 else 0
            end = min(args[2], size) if len(args) > 2 else size
            return max((result if result >= 0 else end) - start, 1)
        case "rfind" | "rindex":
            start = args[1] if len(args) > 1 else 0
            end = min(args[2], size) if len(args) > 2 else size
            return max(end - (result if result >= 0 else start), 1)
        case "count":
            start, end = (*args[1:], size)[:2] if len(args) > 1 else (0, size)
            return max(min(end, size) - start, 1)
        case "strip" | "lstrip" | "rstrip" | "removeprefix" | "removesuffix":
            return 1 if result is owner else size
        case "pop":
            return max(size - 1 - args[0], 1) if args and isinstance(owner, list) and args[0] >= 0 else 1
        case "insert":
            return max(size - args[0], 1) if args[0] >= 0 else -args[0]
        case "extend" | "update" | "union":
            return sum(len(one) if isinstance(one, Sized) else 1 for one in args) + (size if name == "union" else 0)
        case "join":
            return len(result)
    return max(size, len(result) if isinstance(result, _COPIED) else 0)


_CONSUMERS = {
    "list",
    "tuple",
    "set",
    "frozenset",
    "dict",
    "sorted",
    "sum",
    "min",
    "max",
    "any",
    "all",
    "next",
    "Counter",
}
_UNCOUNTED_METHODS = {"__init__", "append", "get", "startswith", "endswith", "add", "items", "values", "keys"}


class _Transformer(ast.NodeTransformer):
    """Adds the counting to a module."""

    def __init__(self, file: str, counter: WorkCounter) -> None:
        self._file = file
        self._counter = counter

    def _place(self, node: Any, kind: str) -> ast.expr:
        return ast.Constant(self._counter.add_place(self._file, node.lineno, kind))

    def _call(self, method: str, node: Any, kind: str, *args: ast.expr) -> ast.Call:
        function = ast.Attribute(ast.Name("__work__", ast.Load()), method, ast.Load())
        return ast.copy_location(ast.Call(function, [self._place(node, kind), *args], []), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        decorators, node.decorator_list = node.decorator_list, []
        arguments, returns = node.args, node.returns
        node.body = [self.visit(one) for one in node.body]
        head = 1 if ast.get_docstring(node) is not None else 0
        node.body.insert(head, ast.Expr(self._call("hit", node, f"def {node.name}")))
        node.decorator_list, node.args, node.returns = decorators, arguments, returns
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        node.body = [self.visit(one) if isinstance(one, ast.FunctionDef) else one for one in node.body]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        node.value = self.visit(node.value) if node.value else None
        return node

    def visit_For(self, node: ast.For) -> Any:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(self._call("hit", node, "for")))
        return node

    def visit_While(self, node: ast.While) -> Any:
        self.generic_visit(node)
        node.body.insert(0, ast.Expr(self._call("hit", node, "while")))
        return node

    def visit_comprehension(self, node: ast.comprehension) -> Any:
        self.generic_visit(node)
        node.ifs.insert(0, self._call("hit", node.iter, "comprehension"))
        return node

    def visit_Subscript(self, node: ast.Subscript) -> Any:
        self.generic_visit(node)
        if not isinstance(node.slice, ast.Slice) or not isinstance(node.ctx, ast.Load):
            return node
        bounds = [part or ast.Constant(None) for part in (node.slice.lower, node.slice.upper, node.slice.step)]
        return self._call("part", node, "slice", node.value, ast.Call(ast.Name("slice", ast.Load()), bounds, []))

    def visit_Compare(self, node: ast.Compare) -> Any:
        self.generic_visit(node)
        if len(node.ops) > 1 or not isinstance(node.ops[0], ast.In | ast.NotIn):
            return node
        found = self._call("holds", node, "in", node.left, node.comparators[0])
        return found if isinstance(node.ops[0], ast.In) else ast.UnaryOp(ast.Not(), found)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult | ast.BitOr | ast.BitAnd | ast.Sub):
            return self._call("made", node, "operator", node)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        node.value = self._call("made", node, "operator", node.value)
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> Any:
        self.generic_visit(node)
        return self._call("made", node, "f-string", node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> Any:
        node.value = self.visit(node.value)
        return node

    def visit_Starred(self, node: ast.Starred) -> Any:
        self.generic_visit(node)
        if isinstance(node.ctx, ast.Load):
            node.value = self._call("passed", node, "star", node.value)
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        match node.func:
            case ast.Name(id=name) if name in _CONSUMERS and node.args and not isinstance(node.args[0], ast.Starred):
                if name in ("min", "max") and len(node.args) > 1:
                    return node
                # next() takes one of an iterator, and must have that iterator itself
                node.args[0] = node.args[0] if name == "next" else self._call("passed", node, name, node.args[0])
            case ast.Attribute(value=owner, attr=name) if name not in _UNCOUNTED_METHODS and not _is_super(owner):
                call = self._call("method", node, f".{name}()", owner, ast.Constant(name), *node.args)
                call.keywords = node.keywords
                return call
        return node

    def visit_match_case(self, node: ast.match_case) -> Any:
        node.guard = self.visit(node.guard) if node.guard else None
        node.body = [self.visit(one) for one in node.body]
        return node


def _is_super(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super"


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, counter: WorkCounter) -> None:
        super().__init__(name, path)
        self._counter = counter

    def get_code(self, fullname: str) -> CodeType:
        """Compile the changed source; nothing is read from or written to the cache of compiled files."""
        path = Path(self.get_filename(fullname))
        tree = ast.parse(path.read_bytes())
        file = str(path.relative_to(path.parents[fullname.count(".") + (path.name == "__init__.py")]))
        tree = _Transformer(file, self._counter).visit(tree)
        return compile(ast.fix_missing_locations(tree), str(path), "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__work__"] = self._counter
        super().exec_module(module)


class _Finder(MetaPathFinder):
    def __init__(self, packages: Sequence[str], counter: WorkCounter) -> None:
        self._packages = packages
        self._counter = counter
        self._busy = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if self._busy or not _is_of(name, self._packages):
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(name, path, target)):
                break
        else:
            return None
        if isinstance(spec.loader, SourceFileLoader) and spec.origin:
            spec.loader = _Loader(name, spec.origin, self._counter)
        return spec


def _is_of(name: str, packages: Sequence[str]) -> bool:
    return name.partition(".")[0] in packages


@contextmanager
def import_counted(*packages: str) -> Iterator[tuple[WorkCounter, Callable[[str], ModuleType]]]:
    """Give a counter, and `import_module` for modules that are counted; the ones imported before come back."""
    counter = WorkCounter()
    finder = _Finder(packages, counter)
    before = {name: sys.modules.pop(name) for name in [*sys.modules] if _is_of(name, packages)}
    sys.meta_path.insert(0, finder)
    try:
        yield counter, import_module
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if _is_of(name, packages)]:
            del sys.modules[name]
        sys.modules.update(before)
