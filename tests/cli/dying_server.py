"""A model server in a process of its own that is killed in the middle of its work.

Run as ``python -m tests.cli.dying_server LABEL DIES_AFTER LOG``: it answers each chat with the label, after
so many chats its process is killed as by kill -9, and a line of the log is the hash of a prompt it answered.
"""

import hashlib
import json
import os
import signal
import sys
import threading
import time
from http.server import ThreadingHTTPServer
from typing import Any

from tests.cli.fake_server import Handler, smallest

_LOCK = threading.Lock()


class _Dying(Handler):
    label = ""
    dies_after = 0
    log = ""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with _LOCK:
            self.asked.append(1)
            if len(self.asked) > self.dies_after:
                os.kill(os.getpid(), signal.SIGKILL)
            schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
            if schema is None:
                self._note(body)
        time.sleep(0.01)
        self.say(self.label if schema is None else json.dumps(smallest(schema)))

    def _note(self, body: dict[str, Any]) -> None:
        with open(self.log, "a", encoding="utf-8") as stream:
            stream.write(hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest() + "\n")


def main(label: str, dies_after: str, log: str) -> None:
    """Serve on a free port, which is printed."""
    _Dying.label, _Dying.dies_after, _Dying.log, _Dying.asked = label, int(dies_after), log, []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Dying)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever(0.02)


if __name__ == "__main__":
    main(*sys.argv[1:])
