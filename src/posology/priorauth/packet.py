"""The packet: the record of a draft, as a value and as a folder."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posology.files import require_free, staged_folder, write_atomic
from posology.priorauth.letter import build_view, render_html, render_markdown, render_pdf

__all__ = ["Packet"]


@dataclass(frozen=True)
class Packet:
    """A drafted packet: ``record`` is packet.json, ``manifest`` says what made it."""

    record: Mapping[str, Any]
    manifest: Mapping[str, Any]

    @property
    def conclusion(self) -> str:
        """Return ready, review, incomplete or not_supported."""
        return str(self.record["conclusion"])

    @property
    def statuses(self) -> dict[str, str]:
        """Return the status of each criterion by its id."""
        return {row["id"]: row["status"] for row in self.record["criteria"]}

    def to_bytes(self) -> bytes:
        """Return packet.json as bytes."""
        return (json.dumps(self.record, ensure_ascii=False, indent=2) + "\n").encode()

    @property
    def sha256(self) -> str:
        """Return the hash of packet.json, which the letter's footer shows."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def letter(self, form: str) -> bytes:
        """Return the letter as ``md``, ``html`` or ``pdf``."""
        view = build_view(self.record, packet_sha256=self.sha256)
        if form == "pdf":
            return render_pdf(view)
        return {"md": render_markdown, "html": render_html}[form](view).encode()

    def write(self, folder: Path, *, overwrite: bool = False) -> None:
        """Write the packet folder: it appears whole or not at all, readable by its owner only."""
        require_free(folder, overwrite=overwrite)
        files = {f"letter.{form}": self.letter(form) for form in ("md", "html", "pdf")}
        files["packet.json"] = self.to_bytes()
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())}
        manifest = dict(self.manifest) | {"files": hashes}
        files["manifest.json"] = (json.dumps(manifest, ensure_ascii=False, indent=2) + "\n").encode()
        with staged_folder(folder, overwrite=overwrite) as staging:
            for name, data in files.items():
                write_atomic(staging / name, data)

    def __repr__(self) -> str:
        """Show the conclusion only."""
        return f"Packet({self.conclusion})"
