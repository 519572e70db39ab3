"""Taking a leaf's evidence out of a made chart."""

import html
from base64 import b64decode, b64encode
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from posology.testing.notes import escape_rtf

__all__ = ["remove_witnesses"]


def remove_witnesses(bundle: Mapping[str, Any], truth: Mapping[str, Any], leaf_id: str) -> dict[str, Any]:
    """Return the bundle without every resource, element and sentence that the leaf could rest on."""
    made = deepcopy(dict(bundle))
    gone: set[str] = set()
    for witness in truth["leaves"][leaf_id]["witnesses"]:
        resource = _find(made, witness["source"])
        if "quote" in witness:
            _cut(resource, witness["quote"])
        elif "path" in witness:
            resource.pop(witness["path"], None)
        else:
            gone.add(witness["source"])
    made["entry"] = [entry for entry in made["entry"] if _reference(entry["resource"]) not in gone]
    return made


def _reference(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _find(bundle: Mapping[str, Any], reference: str) -> dict[str, Any]:
    for entry in bundle["entry"]:
        if _reference(entry["resource"]) == reference:
            found: dict[str, Any] = entry["resource"]
            return found
    raise KeyError(reference)


def _cut(resource: dict[str, Any], sentence: str) -> None:
    attachment = resource["content"][0]["attachment"]
    written = {
        "text/html": html.escape(sentence, quote=False),
        "text/rtf": escape_rtf(sentence),
    }.get(attachment["contentType"], sentence)
    text = b64decode(attachment["data"]).decode("utf-8")
    attachment["data"] = b64encode(text.replace(written, "").encode()).decode("ascii")
