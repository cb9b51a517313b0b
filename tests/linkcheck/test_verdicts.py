"""What an answer says about a link."""

from __future__ import annotations

import pytest

from publisher.linkcheck import LinkState

ARTICLE = '<div id="js_content">正文里提到：该内容已被发布者删除</div>'


@pytest.mark.parametrize(
    ("path", "state", "reason"),
    [
        ("/200", LinkState.OK, "200"),
        ("/204", LinkState.OK, "204"),
        ("/404", LinkState.GONE, "127.0.0.1 answers 404: not found"),
        ("/410", LinkState.GONE, "127.0.0.1 answers 410: gone"),
        ("/401", LinkState.UNKNOWN, "127.0.0.1 answers automated requests with 401"),
        ("/403", LinkState.UNKNOWN, "127.0.0.1 answers automated requests with 403"),
        ("/429", LinkState.UNKNOWN, "127.0.0.1 answers automated requests with 429"),
        ("/500", LinkState.UNKNOWN, "127.0.0.1 answers 500"),
        ("/503", LinkState.UNKNOWN, "127.0.0.1 answers 503"),
        ("/to//200", LinkState.OK, "200"),
        ("/to//to//404", LinkState.GONE, "127.0.0.1 answers 404: not found"),
    ],
)
def test_by_status(ask, server, path: str, state: LinkState, reason: str) -> None:
    verdict = ask(server.url(path))
    assert (verdict.state, verdict.reason) == (state, reason)


def test_redirects_without_end(ask, server) -> None:
    server.pages["/a"] = ""
    verdict = ask(server.url("/to/" + "/to/" * 9 + "/200"))
    assert (verdict.state, verdict.reason) == (LinkState.UNKNOWN, "127.0.0.1 redirects more than 5 times")
    assert len(server.asked) == 6


def test_who_takes_too_long(ask, server) -> None:
    verdict = ask(server.url("/slow"), seconds=0.2)
    assert (verdict.state, verdict.reason) == (LinkState.UNKNOWN, "127.0.0.1 did not answer within 0.2 s")


def test_a_fragment_is_not_sent(ask, server) -> None:
    assert ask(server.url("/200?a=b#part")).state is LinkState.OK
    assert server.asked[0][1] == "/200?a=b"


def test_a_name_nobody_knows(ask, server, names) -> None:
    names({})
    verdict = ask(server.url("/200", "nowhere.example"))
    assert (verdict.state, "Name or service not known" in verdict.reason) == (LinkState.UNKNOWN, True)


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (ARTICLE, LinkState.OK),
        ("<p class='title'>该内容已被发布者删除</p>", LinkState.GONE),
        ("<p>此内容因违规无法查看</p>", LinkState.GONE),
        ("<p>当前环境异常，完成验证后即可继续访问。</p>", LinkState.UNKNOWN),
        ("x" * 2_000_000 + ARTICLE, LinkState.UNKNOWN),  # nobody reads so far
    ],
)
def test_wechat_answers_200_whatever_happened(ask, server, names, body: str, state: LinkState) -> None:
    names({"mp.weixin.qq.com": ["127.0.0.1"]})
    server.pages["/s/Ab"] = body
    assert ask(server.url("/s/Ab", "mp.weixin.qq.com")).state is state


def test_a_wall_never_says_gone(ask, server, names) -> None:
    names({"zhuanlan.zhihu.com": ["127.0.0.1"]})
    verdict = ask(server.url("/404", "zhuanlan.zhihu.com"))
    assert verdict.state is LinkState.UNKNOWN
    assert verdict.reason == "zhuanlan.zhihu.com answers automated requests with 404"
