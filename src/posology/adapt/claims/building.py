"""The claims of a training in parts that share no matter, chart or document; the folder that holds them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from posology.adapt.claims.claim import Claim, labelled_claims
from posology.adapt.claims.matching import Matched, match_claims
from posology.adapt.encoders.labelled import LABELLED_FILE, render_labelled
from posology.corpus import canonical_licence, require_apart
from posology.corpus.parts import PARTS, Part, part_of
from posology.corpus.spec import Parts
from posology.files import staged_folder
from posology.manifest import build_manifest, hash_file, render_manifest

__all__ = ["build_claims", "claims_part", "deal_claims"]

_SHARES = Parts(select=0.1, report=0.15)
_ORDER: tuple[Part, Part, Part] = ("tune", "select", "report")


def claims_part(group: str) -> Part:
    """Return the part that a group of claims is dealt to, by hash."""
    return part_of("claims", group, _SHARES, _ORDER)


def deal_claims(claims: Iterable[Claim]) -> dict[Part, list[Claim]]:
    """Return claims by part; a group is in one part only."""
    parts: dict[Part, list[Claim]] = {part: [] for part in PARTS}
    for one in claims:
        parts[claims_part(one.provenance.group)].append(one)
    return parts


def build_claims(
    out: Path,
    parts: Mapping[Part, Iterable[Claim]],
    *,
    settings: Mapping[str, object],
    seed: int,
    overwrite: bool = False,
) -> dict[Part, Matched]:
    """Match each part's claims and write them: a folder a part with labelled.jsonl, card and manifest.

    Raises UserError where a group stands in two parts.
    """
    unique = {
        part: list({(one.sentence, one.source): one for one in claims}.values())
        for part, claims in parts.items()
    }
    require_apart({str(part): claims for part, claims in unique.items()}, "claim")
    made = {part: match_claims(claims) for part, claims in unique.items()}
    with staged_folder(out, overwrite=overwrite) as folder:
        inputs = []
        for part, matched in made.items():
            (folder / part).mkdir()
            path = folder / part / LABELLED_FILE
            path.write_text(render_labelled(labelled_claims(matched.claims)), encoding="utf-8")
            inputs.append(hash_file(part, path))
        (folder / "card.md").write_text(_card(made), encoding="utf-8")
        manifest = build_manifest(inputs, {}, dict(settings), seed=seed, timings_s={})
        (folder / "manifest.json").write_bytes(render_manifest(manifest))
    return made


def _card(made: Mapping[Part, Matched]) -> str:
    """Return the data card: how many of what, under which licence, and what gives the labels away."""
    lines = [
        "# Claims with their sources",
        "",
        "Supported and unsupported, matched in length and overlap.",
        "",
    ]
    for part, matched in made.items():
        lines += [f"## {part}: {len(matched.claims)}", ""]
        sources = Counter(
            (one.provenance.source, canonical_licence(one.provenance.licence)) for one in matched.claims
        )
        lines += [f"- {source} ({licence}): {n}" for (source, licence), n in sorted(sources.items())]
        kinds = Counter(one.kind for one in matched.claims if not one.supported)
        lines += ["- unsupported by: " + ", ".join(f"{kind} {n}" for kind, n in sorted(kinds.items()))]
        lines += [f"- left out without a partner: {sum(matched.left_out.values())}"]
        for name, area in (("word overlap", matched.overlap_area), ("length", matched.length_area)):
            shown = "-" if area is None else f"{area:.3f}"
            lines += [f"- area under the curve of {name} alone: {shown}"]
        lines += [""]
    return "\n".join(lines)
