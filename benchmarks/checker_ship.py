"""Put a trained and measured checker into the package: python benchmarks/checker_ship.py FOLDER.

FOLDER is the head in int8 (or the head itself, where int8 was refused). Refused: a head that is not kept as
changes to a catalogued base, one larger than a few megabytes, one whose licences do not allow it, one that
cannot be opened, and one that reports/checker did not measure, or found no better than the untrained base,
word overlap and the fitted alignment on the held-out claims and faults. Whether it is better than the head
that ships now is for who ships it to say. It is named as its folder.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from common import REPORTS
from posology.adapt.card import card_with
from posology.corpus import may_ship
from posology.evidence.heads import HeadCard, open_head_checker, read_head_card
from posology.evidence.heads.card import render_head_card
from posology.evidence.support import SHIPPED_HEAD
from posology.files import staged_folder

FILES = ("head.json", "head.safetensors", "config.json", "tokenizer.json")
PAPERS = ("card.md", "report.json", "recipe.toml", "manifest.json", "seen.json")
MOST = 6_000_000  # bytes of weights
DECISIVE = ("held-out faults", "held-out faults in letters", "held-out posology letters")
RIVALS = ("word overlap", "untrained base", "alignment", "alignment as fitted")


def main() -> None:
    """Check and copy the head, with its papers and its measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("head", type=Path)
    parser.add_argument("--target", type=Path, default=SHIPPED_HEAD)
    options = parser.parse_args()
    measured = json.loads((REPORTS / "checker" / "results.json").read_text(encoding="utf-8"))
    about = json.loads((REPORTS / "checker" / "manifest.json").read_text(encoding="utf-8"))
    card = read_head_card(options.head)
    faults = [*faults_of(options.head, card, MOST), *faults_of_scores(card, measured, about)]
    if faults:
        sys.exit("not shipped:\n" + "\n".join(f"- {fault}" for fault in faults))
    open_head_checker(options.head)
    told = {"weights_sha256": card.weights_sha256, "results": measured, "manifest": about}
    copy_head(options.head, options.target, told, scores_of(measured))
    named = card.model_copy(update={"name": options.target.name})
    (options.target / "head.json").write_text(render_head_card(named), encoding="utf-8")
    print(options.target, sum(path.stat().st_size for path in options.target.iterdir()), "bytes")
    print(f"Add to NOTICE: {options.target.name}, on {card.base}, learned from what its card.md names.")


def copy_head(source: Path, target: Path, measured: dict[str, Any], scores: str = "") -> None:
    """Copy a head's files and papers, and write down how it was measured; ``scores`` go into its card."""
    with staged_folder(target, overwrite=True) as folder:
        for name in (*FILES, *(name for name in PAPERS if (source / name).is_file())):
            shutil.copyfile(source / name, folder / name)
        told = json.dumps(measured, indent=1, ensure_ascii=False) + "\n"
        (folder / "measured.json").write_text(told, encoding="utf-8")
        if scores:
            _, _, card = (folder / "card.md").read_text(encoding="utf-8").partition("\n")
            card = f"# {target.name}\n{card}"
            (folder / "card.md").write_text(card_with(card, [scores], scored=True), encoding="utf-8")


def scores_of(measured: dict[str, Any]) -> str:
    """Return a section of the card: balanced accuracy beside what needs no training, with n and intervals."""
    lines = [
        "## Scores",
        "",
        "Balanced accuracy on claims that neither training nor selection saw (`benchmarks/checker.py`), with "
        "95 % intervals, and the head less each other, paired. At 0.5 a checker tells nothing apart.",
        "",
        "| claims (n) | head | less the untrained base | less word overlap |",
        "|---|---|---|---|",
    ]
    for name, one in measured.items():
        if not isinstance(one, dict) or "systems" not in one:
            continue
        head, *others = (one["systems"][key] for key in ("trained head", "untrained base", "word overlap"))
        low, high = head["ci95"]
        cells = [f"{name} ({one['n']})", f"{head['balanced_accuracy']:.3f} [{low:.3f}, {high:.3f}]"]
        for other in others:
            low, high = other["head_minus_this_ci95"]
            cells.append(f"{other['head_minus_this']:+.3f} [{low:+.3f}, {high:+.3f}]")
        lines.append(f"| {' | '.join(cells)} |")
    speed = measured["speed"]
    lines += [
        "",
        f"{speed['pairs_per_s']:.0f} sentences of letters a second with their sources, on two cores.",
    ]
    return "\n".join(lines)


def faults_of(folder: Path, card: HeadCard, most: int) -> list[str]:
    """Return why a head may not go into the package; ``most`` bytes its weights may have."""
    size = (folder / "head.safetensors").stat().st_size
    found = []
    if card.trunk != "base":
        found.append(
            "holds the whole encoder; train with head.rank or tune_words = false, so that a base is under it"
        )
    if size > most:
        found.append(f"its weights have {size:,} bytes, more than {most:,}")
    barred = [one for one in card.licences if not may_ship(one)]
    return found + [f"licence: {one}" for one in barred]


def faults_of_scores(card: HeadCard, measured: dict[str, Any], about: dict[str, Any]) -> list[str]:
    """Return why the measurement does not speak for the head."""
    if about["settings"]["head"] != card.weights_sha256[:12]:
        return ["reports/checker measured another head"]
    if about["settings"]["limit"]:
        return ["reports/checker was measured on a few items only"]
    found = []
    for name in DECISIVE:
        for rival in RIVALS:
            low, _ = measured[name]["systems"][rival]["head_minus_this_ci95"]
            if low <= 0:
                found.append(f"{name}: not better than {rival} (the difference's interval begins at {low})")
    return found


if __name__ == "__main__":
    main()
