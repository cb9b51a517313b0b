"""What is changed is shown: in the issue, in others, in the settings, saved or not, however an editor saves."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import watchfiles

from publisher.preview.worker import ChangeFilter
from tests.preview.conftest import ISSUES, SETTINGS, Client, Folder

ISSUE = "issues/2024-02-29.md"
Serve = Callable[[str], Client]


def save_in_place(file: Path, text: str) -> None:
    file.write_text(text, "utf-8")


def save_by_rename(file: Path, text: str) -> None:
    """As many editors do, so that a crash loses nothing."""
    other = file.with_name(f".{file.name}.tmp")
    other.write_text(text, "utf-8")
    other.replace(file)


def save_with_backup(file: Path, text: str) -> None:
    """As vim does with `backupcopy=no`: the file gets another name, and a new one takes its place."""
    backup = file.with_name(f"{file.name}~")
    file.rename(backup)
    file.write_text(text, "utf-8")
    backup.unlink()


def save_through_temporary_folder(file: Path, text: str) -> None:
    """As on macOS: the new file is written elsewhere."""
    elsewhere = file.parents[2] / "elsewhere.md"
    elsewhere.write_text(text, "utf-8")
    os.replace(elsewhere, file)  # noqa: PTH105 - as an editor calls it


WAYS = [save_in_place, save_by_rename, save_with_backup, save_through_temporary_folder]


def shows(text: str) -> Callable[[Any], bool]:
    """Return a condition that a state has a title with a text."""
    return lambda state: text in state["issue"]["title"]


@pytest.fixture
def client(serve: Serve) -> Client:
    client = serve(ISSUE)
    client.wait(lambda state: not state["unread"])
    return client


@pytest.mark.parametrize("save", WAYS)
def test_a_save_is_shown_however_it_is_done(client: Client, folder: Folder, save: Callable[[Path, str], None]) -> None:
    file = folder.root / ISSUE
    text = file.read_text("utf-8")
    for word in ("第一次", "第二次"):  # the watch must go on after the first
        save(file, text.replace("# 潮汐观察 (2024-02-29)：", f"# 潮汐观察 (2024-02-29)：{word}/", 1))
        state = client.wait(shows(word))
        assert word in client.pane("web-phone", state)
        assert word in client.pane("mail", state)
        assert not state["unsaved"]


def test_a_pane_whose_bytes_did_not_change_keeps_its_address(client: Client, folder: Folder) -> None:
    before = client.state
    text = (folder.root / ISSUE).read_text("utf-8")
    folder.write(ISSUE, text.replace("## ", "<!-- 备注 -->\n\n## ", 1))
    state = client.wait(lambda state: state["version"] > before["version"])
    assert state["panes"] == before["panes"]
    assert [item["line"] for item in state["items"]] == [item["line"] + 2 for item in before["items"]]


def test_only_the_panes_that_show_a_change_get_another_address(client: Client, folder: Folder) -> None:
    def list_urls(state: Any) -> dict[str, str]:
        return {pane["name"]: pane["url"] for pane in state["panes"]}

    before = list_urls(client.state)
    folder.write("publisher.toml", SETTINGS.replace("[channels.wechat]", '[channels.wechat]\ntheme = "ink"'))
    changed = {"wechat", "wechat-dark"}
    state = client.wait(lambda s: list_urls(s)["wechat"] != before["wechat"] and not s["unread"])
    assert {name for name, url in list_urls(state).items() if url != before[name]} == changed


def test_a_save_without_a_change_is_no_new_version(client: Client, folder: Folder) -> None:
    version = client.state["version"]
    os.utime(folder.root / ISSUE)
    folder.write(ISSUE, (folder.root / ISSUE).read_text("utf-8"))
    folder.write("issues/2024-02-15.md", "# 潮汐观察 (2024-02-15)：标记\n")
    state = client.wait(lambda state: any("标记" in issue["title"] for issue in state["issues"]))
    assert state["version"] == version + 1


def test_unsaved_text_is_shown_until_the_file_is_saved(client: Client, folder: Folder) -> None:
    text = (folder.root / ISSUE).read_text("utf-8")
    client.post("/buffer", {"path": ISSUE, "text": text.replace("：", "：还没存/", 1)})
    state = client.wait(shows("还没存"))
    assert state["unsaved"]
    folder.write(ISSUE, text.replace("：", "：存好了/", 1))
    state = client.wait(shows("存好了"))
    assert not state["unsaved"]
    client.post("/buffer", {"path": ISSUE, "text": text.replace("：", "：又在写/", 1)})
    client.wait(shows("又在写"))
    client.post("/buffer", {"path": ISSUE, "text": None})
    assert not client.wait(shows("存好了"))["unsaved"]


def test_unsaved_text_of_another_issue_shows_that_issue(client: Client) -> None:
    other = "issues/2024-02-15.md"
    client.post("/buffer", {"path": other, "text": "# 潮汐观察 (2024-02-15)：边写边看\n"})
    assert client.wait(shows("边写边看"))["issue"]["path"] == other


def test_another_issue_changes_the_links_to_it(client: Client, folder: Folder) -> None:
    folder.write("issues/2024-02-15.md", "# 潮汐观察 (2024-02-15)：换了题目\n")
    state = client.wait(lambda state: any("换了题目" in issue["title"] for issue in state["issues"]))
    assert "换了题目" in client.pane("web-phone", state)
    (folder.root / "issues" / "2024-02-15.md").unlink()
    state = client.wait(lambda state: len(state["issues"]) == 2)
    assert "换了题目" not in client.pane("web-phone", state)


def test_a_deleted_issue_keeps_its_panes_until_it_is_there_again(client: Client, folder: Folder) -> None:
    text, panes = (folder.root / ISSUE).read_text("utf-8"), client.state["panes"]
    (folder.root / ISSUE).unlink()
    client.wait(lambda state: "does not exist" in state["broken"])
    folder.write("templates/style.css", "")  # everything is read again
    folder.write("issues/2024-02-15.md", "# 潮汐观察 (2024-02-15)：另一期\n")
    other = "issues/2024-03-14.md"
    client.post("/issue", {"path": other})
    state = client.wait(lambda state: state["issue"]["path"] == other and not state["unread"])
    assert ISSUE not in [issue["path"] for issue in state["issues"]]
    assert client.post("/issue", {"path": ISSUE}).status == 404
    folder.write(ISSUE, text)
    client.wait(lambda state: ISSUE in [issue["path"] for issue in state["issues"]])
    client.post("/issue", {"path": ISSUE})
    state = client.wait(lambda state: state["issue"]["path"] == ISSUE and not state["unread"])
    assert [pane["name"] for pane in state["panes"]] == [pane["name"] for pane in panes]


def test_a_deleted_issue_is_named_whatever_else_changes(client: Client, folder: Folder) -> None:
    panes = client.state["panes"]
    (folder.root / ISSUE).unlink()
    client.wait(lambda state: "does not exist" in state["broken"])
    folder.write("publisher.toml", SETTINGS.replace("潮汐观察", "观潮"))
    version = client.state["version"]
    folder.write("publisher.toml", SETTINGS + "[channels.wechat]\n")
    client.wait(lambda state: "publisher.toml" in state["broken"])
    folder.write("publisher.toml", SETTINGS)
    state = client.wait(lambda state: state["version"] > version and "publisher.toml" not in state["broken"])
    assert "does not exist" in state["broken"]
    assert state["panes"] == panes


def test_settings_and_templates_are_read_again(client: Client, folder: Folder) -> None:
    folder.write("publisher.toml", SETTINGS.replace("潮汐观察", "观潮"))
    state = client.wait(lambda state: state["name"] == "观潮" and not state["unread"])
    assert "观潮" in client.pane("web-phone", state)
    style = "body { color: rebeccapurple; }"
    folder.write("templates/style.css", style)
    client.wait(lambda state: style in client.load_pane("web-phone", state).body.decode())


@pytest.mark.parametrize(
    ("path", "text", "unread"),
    [
        ("templates/issue.html", "another page", 0),
        ("publisher.toml", f"# a comment\n{SETTINGS}", 0),
        ("publisher.toml", SETTINGS.replace("潮汐观察", "海流观察"), len([*ISSUES.iterdir()])),
    ],
)
def test_issues_are_read_again_only_if_that_may_change_them(folder: Folder, path: str, text: str, unread: int) -> None:
    previewer = folder.preview()
    while previewer.unread:
        previewer.read_next()
    known = dict(previewer.records)
    folder.write(path, text)
    previewer.reload()
    assert previewer.unread == unread
    assert previewer.records == ({} if unread else known)


def test_a_mistake_in_the_settings_keeps_the_panes(client: Client, folder: Folder) -> None:
    panes = client.state["panes"]
    folder.write("publisher.toml", SETTINGS + "[channels.wechat]\n")
    state = client.wait(lambda state: state["broken"])
    assert "publisher.toml" in state["broken"]
    assert state["panes"] == panes
    folder.write("publisher.toml", SETTINGS)
    assert client.wait(lambda state: not (state["broken"] or state["unread"]))["panes"] == panes


def test_without_a_watch_of_the_system_files_are_looked_at_again(
    folder: Folder, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*paths: Path, force_polling: bool, **options: Any) -> Any:
        if not force_polling:
            raise OSError("OS file watch limit reached")
        return watchfiles.watch(*paths, force_polling=True, poll_delay_ms=50, **options)

    monkeypatch.setattr("publisher.preview.worker.watch", refuse)
    client = serve(ISSUE)
    client.wait(lambda state: not state["unread"])
    folder.write(ISSUE, "# 潮汐观察 (2024-02-29)：也看得见\n")
    client.wait(shows("也看得见"))


@pytest.mark.parametrize(
    ("path", "is_reported"),
    [
        ("issues/2024-02-29.md", True),
        ("publisher.toml", True),
        ("templates/style.css", True),
        (".publisher/revisions.json", True),
        (".publisher/ledger.db", False),
        (".publisher/ledger.db-wal", False),
        (".publisher/cache/revisions.json", False),
        ("public/index.html", False),
        ("outbox/2024-02-29/email/message.eml", False),
        (".git/index", False),
        ("issues/.2024-02-29.md.swp", False),
    ],
)
def test_reading_causes_no_changes(folder: Folder, path: str, is_reported: bool) -> None:
    """The ledger has files that change while it is read, which would be read again without end."""
    reports = ChangeFilter(folder.load()[0])
    assert reports(watchfiles.Change.modified, str(folder.root / path)) == is_reported


def test_what_publishing_writes_is_no_change(client: Client, folder: Folder) -> None:
    version = client.state["version"]
    for path in ("public/index.html", "outbox/2024-03-14/email/message.txt", ".publisher/ledger.db", ".git/index"):
        folder.write(path, "x")
    folder.write(ISSUE, "# 潮汐观察 (2024-02-29)：之后\n")
    assert client.wait(shows("之后"))["version"] == version + 1
