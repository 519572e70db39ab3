"""What no page may do: run into errors, break its content policy, ask outside, open a dialog."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Page, Request


@dataclass
class Watch:
    """Notes of what happened on pages; ``expected`` are patterns of what a test brings about on purpose."""

    seen: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def on(self, context: BrowserContext, url: str) -> None:
        """Watch every page of a window."""
        self._url = url
        context.on("page", self._page)
        context.on("request", lambda request: self._request(request, url))
        context.on("console", self._console)
        context.on("weberror", lambda error: self.seen.append(f"script: {error.error}"))
        context.on("dialog", self._dialog)

    def expect(self, *patterns: str) -> None:
        """Say what may happen in this test."""
        self.expected.extend(patterns)

    def require_quiet(self) -> None:
        """Fail where something happened that no test brought about."""
        loud = [one for one in self.seen if not any(re.search(known, one) for known in self.expected)]
        assert loud == []

    def _page(self, page: Page) -> None:
        page.on("crash", lambda _: self.seen.append("crash"))

    def _request(self, request: Request, url: str) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            self.seen.append(f"request outside: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.seen.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.seen.append(f"dialog {dialog.type}: {dialog.message}")
        dialog.accept() if dialog.type == "beforeunload" else dialog.dismiss()
