"""Images and covers: converted to what WeChat accepts and uploaded once, or rejected. A6."""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence

from publisher.channels.wechat import cover
from publisher.channels.wechat.draft import parse_draft
from publisher.channels.wechat.images import IMAGE_BYTES_LIMIT, SourceImage, convert_image
from publisher.errors import DeliveryError
from tests.support.servers.wechat_api import WeChatServer
from tests.support.servers.wechat_rules import APPID, IMAGE

TO = APPID
PAGE = "https://lighthouse.example.org/letter/2024-03-01/"


def make_image(form: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **settings: Any) -> bytes:
    file = BytesIO()
    Image.new(mode, size, "teal").save(file, form, **settings)
    return file.getvalue()


def noise(form: str, size: tuple[int, int], mode: str = "RGB") -> bytes:
    """An image of random pixels, which hardly compresses."""
    grains = random.Random(1).randbytes(size[0] * size[1] * len(mode))
    file = BytesIO()
    Image.frombytes(mode, size, grains).save(file, form)
    return file.getvalue()


def opened(body: bytes) -> Image.Image:
    return Image.open(BytesIO(body))


@pytest.fixture
def show(tmp_path: Path) -> Callable[[str, bytes], None]:
    """show("a.png", body) writes an image to the output folder of the issue."""

    def put(name: str, body: bytes) -> None:
        path = tmp_path / "public" / "2024-03-01" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    return put


class Gallery(BaseHTTPRequestHandler):
    """Responds with the images of its server."""

    def do_GET(self) -> None:
        status, body = self.server.shown.get(self.path, (404, b"no"))  # type: ignore[attr-defined]
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Location", "/moved.png")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gallery() -> Iterator[HTTPServer]:
    """A server of images: `shown` maps paths to (status, body), `asked` has the requested paths."""
    with HTTPServer(("127.0.0.1", 0), Gallery) as running:
        running.shown, running.asked = {}, []  # type: ignore[attr-defined]
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield running
        running.shutdown()


# ------------------------------------------------------------------------ uploads


def test_images_are_uploaded_and_get_wechat_urls(server: WeChatServer, session, part, show) -> None:
    show("a.png", make_image())
    show("b & c.jpg", make_image("JPEG"))
    draft = part("## 新闻\n\n雾：![雾](a.png)\n\n![风](<b & c.jpg>)\n\n又是 ![雾](a.png)")
    assert parse_draft(draft).images == {
        f"{PAGE}a.png": "public/2024-03-01/a.png",
        f"{PAGE}b%20&%20c.jpg": "public/2024-03-01/b & c.jpg",
    }
    session.deliver(draft, TO)
    assert server.paths == [
        "stable_token", "media/uploadimg", "media/uploadimg", "material/add_material", "draft/add"
    ]  # fmt: skip
    ((_, there),) = server.drafts.items()
    assert there["content"].count(f'<img src="https://{IMAGE}') == 3
    assert "lighthouse" not in there["content"]
    assert [*server.api.images.values()] == [make_image(), make_image("JPEG")]


def test_an_image_is_uploaded_once_in_two_runs(server: WeChatServer, connect, part, show) -> None:
    show("a.png", make_image())
    with connect() as session:
        name = session.deliver(part("## 新闻\n\n![雾](a.png)"), TO).remote_id
    show("copy.png", make_image())
    server.calls.clear()
    with connect() as session:
        session.edit(part("## 新闻\n\n又来了 ![雾](a.png) ![又](copy.png)"), TO, name)
    assert server.paths == ["draft/get", "draft/update"]
    assert server.drafts[name]["content"].count(IMAGE) == 2


def test_images_at_wechat_are_not_uploaded(server: WeChatServer, session, part) -> None:
    url = f"https://{IMAGE}png/x/0?wx_fmt=png"
    draft = part(f"## 新闻\n\n![雾]({url})")
    assert parse_draft(draft).images == {}
    session.deliver(draft, TO)
    assert f'<img src="{url}"' in next(iter(server.drafts.values()))["content"]
    assert "media/uploadimg" not in server.paths


def test_an_image_on_another_site_is_downloaded(server: WeChatServer, session, part, gallery: Any) -> None:
    gallery.shown = {"/a.png": (302, b""), "/moved.png": (200, make_image())}
    host = f"http://127.0.0.1:{gallery.server_port}"
    draft = part(f"## 新闻\n\n![雾]({host}/a.png)")
    assert parse_draft(draft).images == {f"{host}/a.png": ""}
    session.deliver(draft, TO)
    assert gallery.asked == ["/a.png", "/moved.png"]
    assert [*server.api.images.values()] == [make_image()]


@pytest.mark.parametrize(
    ("url", "said", "permanent"),
    [("/gone.png", "HTTP 404", True), ("/down.png", "HTTP 503", False), ("http:///a.png", "protocol", True)],
)
def test_an_image_that_cannot_be_downloaded(
    server: WeChatServer, session, part, gallery: Any, url: str, said: str, permanent: bool
) -> None:
    gallery.shown = {"/down.png": (503, b"")}
    full = f"http://127.0.0.1:{gallery.server_port}{url}" if url.startswith("/") else url
    with pytest.raises(DeliveryError, match=said) as caught:
        session.deliver(part(f"## 新闻\n\n![雾]({full})"), TO)
    assert full in caught.value.message
    assert "publish --channel web" in caught.value.hint
    assert caught.value.permanent is permanent
    assert server.calls == []


def test_a_file_that_is_not_a_supported_image(server: WeChatServer, session, part, show) -> None:
    show("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    with pytest.raises(DeliveryError, match=r"微信不支持图片 a\.png，也无法转换") as caught:
        session.deliver(part("## 新闻\n\n![雾](a.png)"), TO)
    assert caught.value.permanent
    assert "<" not in caught.value.message
    assert server.calls == []


def test_no_file_outside_the_folder_is_sent(part) -> None:
    draft = part("## 新闻\n\n![雾](https://lighthouse.example.org/letter/%2e%2e/%2e%2e/secret.png)")
    assert [*parse_draft(draft).images.values()] == [""]


def test_image_urls_count_at_their_maximum_length(server: WeChatServer, session, part, show) -> None:
    """The draft is validated with the longest possible URLs before any call."""
    show("a.png", make_image())
    full = part("## 新闻\n\n![雾](a.png)\n\n" + "雾" * 19_500)
    with pytest.raises(DeliveryError, match="正文连同标签有 2"):
        session.deliver(full, TO)
    assert server.calls == []


# --------------------------------------------------------------------- conversion


def taken(body: bytes) -> tuple[Image.Image, str]:
    file, _ = convert_image(SourceImage("x", body), "en")
    assert len(file.body) < IMAGE_BYTES_LIMIT
    made = opened(file.body)
    assert {"PNG": "image/png", "JPEG": "image/jpeg"}[str(made.format)] == file.media_type
    return made, file.media_type


@pytest.mark.parametrize("body", [make_image("PNG"), make_image("JPEG")])
def test_jpg_and_png_are_not_converted(body: bytes) -> None:
    assert convert_image(SourceImage("x", body), "en")[0].body == body


@pytest.mark.parametrize("form", ["GIF", "BMP", "WEBP", "TIFF"])
def test_other_formats_are_converted(form: str) -> None:
    made, kind = taken(make_image(form))
    assert (made.size, kind) == ((40, 30), "image/png")


def test_large_images_are_compressed() -> None:
    made, kind = taken(noise("PNG", (1500, 1000)))
    assert kind == "image/jpeg"
    assert made.width <= 1500
    assert abs(made.width / made.height - 1.5) < 0.01


def test_transparency_is_kept() -> None:
    made, kind = taken(noise("WEBP", (200, 100), "RGBA"))
    assert (made.mode, kind) == ("RGBA", "image/png")


def test_a_large_transparent_image_gets_a_background() -> None:
    made, kind = taken(noise("PNG", (700, 600), "RGBA"))
    assert (made.mode, kind) == ("RGB", "image/jpeg")


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotated by 90 degrees
    made, _ = taken(make_image("WEBP", exif=exif))
    assert made.size == (30, 40)


def test_an_animation_becomes_its_first_frame_with_a_note() -> None:
    file = BytesIO()
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    assert len([*ImageSequence.Iterator(opened(file.getvalue()))]) == 2
    made, notes = convert_image(SourceImage("fog.gif", file.getvalue()), "en")
    assert opened(made.body).convert("RGB").getpixel((4, 4)) == (255, 0, 0)
    (note,) = notes
    assert "fog.gif" in note


# ------------------------------------------------------------------------- covers


def test_a_cover_is_drawn(server: WeChatServer, session, part) -> None:
    draft = part("# 雾 (2024-03-01)：笛\n\n## 新闻\n\n文。")
    assert parse_draft(draft).cover == {"title": "雾", "date": "2024-03-01"}
    session.deliver(draft, TO)
    (body,) = server.api.covers.values()
    assert opened(body).size == (900, 383)
    assert body == cover.draw_cover("雾", "2024-03-01")


@pytest.mark.parametrize(
    "title", ["Fog", "灯塔周报", "A very long name of a newsletter about lighthouses and fog", "字" * 60, ""]
)
def test_cover_text_is_inside_the_central_square(title: str) -> None:
    """Outside lists, the cover is cropped to the central square."""
    if not cover.has_font(title + "2024"):
        pytest.skip("no font for it")
    drawn = opened(cover.draw_cover(title, "2024-03-01")).convert("L").crop((0, 12, 900, 371))
    ink = drawn.point(lambda value: 255 if value < 200 else 0).getbbox()
    assert ink
    assert ink[0] >= (900 - 383) // 2
    assert ink[2] <= (900 + 383) // 2
    assert ink[1] > 0
    assert ink[3] < 359


def test_without_a_font_the_cover_has_no_text(no_fonts: None) -> None:
    assert not cover.has_font("雾")
    assert cover.has_font("Fog")
    assert cover.draw_cover("雾", "2024-03-01") == cover.draw_cover("露", "2024-03-02")
    assert cover.draw_cover("Fog", "2024-03-01") != cover.draw_cover("Dew", "2024-03-01")


def test_a_cover_file_is_converted_and_uploaded(server: WeChatServer, session, part, tmp_path: Path) -> None:
    draft = part(cover="front.webp")
    assert json.loads(draft.body)["cover"] == {"file": "front.webp"}
    with pytest.raises(DeliveryError, match=r"无法获取图片 front\.webp"):
        session.deliver(draft, TO)
    assert server.calls == []
    (tmp_path / "front.webp").write_bytes(make_image("WEBP"))
    session.deliver(draft, TO)
    (body,) = server.api.covers.values()
    assert opened(body).format == "PNG"


# ----------------------------------------------------------------------- QR code


def test_the_qr_code_is_uploaded_like_other_images(server: WeChatServer, session, part, tmp_path: Path) -> None:
    (tmp_path / "关注.png").write_bytes(make_image())
    draft = part("## 新闻\n\n文。", qr="关注.png")
    session.deliver(draft, TO)
    (article,) = server.drafts.values()
    assert len(server.api.images) == 1
    assert re.search(rf'<img src="https://{IMAGE}[^"]*" alt="QR"', article["content"])
    assert "../" not in article["content"]


def test_a_missing_qr_code_stops_the_draft(server: WeChatServer, session, part) -> None:
    with pytest.raises(DeliveryError, match=r"qr\.png"):
        session.deliver(part("## 新闻\n\n文。", qr="qr.png"), TO)
    assert not server.api.drafts
