"""Only the page of this run gets in: no other site, host or port, and no one without the token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from publisher.preview.server import run_preview
from tests.preview.conftest import Client, Folder

ISSUE = "issues/2024-03-14.md"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with run_preview(Folder(tmp_path_factory.mktemp("guard") / "letter").preview(), ISSUE) as address:
        client = Client(address)
        client.sign_in()
        yield client


def test_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(client: Client) -> None:
    answer = client.sign_in()
    assert (answer.status, answer.headers["location"]) == (303, "/")
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict"} <= attributes
    assert client.get("/").status == 200
    assert client.get("/state").status == 200


@pytest.mark.parametrize("path", ["/", "/state", "/events", "/assets/preview.js", "/pane/web/0", "/part/x", "/file/x"])
@pytest.mark.parametrize("token", ["", "wrong", "é"])
def test_nothing_is_shown_without_the_token(client: Client, path: str, token: str) -> None:
    cookie = client.cookie.partition("=")[0] + "=" + token
    assert client.get(path, cookie=cookie.encode().decode("latin-1")).status == 403
    assert client.get(f"{path}?token={'%C3%A9' if token == 'é' else token}", cookie="").status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1", "[::1]:{port}"])
def test_another_name_of_the_host_is_refused(client: Client, host: str) -> None:
    """A name that leads to 127.0.0.1 would make the preview part of that site (DNS rebinding)."""
    port = client.host.partition(":")[2]
    assert client.get("/state", host=host.format(port=port)).status == 403
    assert client.get("/state", host=f"localhost:{port}").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
    ],
)
def test_another_site_is_refused(client: Client, headers: dict[str, str]) -> None:
    text = {"path": ISSUE, "text": "# 别人的字\n"}
    assert client.post("/buffer", text, **headers).status == 403
    assert client.get("/state", **headers).status == 403
    assert "别人的字" not in client.get("/state").body.decode()


def test_the_page_itself_may_post(client: Client) -> None:
    headers = {"origin": f"http://{client.host}", "sec_fetch_site": "same-origin"}
    assert client.post("/issue", {"path": ISSUE}, **headers).status == 204


def test_a_form_of_another_site_cannot_post(client: Client) -> None:
    """Forms send no JSON, and a script asks first, which no one answers."""
    body = b'{"path": "issues/2024-03-14.md", "text": ""}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        assert client.send("POST", "/buffer", body, {"content_type": kind}).status == 415
    assert client.send("OPTIONS", "/buffer", b"", {"origin": "https://evil.example"}).status == 403


def test_every_response_has_a_policy(client: Client) -> None:
    state = client.state
    pane = state["panes"][0]
    for path in ("/", "/state", "/assets/preview.js", "/nothing"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; ")
    frame = "default-src 'none'; style-src 'unsafe-inline' data:; img-src 'self' data:"
    assert client.get(pane["url"]).headers["content-security-policy"] == frame
    assert client.get(f"{pane['url']}?images=1").headers["content-security-policy"] == f"{frame} https: http:"
    for path in ("/", pane["url"], pane["part"]):
        headers = client.get(path).headers
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/file/publisher.toml",
        "/file/../publisher.toml",
        "/file/%2e%2e/publisher.toml",
        "/file//etc/passwd",
        "/assets/..%2fserver.py",
        "/assets/../server.py",
        "/part/publisher.toml",
        "/pane/web/..%2f..",
    ],
)
def test_no_other_file_is_served(client: Client, path: str) -> None:
    assert client.get(path).status == 404
