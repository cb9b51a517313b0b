"""WeChat's interface for tests keeps the rules itself, or no test that passes with it would say anything."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers.wechat_api import Fault, WeChatServer
from tests.support.servers.wechat_rules import APPID, IMAGE, SECRET, RefusedError, WeChatRules

ROOT = Path(__file__).parents[3]
ASK = {"grant_type": "client_credential", "appid": APPID, "secret": SECRET, "force_refresh": False}
PNG = b"\x89PNG\r\n\x1a\n"
FULL = {
    "title": "字" * 32,
    "author": "字" * 16,
    "digest": "字" * 128,
    "content": "字" * 19_999,
    "content_source_url": "https://e.org/".ljust(1024, "x"),
}


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock: Clock) -> WeChatRules:
    return WeChatRules(clock)


def call(api: WeChatRules, path: str, asked: object, token: str = "", **query: str) -> dict[str, Any]:
    body = json.dumps(asked, ensure_ascii=False).encode()
    token = token or api.answer("stable_token", {}, json.dumps(ASK).encode(), "")["access_token"]
    return api.answer(path, {"access_token": token, **query}, body, "application/json")


def upload(api: WeChatRules, path: str, body: bytes, **query: str) -> dict[str, Any]:
    token = api.answer("stable_token", {}, json.dumps(ASK).encode(), "")["access_token"]
    head = '--x\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n\r\n'
    form = head.encode() + body + b"\r\n--x--\r\n"
    return api.answer(path, {"access_token": token, **query}, form, "multipart/form-data; boundary=x")


def add(api: WeChatRules, **fields: str) -> str:
    cover = upload(api, "material/add_material", PNG, type="image")["media_id"]
    article = {"title": "雾", "content": "文", "thumb_media_id": cover} | fields
    return str(call(api, "draft/add", {"articles": [article]})["media_id"])


def code(act: Any) -> int:
    with pytest.raises(RefusedError) as caught:
        act()
    return caught.value.code


def test_the_limits_are_taken_to_the_last_character(api: WeChatRules) -> None:
    add(api, **FULL)
    assert len(api.drafts) == 1


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": "字" * 33}, 45003),
        ({"title": ""}, 45003),
        ({"author": "字" * 17}, 45110),
        ({"digest": "字" * 129}, 45004),
        ({"content": "字" * 20_000}, 45002),
        ({"content": "🙂" * 10_000}, 45002),
        ({"content": "<html><body>x</body></html>"}, 45166),
        ({"content_source_url": "e.org"}, 41039),
        ({"content_source_url": "https://e.org/".ljust(1025, "x")}, 41039),
        ({"thumb_media_id": "gone"}, 40007),
    ],
)
def test_what_is_refused(api: WeChatRules, fields: dict[str, str], expected: int) -> None:
    assert code(lambda: add(api, **fields)) == expected
    assert api.drafts == {}


def test_shapes_that_are_refused(api: WeChatRules) -> None:
    name = add(api)
    assert code(lambda: call(api, "draft/add", {"articles": {}})) == 44003
    assert code(lambda: call(api, "draft/add", [])) == 47001
    body = json.dumps({"articles": [{"title": "雾"}]}).encode()  # with escapes
    token = next(iter(api.tokens))
    assert code(lambda: api.answer("draft/add", {"access_token": token}, body, "")) == 47001
    update = {"media_id": name, "index": 0, "articles": [{}]}
    assert code(lambda: call(api, "draft/update", update)) == 44003
    assert code(lambda: call(api, "draft/update", update | {"index": 1, "articles": {}})) == 40114
    assert code(lambda: call(api, "draft/update", update | {"media_id": "x"})) == 40007
    assert code(lambda: call(api, "draft/batchget", {"offset": 0, "count": 21})) == 40097


def test_images_from_other_hosts_lose_their_url(api: WeChatRules) -> None:
    url = upload(api, "media/uploadimg", PNG)["url"]
    assert IMAGE in url
    name = add(api, content=f'<img src="{url}"><img src="https://e.org/{IMAGE}x">')
    assert api.drafts[name]["content"] == f'<img src="{url}"><img src="">'


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("media/uploadimg", b"GIF89a", 40005),
        ("media/uploadimg", PNG.ljust(1_048_576), 40009),
        ("material/add_material", b"RIFF", 40005),
        ("material/add_material", PNG.ljust(10_485_761), 40009),
    ],
)
def test_images_that_are_refused(api: WeChatRules, path: str, body: bytes, expected: int) -> None:
    assert code(lambda: upload(api, path, body, type="image")) == expected


def test_tokens_end(api: WeChatRules, clock: Clock) -> None:
    def token() -> str:
        return str(api.answer("stable_token", {}, json.dumps(ASK).encode(), "")["access_token"])

    first = token()
    clock.now += 6899
    assert token() == first
    clock.now += 1  # five minutes before its end there is another, and both work
    second = token()
    assert second != first
    ask = {"offset": 0, "count": 1}
    for one in (first, second):
        call(api, "draft/batchget", ask, one)
    clock.now += 300
    assert code(lambda: call(api, "draft/batchget", ask, first)) == 42001
    assert code(lambda: call(api, "draft/batchget", ask, "made-up")) == 40001
    assert code(lambda: api.answer("draft/batchget", {}, b"{}", "")) == 41001
    for wrong, expected in (({"appid": "x"}, 40013), ({"secret": "x"}, 40125)):
        body = json.dumps(ASK | wrong).encode()
        assert code(lambda body=body: api.answer("stable_token", {}, body, "")) == expected


def test_a_published_draft_is_gone(api: WeChatRules) -> None:
    name = add(api)
    publish_id = call(api, "freepublish/submit", {"media_id": name})["publish_id"]
    states = [call(api, "freepublish/get", {"publish_id": publish_id}) for _ in range(2)]
    assert [one["publish_status"] for one in states] == [1, 0]
    assert code(lambda: call(api, "draft/get", {"media_id": name})) == 40007
    (item,) = call(api, "freepublish/batchget", {"offset": 0, "count": 20})["item"]
    assert item["article_id"] == states[1]["article_id"]


# ------------------------------------------------------------------- as a server


def post(url: str, body: object) -> Any:
    with urllib.request.urlopen(url, data=json.dumps(body).encode(), timeout=300) as answer:
        return json.load(answer)


def test_faults_count_calls_of_their_path(tmp_path: Path) -> None:
    with WeChatServer(state=tmp_path / "drafts.json") as server:
        server.script(Fault("refuse", call=2, of="stable_token", value=-1, text="system error"))
        url = f"{server.url}/cgi-bin/stable_token"
        answers = [post(url, ASK) for _ in range(3)]
        assert [one.get("errcode") for one in answers] == [None, -1, None]
        assert answers[0]["access_token"] == answers[2]["access_token"]
        server.script(Fault("expire", of="stable_token"))
        post(url, ASK)
        assert len(server.api.tokens) == 2
        assert server.paths == ["stable_token"] * 4
    assert json.loads((tmp_path / "drafts.json").read_text("utf-8")) == {}


def test_a_fault_that_is_none() -> None:
    with pytest.raises(ValueError, match="no fault"):
        WeChatServer().script(Fault("sulk"))


def test_as_a_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.servers.wechat_api", "--state", str(tmp_path / "drafts.json")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as running:
        assert running.stdout
        url = running.stdout.readline().strip()
        assert "access_token" in post(f"{url}/cgi-bin/stable_token", ASK)
        post(f"{url}/__script", [{"kind": "refuse", "value": 45009}])
        assert post(f"{url}/cgi-bin/stable_token", ASK)["errcode"] == 45009
        assert post(f"{url}/__expire", {}) == []
        with urllib.request.urlopen(f"{url}/__calls", timeout=300) as answer:
            assert [one["path"] for one in json.load(answer)] == ["stable_token"] * 2
        with urllib.request.urlopen(f"{url}/__drafts", timeout=300) as answer:
            assert json.load(answer) == {}
        assert running.stdin
        running.stdin.close()
        assert running.wait(300) == 0
