"""What to write instead of a line that is not valid TOML: most often, the same in quotes."""

from __future__ import annotations

import json
import re
import tomllib

_BOOLEANS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_OTHER_QUOTES = "“”„‟‘’‚«»＂＇「」`"
_MAY_BE_SECRET = r"(?i)token|secret|pass|key|postgres|failure"
_REFERENCE = r"(env|file|keyring|credential):"
_QUOTES = "\"'"
_INVISIBLE = "[\u00a0\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]"
_SYNTAX = "see https://toml.io for the syntax"


def suggest_correction(line: str, message: str) -> str:
    """Return the hint for a line with a syntax error. `message` is what tomllib says about it.

    A value that may be a secret is not repeated.
    """
    if message.startswith("Cannot"):
        return _SYNTAX
    if "\0" in line:
        return "save the file as UTF-8"
    if re.match(r"(<{7}|={7}|>{7})(\s|$)", line):
        return "keep one version and remove the lines <<<<<<<, ======= and >>>>>>>"
    if (typed := re.sub(_INVISIBLE, " ", line)) != line and _is_document(typed):
        return "one of its spaces is another character that looks so, type them again"
    if re.match(r"\s*(;|//|--)", line):
        return "a comment begins with #"
    if header := re.match(r"\s*(\[+)([^\]#]*)(\]*)(.*)", line):
        return _correct_header(header)
    if quoted := re.match(rf"\s*[{_OTHER_QUOTES}]([\w-]+)[{_OTHER_QUOTES}]\s*=", line):
        return f"write the key without these quotes: {quoted[1]} = …"
    if pair := re.match(r"\s*([A-Za-z0-9_.-]+)\s*([=:：＝])\s*(.*)", line):
        return _correct_pair(pair[1], pair[2], _strip_comment(pair[3]))
    if re.fullmatch(r"\s*[A-Za-z0-9_.-]+\s*", line):
        return f'write the value: {line.strip()} = "…"'
    if "array" in message.lower() or line.strip().endswith(","):
        return 'write each entry in quotes, with a comma between, and ] at the end: ["…", "…"]'
    if "=" in line:
        return "a key is one word without spaces, as in name = …"
    return _SYNTAX


def _correct_header(header: re.Match[str]) -> str:
    name = ".".join(re.findall(r"[\w-]+", header[2]))
    if header[3] and header[4].strip():
        return f"write [{name}] on its own line and its keys below it"
    return f"write [{name}]" if name else _SYNTAX


def _correct_pair(key: str, separator: str, value: str) -> str:
    if not value:
        return f'write the value: {key} = "…"'
    if _is_valid(value):
        return "a comment begins with #" if separator == "=" else f"write it as: {key} = {value}"
    if value[-1] in ";," and _is_valid(value[:-1]):
        return f"remove the {value[-1]} at its end"
    if re.search(_MAY_BE_SECRET, key) and not re.match(_REFERENCE, value):
        return f'quote it: {key} = "…"'
    if value[0] == "[":
        return f'write each entry in quotes, with a comma between, and ] at the end: {key} = ["…", "…"]'
    if (corrected := _correct_value(value)) is None:
        return _SYNTAX
    return f"{'quote it' if corrected[0] in _QUOTES else 'write it as'}: {key} = {corrected}"


def _is_valid(value: str) -> bool:
    return _is_document(f"key = {value}")


def _is_document(text: str) -> bool:
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


def _correct_value(value: str) -> str | None:
    """Return a value as valid TOML; None if the mistake is not known."""
    inner = value.strip(_OTHER_QUOTES)
    if boolean := _BOOLEANS.get(value.lower()):
        return boolean
    if inner != value:
        return _add_quotes(inner.strip(_QUOTES))
    if value[0] in _QUOTES:
        return _correct_string(value)
    if value[0] == "{":
        return None
    if re.fullmatch(r"0\d+", value):  # leading zeros
        return value.lstrip("0") or "0"
    if re.fullmatch(r"-?\d+,\d+", value):
        return value.replace(",", ".")
    if re.fullmatch(r"\d:\d\d", value):
        return _add_quotes(f"0{value}")
    return _add_quotes(value.strip(_QUOTES))


def _correct_string(value: str) -> str | None:
    quote = value[0]
    if value.count('"""') == 1 or value.count("'''") == 1:
        return None
    if value.count(quote) == 1:  # the end is missing
        return _add_quotes(value[1:])
    if "\\" in value and quote == '"':  # as in C:\\Users
        return f"'{value[1:-1]}'" if "'" not in value else _add_quotes(value[1:-1])
    if value.endswith(quote):  # the same quotes inside
        return f"'{value[1:-1]}'" if quote == '"' and "'" not in value else _add_quotes(value[1:-1])
    return _add_quotes(value.replace(quote, ""))  # something follows the end


def _add_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON string is a TOML string


def _strip_comment(value: str) -> str:
    """Return a value without a comment at its end; a # without a space before it may belong to it."""
    if value.startswith(("'", '"')) and value.count(value[0]) >= 2:
        end = value.index(value[0], 1) + 1
        return (value[:end] if re.match(r"\s*(#|//)", value[end:]) else value).strip()
    return re.split(r"(?:^|\s)(?:#|//\s)", value)[0].strip()
