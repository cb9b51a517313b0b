"""A Bot API server on this machine, in a thread of a test or as a program.

    python -m tests.support.servers.telegram_api --port 0 --state FILE

prints its address and serves until its standard input ends. FILE holds all messages, as JSON, at any time.

    GET  /__messages      the messages as they are now
    GET  /__calls         all calls, with the moment each came in
    POST /__script        a list of faults, as JSON: [{"kind": "flood", "call": 2, "value": 7}]
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from tests.support.servers.misbehaving import Answer, Fault, Handler, Server
from tests.support.servers.telegram_rules import TOKEN, BotApi, RefusedError, bad

__all__ = ["Fault", "TelegramServer"]


class _Handler(Handler):
    def do_GET(self) -> None:  # noqa: N802
        fake: TelegramServer = self.server.platform
        shown = {"/__messages": fake.messages, "/__calls": fake.calls}.get(self.path)
        if shown is None:
            self._call(fake, {})
        else:
            self.send(200, shown)

    def do_POST(self) -> None:  # noqa: N802
        fake: TelegramServer = self.server.platform
        body = self.body
        if self.path == "/__script":
            fake.script(*(Fault(**one) for one in json.loads(body)))
            self.send(200, [])
        elif self.headers.get_content_type() == "application/json":
            self._call(fake, dict(json.loads(body)))
        else:
            self._call(fake, dict(parse_qsl(body.decode(), keep_blank_values=True)))

    def _call(self, fake: TelegramServer, parameters: dict[str, Any]) -> None:
        token, _, method = self.path.removeprefix("/bot").partition("/")
        self._chat = parameters.get("chat_id")
        fault = fake.receive(method, parameters, self.client_address[1])
        self.obey(fault, lambda: fake.answer(token, method, parameters))

    def misbehave(self, fault: Fault, act: Callable[[], Answer]) -> None:
        api: BotApi = self.server.platform.api
        match fault.kind:
            case "not_ok":
                act()
                self.send(200, {"ok": False, "description": "Bad Request: proxied"})
            case "migrate":
                api.migrate(api.chat(self._chat), int(fault.value))
                self.send(*act())
            case "flood":
                after = int(fault.value)
                self.send(*_refusal(RefusedError(429, f"Too Many Requests: retry after {after}", retry_after=after)))
            case "unauthorized":
                self.send(*_refusal(RefusedError(401, "Unauthorized")))
            case "forbidden":
                self.send(*_refusal(RefusedError(403, f"Forbidden: {fault.text}")))
            case "bad_request":
                self.send(*_refusal(bad(fault.text)))


class TelegramServer(Server):
    """The server. `api` is its rules and all it holds."""

    kinds = frozenset(
        {
            "flood",  # 429 with a retry_after of `value`
            "not_ok",  # acts, and answers 200 with ok: false
            "unauthorized",  # 401
            "forbidden",  # 403, for the reason `text`
            "bad_request",  # 400, for the reason `text`
            "migrate",  # the group becomes a supergroup of the number `value`
        }
    )
    handler = _Handler

    def __init__(self, api: BotApi | None = None, *, port: int = 0, state: Path | None = None) -> None:
        super().__init__(port, state)
        self.api = api or BotApi()
        self.calls: list[dict[str, Any]] = []
        self.api.changed = self._save

    @property
    def kept(self) -> object:
        return self.messages

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.api.messages

    def made(self, *methods: str) -> list[dict[str, Any]]:
        """The calls of some methods."""
        return [call for call in self.calls if call["method"] in methods]

    def receive(self, method: str, parameters: Mapping[str, Any], port: int) -> Fault | None:
        """Note a call, and the port it came from; what goes wrong with it."""
        with self._lock:
            at = self.api.monotonic()
            self.calls.append({"method": method, "at": at, "port": port, "parameters": dict(parameters)})
            return self._fault(method)

    def answer(self, token: str, method: str, parameters: Mapping[str, Any]) -> Answer:
        """Status and body of the answer to a call."""
        try:
            with self._lock:
                return 200, {"ok": True, "result": self.api.answer(token, method, parameters)}
        except RefusedError as error:
            return _refusal(error)


def _refusal(error: RefusedError) -> Answer:
    body = {"ok": False, "error_code": error.code, "description": error.description}
    return error.code, body | ({"parameters": error.parameters} if error.parameters else {})


def main() -> None:
    parser = argparse.ArgumentParser(description="a Bot API server for tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--enforce-pace", action="store_true")
    options = parser.parse_args()
    api = BotApi()
    api.token, api.enforces_pace = options.token, options.enforce_pace
    TelegramServer(api, port=options.port, state=options.state).serve()


if __name__ == "__main__":
    main()
