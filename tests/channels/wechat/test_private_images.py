"""Only images of the newsletter's folder are uploaded, whatever an article or the key `cover` refers to."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.channels.wechat import WeChat, cover
from publisher.errors import DeliveryError
from publisher.file_kinds import MAX_IMAGE_BYTES
from tests.support.servers.wechat_api import WeChatServer
from tests.support.servers.wechat_rules import APPID

IMAGE = cover.draw_cover("Fog", "2024-03-01")


def write_large_image(path: Path) -> None:
    path.write_bytes(IMAGE)
    os.truncate(path, MAX_IMAGE_BYTES + 1)


# what is at the place of the image, and what is said of it
HOSTILE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "text": ("不是图片", lambda path: path.write_text("secret")),
    "link to a private file": ("publisher.toml 用到了它", lambda path: path.symlink_to(path.parents[2] / "keys.png")),
    "private file": ("publisher.toml 用到了它", lambda path: os.link(path.parents[2] / "keys.png", path)),
    "pipe": ("不是普通文件", os.mkfifo),
    "folder": ("不是普通文件", Path.mkdir),
    "large": ("超过 10 MB", write_large_image),
}
# these are asked of the site, where everybody sees them
ELSEWHERE: dict[str, Callable[[Path], object]] = {
    "link to outside": lambda path: path.symlink_to(path.parents[3] / "outside.png"),
    "link to the environment": lambda path: path.symlink_to("/proc/self/environ"),
    "link without an end": lambda path: path.symlink_to("/dev/zero"),
    "link to a hidden file": lambda path: path.symlink_to(path.parents[2] / ".git" / "logo.png"),
    "nothing": lambda _: None,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a newsletter, with an image that is private, one that is hidden and one beside the folder."""
    root = tmp_path / "letter"
    for path in ("keys.png", ".git/logo.png", "../outside.png", "public/2024-03-01/good.png"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(IMAGE)
    return root


@pytest.fixture
def deliver(root: Path, server: WeChatServer, environment: Path, part) -> Callable[..., None]:
    """deliver(text, cover="a.png") delivers an article of the newsletter."""

    def send(text: str = "## 新闻\n\n雾散了。", **keys: str) -> None:
        channel = WeChat(
            appid=APPID,
            secret="env:TIDE_SECRET",  # type: ignore[arg-type]
            api=server.url,
            _lang="zh-CN",
            _root=str(root),
            _private_files=(str(root / "keys.png"),),
        )
        with channel.session() as session:
            session.deliver(part(text, **keys), APPID)

    return send


@pytest.mark.parametrize(("reason", "put"), HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize("place", ["image", "cover"])
def test_what_is_no_public_image_is_not_uploaded(
    root: Path, server: WeChatServer, deliver: Callable[..., None], place: str, reason: str, put: Callable[..., object]
) -> None:
    put(root / "public" / "2024-03-01" / "a.png")
    text = "## 新闻\n\n![雾](a.png)" if place == "image" else "## 新闻\n\n雾散了。"
    with pytest.raises(DeliveryError, match=rf"a\.png.*{reason}") as caught:
        deliver(text, cover="public/2024-03-01/a.png" if place == "cover" else "")
    assert caught.value.permanent
    assert server.calls == []


@pytest.mark.parametrize("put", ELSEWHERE.values(), ids=list(ELSEWHERE))
def test_what_is_not_in_the_folder_comes_from_the_site(
    root: Path, server: WeChatServer, deliver: Callable[..., None], put: Callable[..., object], monkeypatch
) -> None:
    asked = []

    def refuse(url: str, lang: str, deadline: object) -> object:
        asked.append(url)
        raise DeliveryError("not there")

    monkeypatch.setattr("publisher.channels.wechat.images.download_image", refuse)
    put(root / "public" / "2024-03-01" / "a.png")
    with pytest.raises(DeliveryError, match="not there"):
        deliver("## 新闻\n\n![雾](a.png)")
    assert asked == ["https://lighthouse.example.org/letter/2024-03-01/a.png"]
    assert server.calls == []


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../outside.png", "不在通讯的目录里"),
        ("/proc/self/environ", "不在通讯的目录里"),
        ("public/../../outside.png", "不在通讯的目录里"),
        (".git/logo.png", "以点开头"),
        ("keys.png", "publisher.toml 用到了它"),
        ("publisher.toml", "publisher.toml 用到了它"),
    ],
)
def test_a_cover_is_a_public_image_of_the_folder(
    root: Path, server: WeChatServer, deliver: Callable[..., None], path: str, reason: str
) -> None:
    with pytest.raises(DeliveryError, match=reason):
        deliver(cover=path)
    assert server.calls == []
    keys = {"_root": str(root), "_private_files": (str(root / "keys.png"),), "_lang": "zh-CN"}
    channel = WeChat(appid=APPID, secret="env:TIDE_SECRET", api=server.url, cover=path, **keys)  # type: ignore[arg-type]
    assert reason in [*channel.diagnose()][-1].message


@pytest.mark.parametrize("path", ["good.png", "./good.png", "img/../good.png", "{root}/good.png"])
def test_a_cover_may_be_written_in_several_ways(
    root: Path, server: WeChatServer, deliver: Callable[..., None], path: str
) -> None:
    (root / "good.png").write_bytes(IMAGE)
    deliver("## 新闻\n\n![雾](good.png)", cover=path.format(root=root))
    assert [*server.api.covers.values()] == [IMAGE]
    assert [*server.api.images.values()] == [IMAGE]
