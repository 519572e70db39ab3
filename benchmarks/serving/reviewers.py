"""People at work, as a process of its own: each asks something every two seconds, whatever the answers do.

Reads a plan (JSON) from standard input and writes what happened to standard output. The schedule is open:
times count from when a request was due, so that a server that falls behind is seen to. Written on bare
streams, so that the load takes as little as possible of the processor that it shares with the server.
"""

import asyncio
import json
import random
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

__all__ = ["READS", "WRITES"]

READS = (("worklist", 30), ("packet", 34), ("source", 15), ("head", 19), ("preview", 2))
WRITES = (("scratch", 40), ("edit", 40), ("decide", 20))
_WRITE_SHARE = 0.1
_SHARED_SHARE = 0.2  # of what is done to a packet, on packets that all work on
_STAY = 12  # acts on one packet before the next is taken up
_ENDINGS = ("as recorded", "as charted", "on file", "today", "per the chart")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what kind it counts as, and its bytes."""

    kind: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None
    packet: str = ""  # whose version the answer tells
    shared: bool = False  # whether others act on it too


@dataclass
class Person:
    """One reviewer: a browser on one connection, and the packets at hand."""

    plan: Mapping[str, Any]
    reviewer: Mapping[str, Any]
    rng: random.Random
    acts: int = 0
    current: str = ""
    seen: dict[str, int] = field(default_factory=dict)
    done: set[tuple[str, str]] = field(default_factory=set)
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def next(self) -> Asked:
        """Decide what this person does next."""
        self.acts += 1
        if not self.current or self.acts % _STAY == 0:
            self.current = self.rng.choice(self.reviewer["own"])
        writes = self.rng.random() < _WRITE_SHARE
        names, weights = zip(*(WRITES if writes else READS), strict=True)
        kind = self.rng.choices(names, weights)[0]
        shared = self.rng.random() < _SHARED_SHARE
        packet = self.rng.choice(self.plan["shared"]) if shared else self.current
        return replace(getattr(self, f"_{kind}")(packet), shared=shared)

    def _targets(self, packet: str) -> Mapping[str, Any]:
        return self.plan["targets"][self.plan["originals"][packet]]

    def _worklist(self, _packet: str) -> Asked:
        query = self.rng.choices(
            [
                {},
                {"owner": "me"},
                {"page": self.rng.randint(2, 40)},
                {"conclusion": "review", "sort": "gaps"},
            ],
            (60, 20, 10, 10),
        )[0]
        return Asked("worklist", "GET", "/?" + urlencode(query) if query else "/")

    def _packet(self, packet: str) -> Asked:
        return Asked("packet", "GET", f"/packets/{packet}")

    def _source(self, packet: str) -> Asked:
        shown = self.rng.choice(self._targets(packet)["evidence"])
        return Asked("source", "GET", f"/packets/{packet}/source?e={shown}&from=sentence-s1")

    def _head(self, packet: str) -> Asked:
        return Asked("head", "GET", f"/api/v1/packets/{packet}/head", None, packet)

    def _preview(self, packet: str) -> Asked:
        fresh = self._fresh(packet)
        if not fresh:
            return self._packet(packet)
        sentence, text = self.rng.choice(fresh)
        body = {"sentence": sentence, "text": self._reworded(text)}
        return Asked("preview", "POST", f"/api/v1/packets/{packet}/preview", body)

    def _fresh(self, packet: str) -> list[list[str]]:
        """Return the sentences of a packet that this person has not edited: an edited one may be withheld."""
        return [one for one in self._targets(packet)["sentences"] if (packet, one[0]) not in self.done]

    def _scratch(self, packet: str) -> Asked:
        sentence, text = self.rng.choice(self._targets(packet)["sentences"])
        body = {"seen_version": self.seen.get(packet, 1), "text": text[: self.rng.randint(5, 200)]}
        return Asked("scratch", "PUT", f"/api/v1/packets/{packet}/scratch/sentence:{sentence}", body)

    def _edit(self, packet: str) -> Asked:
        fresh = self._fresh(packet)
        if not fresh:
            return self._scratch(packet)
        sentence, text = self.rng.choice(fresh)
        self.done.add((packet, sentence))
        return self._act("edit", packet, {"act": "edit", "sentence": sentence, "text": self._reworded(text)})

    def _decide(self, packet: str) -> Asked:
        targets = self._targets(packet)
        if self.reviewer["role"] != "clinician":
            return self._scratch(packet)
        for criterion in targets["confirm"]:
            if (packet, criterion) not in self.done:
                self.done.add((packet, criterion))
                return self._act("decide", packet, {"act": "confirm", "criterion": criterion})
        fresh = [one for one in targets["criteria"] if (packet, one) not in self.done]
        if not fresh:
            return self._scratch(packet)
        criterion = self.rng.choice(fresh)
        self.done.add((packet, criterion))
        reason = "I examined the patient today."
        return self._act(
            "decide", packet, {"act": "override", "criterion": criterion, "status": "met", "reason": reason}
        )

    def _act(self, kind: str, packet: str, act: Mapping[str, Any]) -> Asked:
        body = {"seen_version": self.seen.get(packet, 1), "act": act}
        return Asked(kind, "POST", f"/api/v1/packets/{packet}/acts", body, packet)

    def _reworded(self, text: str) -> str:
        return f"{text.rstrip('.')}, {self.rng.choice(_ENDINGS)}."

    async def ask(self, asked: Asked) -> int:
        """Send a request and read its answer; return the status."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.plan["host"], self.plan["port"], limit=2**22)
        reader, writer = self.streams
        writer.write(self._bytes(asked))
        status, body = await _answer(reader)
        if status < 300 and asked.packet:
            self.seen[asked.packet] = int(json.loads(body)["version"])
        if status >= 400 and not asked.shared:  # on a shared packet another may rightly have come first
            print(f"{asked.kind} {status}: {body[:500].decode(errors='replace')}", file=sys.stderr)
        return status

    def _bytes(self, asked: Asked) -> bytes:
        host = f"{self.plan['host']}:{self.plan['port']}"
        lines = [f"{asked.method} {asked.path} HTTP/1.1", f"Host: {host}"]
        lines += [f"Cookie: posology={self.reviewer['secret']}", "Sec-Fetch-Site: same-origin"]
        body = b"" if asked.body is None else json.dumps(asked.body).encode()
        if asked.body is not None:
            lines += [f"X-CSRF-Token: {self.reviewer['csrf']}", f"Origin: http://{host}"]
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    status, headers = int(lines[0].split()[1]), {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("transfer-encoding") == "chunked":
        raise ValueError("an answer without a length")
    return status, await reader.readexactly(int(headers.get("content-length", 0)))


async def _work(person: Person, begin: float, rows: list[list[Any]]) -> None:
    """Act every so often, beginning at a moment of this person's own."""
    every, until = person.plan["every_s"], begin + person.plan["seconds"]
    due = begin + person.rng.random() * every
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        asked, sent = person.next(), time.monotonic()
        try:
            status = await person.ask(asked)
        except (OSError, ValueError, EOFError, asyncio.IncompleteReadError) as error:
            status, person.streams = -1, None
            print(f"{asked.kind}: {type(error).__name__}", file=sys.stderr)
        ended = time.monotonic()
        times = round(due - begin, 4), round(ended - due, 5), round(ended - sent, 5)
        rows.append([asked.kind, *times, status, asked.shared])
        due += every


async def _run(plan: Mapping[str, Any]) -> list[list[Any]]:
    rows: list[list[Any]] = []
    begin = time.monotonic() + 0.5
    people = [
        Person(plan, one, random.Random(f"{plan['seed']} {number}"))
        for number, one in enumerate(plan["reviewers"])
    ]
    await asyncio.gather(*(_work(person, begin, rows) for person in people))
    for person in people:
        if person.streams is not None:
            person.streams[1].close()
    return rows


def main() -> None:
    """Do what the plan says."""
    plan = json.load(sys.stdin)
    begun = time.monotonic()
    rows = asyncio.run(_run(plan))
    used = resource.getrusage(resource.RUSAGE_SELF)
    passed = time.monotonic() - begun
    share = (used.ru_utime + used.ru_stime) / passed
    json.dump({"rows": rows, "seconds": passed, "cpu_share": round(share, 4)}, sys.stdout)


if __name__ == "__main__":
    main()
