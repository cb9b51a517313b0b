"""`publish check`: what it prints in every form, what it writes, and its exit codes."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.checks.codes import CODES, Problem
from publisher.cli.formats import format_workflow_commands
from publisher.model import Pos
from tests.checks.conftest import BROKEN, IGNORED, SETTINGS, Check, broken

FULL = """\
error[double-url]: the URL is written twice
 --> issues/2021-07-18.md:7:23
  |
7 | - [甲](https://e.org/a)(https://e.org/a)
  |                        ^^^^^^^^^^^^^^^^^
  = help: remove one of them (--fix)

warning[punctuation]: "，，" should be "，"
 --> issues/2021-07-18.md:8:5
  |
8 | 摘要：好，，了。
  |         ^^^^
  = help: --fix corrects it

error[unclosed-link]: this bracket is never closed
 --> issues/2021-07-18.md:9:3
  |
9 | - [乙乙](
  |   ^
  = help: close it after the title: [title](url)

error[empty-url]: the link has no URL
  --> issues/2021-07-18.md:10:11
   |
10 | - [丙 | 慢讯]()
   |              ^^
   = help: add the URL between the parentheses

3 errors, 1 warning in 1 issue; 2 fixable: publish check --fix (preview with --diff) \
· details: publish check --explain double-url
"""


def test_full_format(check: Check, letter: Path) -> None:
    said = check("2021-07-18", IGNORED)
    assert said == (1, FULL, "")


def test_a_sound_issue(check: Check, letter: Path) -> None:
    assert check("issues/2021-07-04.md") == (0, "1 issue checked, no problems found\n", "")


def test_without_arguments_all_issues_are_checked(check: Check, letter: Path) -> None:
    assert "3 errors, 1 warning in 2 issues" in check().out


def test_concise_format(check: Check, letter: Path) -> None:
    said = check("issues", "--format", "concise", "--select", "empty-url,punctuation")
    assert said.out.splitlines()[:2] == [
        'issues/2021-07-18.md:8:5: warning[punctuation]: "，，" should be "，" (--fix)',
        "issues/2021-07-18.md:10:11: error[empty-url]: the link has no URL",
    ]


def test_github_format(check: Check, letter: Path) -> None:
    said = check("2021-07-18", "--format", "github", "--select", "empty-url")
    assert said.out == (
        "::error file=issues/2021-07-18.md,line=10,endLine=10,col=11,endColumn=12,title=empty-url"
        "::the link has no URL · add the URL between the parentheses\n"
    )


def test_github_format_has_columns_only_within_a_line() -> None:
    problem = Problem(Pos(3, 5, 4, 2), "unclosed-link", "one,\ntwo: 100%")
    assert [*format_workflow_commands("a,b:c%.md", [problem])] == [
        "::error file=a%2Cb%3Ac%25.md,line=3,endLine=4,title=unclosed-link::one,%0Atwo: 100%25"
    ]


def test_github_format_reports_undecodable_files(check: Check, letter: Path) -> None:
    broken(letter).write_bytes(b"# x\n\n\xff\n")
    said = check("2021-07-18", "--format", "github")
    place = "issues/2021-07-18.md:3:1: byte 0xff is not UTF-8"
    assert said.out == f"::error file=issues/2021-07-18.md::{place}\n"
    assert said.code == 1


def test_sarif_explains_its_rules(check: Check, letter: Path) -> None:
    log = json.loads(check("--format", "sarif", "--select", "empty-url").out)
    (rule,) = log["runs"][0]["tool"]["driver"]["rules"]
    assert rule["shortDescription"]["text"] == "A link has an empty URL: [title]()."
    assert rule["help"] == rule["fullDescription"] == {"text": CODES["empty-url"].explanation}
    assert rule["defaultConfiguration"] == {"level": "error"}


def test_sarif_format(check: Check, letter: Path) -> None:
    log = json.loads(check("--format", "sarif", "--select", "empty-url,double-url").out)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["double-url", "empty-url"]
    assert [(one["ruleId"], one["level"]) for one in run["results"]] == [
        ("double-url", "error"),
        ("empty-url", "error"),
    ]
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "issues/2021-07-18.md"
    assert place["region"] == {"startLine": 10, "startColumn": 11, "endLine": 10, "endColumn": 13}


def test_json_format(check: Check, letter: Path) -> None:
    said = check("2021-07-18", "--json", "--select", "punctuation")
    (issue,) = json.loads(said.out)["issues"]
    edit = {"line": 8, "column": 5, "end_line": 8, "end_column": 7, "text": "，"}
    assert issue["path"] == "issues/2021-07-18.md"
    assert issue["problems"] == [
        {
            "code": "punctuation",
            "severity": "warning",
            **{key: value for key, value in edit.items() if key != "text"},
            "message": '"，，" should be "，"',
            "help": "",
            "fixable": True,
            "edits": [edit],
        }
    ]
    assert (said.code, json.loads(said.out)["exit"]) == (0, 0)


def test_warnings_alone_do_not_fail(check: Check, letter: Path) -> None:
    assert check("2021-07-18", "--select", "punctuation").code == 0


# ---------------------------------------------------------------------------- for editors


def test_stdin_is_checked_under_its_file_name(check: Check, letter: Path) -> None:
    broken(letter).write_text("# 慢刊 (2021-07-18)\n", "utf-8")
    said = check("--stdin", "--stdin-filename", "issues/2021-07-18.md", IGNORED, stdin=BROKEN.encode())
    assert said == (1, FULL, "")


def test_stdin_is_compared_with_other_issues(check: Check, letter: Path) -> None:
    text = BROKEN.replace("](https://e.org/a)(https://e.org/a)", "](https://e.org/0)")
    said = check("--stdin", "--stdin-filename", "issues/2021-08-01.md", stdin=text.encode())
    assert (
        "warning[duplicate-item]: this article is also in issue 2021-07-04\n --> issues/2021-08-01.md:7:7" in said.out
    )


# ------------------------------------------------------------------------------- mistakes


def test_explain_prints_severity_and_explanation(check: Check, tmp_path: Path) -> None:
    said = check("--explain", "empty-url")
    assert said.out.startswith("error[empty-url]\nA link has an empty URL")
    assert check("--explain", "empty-ur").err == "error: unknown code empty-ur · did you mean empty-url?\n"


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(code: str) -> None:
    text = CODES[code].explanation
    assert text.endswith((".", "-->"))
    assert len(text) > 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--select", "nonsense"], "unknown code nonsense"),
        (["2021-07-19"], "there is no issue 2021-07-19 · did you mean 2021-07-18?"),
        (["--stdin", "x.md"], "--stdin cannot be combined with files"),
        (["--links", "--allow", "localhost", "2021-07-04"], "localhost is not IP:PORT"),
    ],
)
def test_wrong_arguments_are_rejected(check: Check, letter: Path, words: list[str], said: str) -> None:
    found = check(*words)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_files_outside_of_a_newsletter_are_checked(check: Check, tmp_path: Path) -> None:
    assert check() == (2, "", "error: no issue given, and no newsletter here · publish check FILE…\n")


def test_undecodable_file_is_an_error(check: Check, letter: Path) -> None:
    (letter / "issues" / "2021-07-20.md").write_bytes(b"# \xff\n")
    said = check("2021-07-20")
    assert (said.code, said.out) == (1, "0 issues checked; 1 could not be read\n")
    assert said.err.startswith("error: issues/2021-07-20.md:1:3: byte 0xff is not UTF-8")
    both = check("2021-07-20", "2021-07-04")
    assert both.out == "1 issue checked, no problems found; 1 could not be read\n"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("# Slow Press (2021-07-20)\n\n## News\n\n- [a](https://e.org/a)\n".encode("utf-16-le"), "2: byte 0x00"),
        ("# Slow Press (2021-07-20)\n\n## News\n\n- [a](https://e.org/a)\n".encode("utf-16-be"), "1: byte 0x00"),
        ("# 慢工 (2021-07-20)：题\n\n## 新闻\n\n- [条目](https://e.org/1)\n".encode("utf-16-le"), "2: byte 0x00"),
        (b"\0" * 4096, "1: byte 0x00"),
    ],
)
def test_a_file_that_is_no_text_is_an_error(check: Check, letter: Path, body: bytes, place: str) -> None:
    (letter / "issues" / "2021-07-20.md").write_bytes(body)
    said = check("2021-07-20")
    assert (said.code, said.out) == (1, "0 issues checked; 1 could not be read\n")
    assert said.err == f"error: issues/2021-07-20.md:1:{place} is not text · save the file as UTF-8\n"


def test_a_character_that_is_zero_is_a_warning(check: Check, letter: Path) -> None:
    text = (letter / "issues" / "2021-07-18.md").read_text("utf-8")
    (letter / "issues" / "2021-07-18.md").write_text(f"{text}\0\n", "utf-8")
    said = check("2021-07-18", "--format", "concise")
    assert said.err == ""
    assert "warning[control-char]: control character (U+0000)" in said.out


def test_unreadable_file_is_an_error(check: Check, letter: Path) -> None:
    file = "/proc/self/mem"  # which not even root may read from its beginning
    for words in ((), ("--fix",)):
        said = check(file, "2021-07-18", *words)
        assert said.code == 6
        output = said.err.splitlines()[-1]
        assert output.startswith(f"error: {file} cannot be read: ")
        assert said.err.count("cannot be read") == 1
        assert "error[empty-url]" in said.out


def test_folder_without_issues(check: Check, letter: Path) -> None:
    (letter / "drafts" / "2021-08-01.md").mkdir(parents=True)
    said = check("drafts")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("error: there is no issue in the folder drafts · ")


def test_cache_is_invalidated_by_changes(check: Check, letter: Path) -> None:
    first = check()
    assert (letter / ".publisher" / "cache" / "checks.json").exists() or first.code == 1
    broken(letter).write_text(BROKEN.replace("，，", "，"), "utf-8")
    assert "punctuation" not in check().out
    assert check().out == check().out


def test_many_files_are_checked_in_several_processes(check: Check, letter: Path) -> None:
    for number in range(60):
        date = dt.date(2020, 1, 1) + dt.timedelta(days=number)
        text = BROKEN.replace("2021-07-18", date.isoformat()).replace("e.org/a", f"e.org/{number}")
        (letter / "issues" / f"{date}.md").write_text(text, "utf-8")
    said = check("--format", "concise", "--select", "empty-url")
    assert len(said.out.splitlines()) == 62
    assert said.err == "checking issues: 62\n"


def test_issue_renamed_and_edited_after_publication_is_reported(
    check: Check, letter: Path, publish: Callable[..., str]
) -> None:
    items = "".join(f"- [第{n}条](https://e.org/{n}?a=1&b={n})\n" for n in range(1, 6))
    text = f"# 慢刊 (2021-07-11)\n\n> 导读：五条。\n\n## 新闻\n\n{items}"
    old, new = letter / "issues" / "2021-07-11.md", letter / "issues" / "2021-07-12.md"
    old.write_text(text, "utf-8")
    broken(letter).unlink()
    publish("--yes", folder=letter)
    old.unlink()
    edited = text.replace("2021-07-11", "2021-07-12").replace("第1条", "头条").replace("/5?", "/6?")
    new.write_text(edited, "utf-8")
    said = check("2021-07-12", "--format", "concise").out.splitlines()[0]
    assert said == (
        "issues/2021-07-12.md:1:3: error[renamed]: "
        "this issue was published as 2021-07-11; as 2021-07-12 it would be published again"
    )
    new.write_text(edited.replace("e.org/", "e.org/other/"), "utf-8")
    assert "renamed" not in check("2021-07-12", "--format", "concise").out


# ------------------------------------------------------------------------------- budgets


def test_sizes_on_each_channel_are_printed(check: Check, letter: Path) -> None:
    toml = letter / "publisher.toml"
    toml.write_text(SETTINGS + "[channels.wechat]\n[channels.telegram]\n[channels.email]\n", "utf-8")
    line = check("2021-07-04").out.splitlines()[0]
    assert re.fullmatch(
        r"channels  wechat [\d,]+ of 19,999 characters · telegram 1 message \(largest: \d+ of 4,096\) "
        r"· email \d+ lines",
        line,
    )


def test_article_too_long_for_wechat_is_a_warning(check: Check, letter: Path) -> None:
    (letter / "publisher.toml").write_text(SETTINGS + "[channels.wechat]\n", "utf-8")
    file = letter / "issues" / "2021-07-04.md"
    file.write_text(file.read_text("utf-8") + "摘要：" + "字" * 21_000 + "\n", "utf-8")
    said = check("2021-07-04", "--format", "concise")
    assert re.search(
        r"1:3: warning\[too-long\]: wechat: [\d,]+ characters, [\d,]+ over the limit of 19,999, so", said.out
    )
    assert said.code == 0
    (letter / "publisher.toml").write_text(SETTINGS, "utf-8")
    assert "too-long" not in check("2021-07-04").out, "without WeChat"


# ---------------------------------------------------------------------------------- links


def test_links_are_requested_only_with_the_option(check: Check, letter: Path, server) -> None:
    text = f"# 慢刊 (2021-07-04)\n\n> 导读：好的。\n\n## 新闻\n\n- [零]({server.url('/404')})\n"
    (letter / "issues" / "2021-07-04.md").write_text(text, "utf-8")
    assert check("2021-07-04").code == 0
    refused = check("2021-07-04", "--links", "--format", "concise")
    warning = "7:7: warning[link-unknown]: could not check this link: "
    assert f"{warning}127.0.0.1 is 127.0.0.1, which is not a public address" in refused.out
    assert (refused.code, server.asked) == (0, [])
    (letter / ".publisher" / "cache" / "links.json").unlink()
    said = check("2021-07-04", "--links", "--allow", f"127.0.0.1:{server.port}", "--format", "concise")
    assert "7:7: error[dead-link]: 127.0.0.1 answers 404: not found" in said.out
    assert said.code == 1
    assert re.search(r"^links     1 checked · 1 gone · [\d.]+ s, 0 from cache$", said.out, re.MULTILINE)
    assert "1 gone" in check("2021-07-04", "--links").out
    output = json.loads(check("2021-07-04", "--links", "--json").out)
    counts = {"checked": 1, "ok": 0, "gone": 1, "unknown": 0, "from_cache": 1, "seconds": 0.0}
    assert output["links"] == counts
    assert output["issues"][0]["links"] == [
        {
            "url": server.url("/404"),
            "line": 7,
            "column": 7,
            "state": "gone",
            "reason": "127.0.0.1 answers 404: not found",
        }
    ]
    assert len(server.asked) == 1


# ------------------------------------------------------------------------------- many problems


def test_notes_are_counted_and_shown_on_request(check: Check, letter: Path) -> None:
    items = "".join(f"- [条{n}](http://e.org/{n})\n" for n in range(1_200))
    (letter / "issues" / "2021-07-04.md").write_text(f"# 慢刊 (2021-07-04)\n\n> 导读：好的。\n\n{items}", "utf-8")
    said = check("2021-07-04").out.splitlines()
    assert said[:-1] == ["notes     1,200 plain-http · -v shows them"]
    assert said[-1].startswith("1,200 notes in 1 issue")
    assert check("2021-07-04", "-v").out.count("info[plain-http]") == 1_200
    assert check("2021-07-04", "--select", "plain-http").out.count("info[plain-http]") == 1_200
    assert check("2021-07-04", "--format", "concise").out.count("info[plain-http]") == 1_200


def test_ten_problems_of_one_code_are_shown(check: Check, letter: Path) -> None:
    items = "".join(f"- [条{n}]()\n" for n in range(12))
    for date in ("2021-07-04", "2021-07-11"):
        (letter / "issues" / f"{date}.md").write_text(f"# 慢刊 ({date})\n\n> 导读：好。\n\n{items}**坏\n", "utf-8")
    said = check("2021-07-04", "2021-07-11")
    assert said.out.count("error[empty-url]") == 10
    assert said.out.count("warning[unbalanced-bold]") == 2, "in both issues"
    assert "\nmore      14 empty-url · -v shows them\n24 errors, 2 warnings in 2 issues" in said.out
    assert said.code == 1
    assert check("2021-07-04", "2021-07-11", "-v").out.count("error[empty-url]") == 24
