"""Whatever state a draft is in, there is something to look at, and a word on what is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.preview.conftest import Client, Folder

Serve = Callable[[str], Client]
BODY = "## 新闻\n\n- [灯塔](https://e.org/1)\n摘要：亮了。\n"

DRAFTS = {
    "a draft": ("2024-05-01", f"---\ndraft: true\n---\n# 潮汐观察 (2024-05-01)：题\n\n{BODY}", ""),
    "dated in the future": ("2031-05-01", f"# 潮汐观察 (2031-05-01)：题\n\n{BODY}", ""),
    "without a date": ("next", f"# 下一期\n\n{BODY}", "has no date"),
    "with an unfinished date": ("2024-05-xx", f"# 潮汐观察 (2024-05-xx)：题\n\n{BODY}", "incomplete"),
    "without a title": ("2024-05-01", BODY, ""),
    "with front matter that is not closed": ("2024-05-01", f"---\ndate: 2024-05-01\n\n{BODY}", ""),
    "with links that are not closed": ("2024-05-01", f"# 潮汐观察 (2024-05-01)：题\n\n{BODY}\n- [未完](https://e", ""),
    "with the id of another issue": ("zz", f"---\ndate: 2024-03-14\nid: 2024-03-14\n---\n# 题\n\n{BODY}", "both have"),
    "too long for WeChat": ("2024-05-01", f"# 潮汐观察 (2024-05-01)：题\n\n{BODY}{'长' * 20_000}\n", ""),
    "with a merge conflict": ("2024-05-01", f"# 题\n\n<<<<<<< a\n{BODY}=======\n{BODY}>>>>>>> b\n", ""),
}


@pytest.mark.parametrize("draft", DRAFTS)
def test_a_draft_is_shown_on_every_channel(folder: Folder, serve: Serve, draft: str) -> None:
    name, text, broken = DRAFTS[draft]
    client = serve(folder.write(f"issues/{name}.md", text))
    state = client.wait(lambda state: not state["unread"])
    assert broken in state["broken"]
    assert bool(state["broken"]) == bool(broken)
    assert len(state["panes"]) == 7
    for pane in state["panes"]:
        assert "灯塔" in client.pane(pane["name"], state), pane["name"]
    assert [item["title"] for item in state["items"]][:1] == ["灯塔"]


@pytest.mark.parametrize("body", [b"", b"\n\n", b"\xff\xfe\x00", b"a\0b", b"# \xe4\xb8"], ids=repr)
def test_a_file_without_text_is_not_blank(folder: Folder, serve: Serve, body: bytes) -> None:
    """What was shown stays until there is something else."""
    path = folder.write("issues/2024-05-01.md", f"# 潮汐观察 (2024-05-01)：题\n\n{BODY}")
    client = serve(path)
    client.wait(lambda state: not state["unread"])
    (folder.root / path).write_bytes(body)
    state = client.wait(lambda state: state["broken"] or not state["items"])
    assert len(state["panes"]) == 7
    for pane in state["panes"]:
        assert client.pane(pane["name"], state)


def test_a_file_that_is_gone_keeps_its_panes_and_comes_back(folder: Folder, serve: Serve) -> None:
    path = "issues/2024-03-14.md"
    text = (folder.root / path).read_text("utf-8")
    client = serve(path)
    panes = client.wait(lambda state: not state["unread"])["panes"]
    (folder.root / path).unlink()
    state = client.wait(lambda state: state["broken"])
    assert state["broken"] == f"{path} does not exist · put it back if it was removed by mistake"
    assert state["panes"] == panes
    folder.write(path, text)
    assert not client.wait(lambda state: not state["broken"])["broken"]


def test_a_name_that_is_no_text_is_shown(folder: Folder, serve: Serve) -> None:
    """File names are bytes on Linux."""
    path = folder.write("issues/2024-05-01-\udcff.md", f"# 潮汐观察 (2024-05-01)：题\n\n{BODY}")
    state = serve(path).wait(lambda state: not state["unread"])
    assert state["issue"]["path"] == path
    assert len(state["panes"]) == 7


def test_a_ledger_that_cannot_be_read_is_a_problem(folder: Folder, serve: Serve) -> None:
    folder.write(".publisher/ledger.db", "no database" * 1000)
    state = serve("issues/2024-03-14.md").wait(lambda state: not state["unread"])
    (problem,) = [problem for problem in state["problems"] if problem["code"] == "ledger"]
    assert (problem["level"], problem["line"]) == ("warning", 0)
    assert len(state["panes"]) == 7


def test_a_bug_in_a_channel_is_a_problem_and_spares_the_others(
    folder: Folder, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("oh")

    monkeypatch.setattr("publisher.channels.telegram.render.build_digest", fail)
    state = serve("issues/2024-03-14.md").state
    assert "telegram" not in {pane["name"] for pane in state["panes"]}
    assert len(state["panes"]) == 6
    (problem,) = [problem for problem in state["problems"] if problem["code"] == "telegram"]
    assert (problem["level"], problem["line"]) == ("error", 0)
    assert "RuntimeError: oh" in problem["message"]


def test_a_bug_in_the_preview_is_one_line(folder: Folder, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve("issues/2024-03-14.md")
    panes = client.wait(lambda state: not state["unread"])["panes"]

    def fail(*_: object) -> None:
        raise RuntimeError("oh")

    monkeypatch.setattr("publisher.preview.view.build_panes", fail)
    client.post("/issue", {"path": "issues/2024-03-14.md"})
    state = client.wait(lambda state: state["broken"])
    assert state["broken"] == "internal error: RuntimeError: oh"
    assert state["panes"] == panes


def test_a_channel_that_fails_keeps_its_panes_until_it_renders_again(folder: Folder, serve: Serve) -> None:
    client = serve("issues/2024-03-14.md")
    before = client.wait(lambda state: not state["unread"])["panes"]
    folder.write("templates/issue.html", "{% if %}")
    state = client.wait(lambda state: any(pane["fault"] for pane in state["panes"]))
    assert [pane["name"] for pane in state["panes"] if pane["fault"]] == ["web-phone", "web-desk"]
    assert [pane["url"] for pane in state["panes"]] == [pane["url"] for pane in before]
    (problem,) = [problem for problem in state["problems"] if problem["code"] == "web"]
    assert all(pane["fault"] in ("", problem["message"].removeprefix("web: ")) for pane in state["panes"])
    for pane in state["panes"]:
        assert client.get(pane["part"]).status == 200
    (folder.root / "templates" / "issue.html").unlink()
    state = client.wait(lambda state: not (state["unread"] or any(pane["fault"] for pane in state["panes"])))
    assert state["panes"] == before
