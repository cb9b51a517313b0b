"""The page and its state over HTTP, and what the page asks for."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from publisher.errors import ConfigError
from publisher.preview import server
from publisher.preview.app import Broadcast
from publisher.preview.frames import PAGE_FOLDER
from publisher.preview.server import run_preview
from tests.preview.conftest import SETTINGS, Client, Folder

ISSUE = "issues/2024-03-14.md"
DOT = (Path(__file__).parents[1] / "judges" / "dot.png").read_bytes()
Serve = Callable[[str], Client]


def test_state_says_what_is_shown(serve: Serve) -> None:
    client = serve(ISSUE)
    state = client.wait(lambda state: not state["unread"])
    assert state["issue"]["path"] == ISSUE
    assert state["issue"]["date"] == "2024-03-14"
    assert [issue["date"] for issue in state["issues"]] == ["2024-03-14", "2024-02-29", "2024-02-15"]
    assert (state["name"], state["lang"], state["broken"], state["editor"]) == ("潮汐观察", "zh-CN", "", False)
    widths = {pane["name"]: pane["width"] for pane in state["panes"]}
    assert widths["wechat"] == widths["wechat-dark"] == 375
    assert widths["web-phone"] < 480 < widths["web-desk"]
    for pane in state["panes"]:
        assert client.get(pane["url"]).headers["content-type"] == "text/html; charset=utf-8"
        for part in (pane["part"], *pane["messages"]):
            assert client.get(part).status == 200


def test_parts_are_served_as_they_are_published(serve: Serve, folder: Folder) -> None:
    client = serve(ISSUE)
    panes = {pane["name"]: pane for pane in client.state["panes"]}
    article = client.get(panes["wechat"]["part"]).body
    assert article.startswith(b"<section")
    assert article.decode() in client.pane("wechat")
    mail = client.get(panes["mail"]["part"])
    assert mail.headers["content-type"] == "message/rfc822"
    assert mail.body.startswith(b"From:")


def test_the_page_has_all_its_words_in_both_languages() -> None:
    """What is missing would not be said."""
    scripts = {path.name: path.read_text("utf-8") for path in PAGE_FOLDER.glob("*.js")}
    languages = re.findall(r"^const (?:ENGLISH|CHINESE) = \{$(.*?)^\};$", scripts["words.js"], re.DOTALL | re.MULTILINE)
    english, chinese = ({*re.findall(r"^  (\w+):", words, re.MULTILINE)} for words in languages)
    used = {word for script in scripts.values() for word in re.findall(r"(?<![/\w])words\.(\w+)", script)}
    assert english == chinese == used | {"error", "warning", "info"}


def test_lines_of_the_mail_fit_and_are_those_that_are_sent(serve: Serve) -> None:
    meters = {(meter["channel"], meter["label"], meter["unit"]): meter for meter in serve(ISSUE).state["budgets"]}
    columns = meters["email", "columns", "columns"]
    assert 60 < columns["used"] <= columns["limit"] == 72
    assert meters["wechat", "characters", "characters"]["limit"] == 19_999
    assert meters["telegram", "message 1", "UTF-16"]["limit"] == 4096
    assert 0 < meters["telegram", "message 1", "entities"]["used"] <= 100


def test_an_image_that_changed_is_at_another_url(serve: Serve, folder: Folder) -> None:
    """The page would show the old one for as long as its URL is the same."""
    image = folder.root / "issues" / "a.png"
    image.write_bytes(DOT)
    client = serve(folder.write("issues/2024-03-28.md", "# 潮汐观察 (2024-03-28)：图\n\n![船](a.png)\n"))
    before = client.wait(lambda state: not state["unread"])["images"]
    image.write_bytes(DOT + b"\0")
    (url,) = client.wait(lambda state: state["images"] != before)["images"].values()
    assert client.get(url).body == DOT + b"\0"


def test_images_of_the_issue_are_served_and_no_others(serve: Serve, folder: Folder) -> None:
    folder.write("issues/2024-03-28.md", "# 潮汐观察 (2024-03-28)：图\n\n![船](img/a.png)\n")
    (folder.root / "issues" / "img").mkdir()
    (folder.root / "issues" / "img" / "a.png").write_bytes(DOT)
    (folder.root / "issues" / "img" / "b.png").write_bytes(DOT)
    client = serve("issues/2024-03-28.md")
    images = client.state["images"]
    assert [*images] == ["https://letter.org/tide/2024-03-28/img/a.png"]
    (local,) = images.values()
    answer = client.get(local)
    assert (answer.headers["content-type"], answer.body) == ("image/png", DOT)
    assert client.get(local.replace("a.png", "b.png")).status == 404
    (folder.root / "issues" / "img" / "a.png").unlink()
    (folder.root / "issues" / "img" / "a.png").symlink_to("/etc/passwd")
    assert client.get(local).status == 404


def test_another_issue_is_shown(serve: Serve) -> None:
    client = serve(ISSUE)
    assert client.post("/issue", {"path": "issues/2024-02-15.md"}).status == 204
    state = client.wait(lambda state: state["issue"]["path"] == "issues/2024-02-15.md")
    assert "2024-02-15" in client.pane("web-phone", state)


@pytest.mark.parametrize(
    ("path", "value", "status"),
    [
        ("/issue", {"path": "publisher.toml"}, 404),
        ("/issue", {"path": "../secret.md"}, 404),
        ("/issue", {}, 400),
        ("/issue", {"path": 1}, 400),
        ("/sight", {"channels": "web"}, 400),
        ("/buffer", {"path": ISSUE}, 400),
        ("/buffer", {"path": "issues/other.md", "text": ""}, 404),
        ("/buffer", {"path": ISSUE, "text": "", "more": 1}, 400),
        ("/open", {"line": 0}, 400),
        ("/open", {"line": 1}, 409),
    ],
)
def test_a_wrong_request_changes_nothing(serve: Serve, path: str, value: object, status: int) -> None:
    client = serve(ISSUE)
    before = client.wait(lambda state: not state["unread"])
    answer = client.post(path, value)
    assert answer.status == status
    assert answer.json["error"]
    assert client.state == before


def test_a_body_that_is_no_json_or_too_large_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(ISSUE)
    headers = {"content_type": "application/json"}
    assert client.send("POST", "/buffer", b"{", headers).status == 400
    assert client.send("POST", "/buffer", b'{"path": "\xff"}', headers).status == 400
    monkeypatch.setattr("publisher.preview.app._MAX_BODY_BYTES", 100)
    assert client.post("/buffer", {"path": ISSUE, "text": "字" * 100}).status == 413


def read_event(stream: http.client.HTTPResponse) -> tuple[str, Any]:
    """The name and the data of the next event that is no heartbeat."""
    lines = [stream.readline().decode().rstrip("\n") for _ in range(3)]
    name, data = lines[0].removeprefix("event: "), lines[1].removeprefix("data:")
    assert lines[2] == ""
    return (name, json.loads(data)) if data else read_event(stream)


def test_events_have_the_documents_that_the_page_was_not_sent(serve: Serve, folder: Folder) -> None:
    client = serve(ISSUE)
    before = client.wait(lambda state: not state["unread"])
    with closing(http.client.HTTPConnection(client.host, timeout=300)) as connection:
        connection.request("GET", "/events", headers={"cookie": client.cookie})
        stream = connection.getresponse()
        assert stream.headers["content-type"].startswith("text/event-stream")
        name, state = read_event(stream)
        assert name == "state"
        documents = state.pop("documents")
        assert state == before
        assert documents == {pane["url"]: client.get(pane["url"]).body.decode() for pane in state["panes"]}
        folder.write("publisher.toml", SETTINGS.replace("[channels.wechat]", '[channels.wechat]\ntheme = "ink"'))
        sent: set[str] = set()
        while state["version"] == before["version"] or state["pending"] or state["unread"]:
            _, state = read_event(stream)
            sent |= state.pop("documents").keys()
        kinds = {pane["kind"] for pane in state["panes"] if pane["url"] in sent}
        assert kinds in ({"wechat"}, {"wechat", "web"})  # a page may get its links to other issues once more
        assert client.state == state


def test_a_connection_without_changes_has_a_heartbeat(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("publisher.preview.app._HEARTBEAT_SECONDS", 0.05)
    client = serve(ISSUE)
    client.wait(lambda state: not state["unread"])
    with closing(http.client.HTTPConnection(client.host, timeout=300)) as connection:
        connection.request("GET", "/events", headers={"cookie": client.cookie})
        stream = connection.getresponse()
        for _ in range(3):
            stream.readline()
        assert [stream.readline() for _ in range(3)] == [b"event: ping\n", b"data:\n", b"\n"]


def test_the_end_of_the_preview_ends_its_events(folder: Folder) -> None:
    with run_preview(folder.preview(), ISSUE) as address:
        client = Client(address)
        client.sign_in()
        connection = http.client.HTTPConnection(client.host, timeout=300)
        connection.request("GET", "/events", headers={"cookie": client.cookie})
        stream = connection.getresponse()
        stream.readline()
    rest = stream.read()
    assert rest.endswith(b"\n\n")
    connection.close()


def test_a_page_that_reads_nothing_is_cut_off_without_an_error(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As of a tab that sleeps, whose connection does not end by itself."""
    monkeypatch.setattr(server, "_SHUTDOWN_SECONDS", 1)
    monkeypatch.setattr(Broadcast, "publish", lambda *_: None)
    with run_preview(folder.preview(), "issues/2024-03-14.md") as address:
        client = Client(address)
        client.sign_in()
        connection = http.client.HTTPConnection(client.host, timeout=300)
        connection.request("GET", "/events", headers={"cookie": client.cookie})
        stream = connection.getresponse()
    assert stream.status == 200
    assert caplog.messages == []
    connection.close()


def test_a_port_that_is_taken_is_one_line(folder: Folder) -> None:
    with run_preview(folder.preview(), ISSUE) as address:
        port = int(Client(address).host.partition(":")[2])
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use$"):
            run_preview(folder.preview(), ISSUE, port).__enter__()


def test_nothing_is_written_or_sent(folder: Folder, serve: Serve) -> None:
    before = folder.list_files()
    client = serve(ISSUE)
    client.wait(lambda state: not state["unread"])
    client.post("/buffer", {"path": ISSUE, "text": "# 潮汐观察 (2024-03-14)：新\n"})
    client.wait(lambda state: state["unsaved"])
    assert folder.list_files() == before
    assert json.loads(client.get("/state").body)["issue"]["path"] == ISSUE
