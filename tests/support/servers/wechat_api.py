"""WeChat's interface on this machine, in a thread of a test or as a program.

    python -m tests.support.servers.wechat_api --port 0 --state FILE

prints its address and serves until its standard input ends. FILE holds the drafts, as JSON, at any time.

    GET  /__drafts        the drafts as they are now, by media_id
    GET  /__calls         all calls, in order
    POST /__script        a list of faults, as JSON: [{"kind": "drop_after", "call": 1, "of": "draft/add"}]
    POST /__expire        from now on no token works that was given before
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.support.servers.misbehaving import Answer, Fault, Handler, Server
from tests.support.servers.wechat_rules import RefusedError, WeChatRules

__all__ = ["Fault", "WeChatServer"]


class Call(NamedTuple):
    """A call as it came in; `path` is below /cgi-bin/."""

    path: str
    query: dict[str, str]
    body: bytes


class _Handler(Handler):
    media_type = "text/plain"  # as WeChat does

    def do_GET(self) -> None:  # noqa: N802
        fake: WeChatServer = self.server.platform
        calls = [{"path": call.path, "query": call.query} for call in fake.calls]
        self.send(200, {"/__drafts": fake.drafts, "/__calls": calls}.get(self.path, {"errcode": 40066}))

    def do_POST(self) -> None:  # noqa: N802
        fake: WeChatServer = self.server.platform
        body = self.body
        match self.path:
            case "/__script":
                fake.script(*(Fault(**one) for one in json.loads(body)))
                self.send(200, [])
            case "/__expire":
                fake.api.expire()
                self.send(200, [])
            case _:
                self._call(fake, body)

    def _call(self, fake: WeChatServer, body: bytes) -> None:
        parts = urlsplit(self.path)
        call = Call(parts.path.removeprefix("/cgi-bin/"), dict(parse_qsl(parts.query)), body)

        def act() -> Answer:
            return 200, fake.answer(call, self.headers.get("Content-Type", ""), self.client_address[0])

        self.obey(fake.receive(call), act)

    def misbehave(self, fault: Fault, act: Callable[[], Answer]) -> None:
        match fault.kind:
            case "refuse":
                self.send(200, {"errcode": int(fault.value), "errmsg": fault.text})
            case "busy_after":
                act()
                self.send(200, {"errcode": -1, "errmsg": "system error"})
            case "expire":
                self.server.platform.api.expire()
                self.send(*act())


class WeChatServer(Server):
    """The server. `api` is its rules and all it holds."""

    kinds = frozenset(
        {
            "refuse",  # the error code `value` with the words `text`
            "busy_after",  # acts, and says that it was too busy: -1
            "expire",  # no token works from here on, that of this call neither
        }
    )
    handler = _Handler

    def __init__(self, api: WeChatRules | None = None, *, port: int = 0, state: Path | None = None) -> None:
        super().__init__(port, state)
        self.api = api or WeChatRules()
        self.calls: list[Call] = []

    @property
    def kept(self) -> object:
        return self.drafts

    @property
    def drafts(self) -> dict[str, dict[str, Any]]:
        return self.api.drafts

    @property
    def paths(self) -> list[str]:
        """What was called, in order."""
        return [call.path for call in self.calls]

    def receive(self, call: Call) -> Fault | None:
        """Note a call; what goes wrong with it."""
        with self._lock:
            self.calls.append(call)
            return self._fault(call.path)

    def answer(self, call: Call, kind: str, ip: str) -> dict[str, Any]:
        """The answer to a call."""
        with self._lock:
            try:
                return self.api.answer(call.path, call.query, call.body, kind, ip)
            except RefusedError as error:
                return {"errcode": error.code, "errmsg": error.said}
            finally:
                self._save()


def main() -> None:
    parser = argparse.ArgumentParser(description="WeChat's interface for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    options = parser.parse_args()
    WeChatServer(port=options.port, state=options.state).serve()


if __name__ == "__main__":
    main()
