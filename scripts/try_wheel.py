"""Try an installed posology outside its checkout: what it imports, the policies it ships, one packet.

Run by scripts/wheel with the Python of a clean environment that holds the wheel without extras.
"""

import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

EXTRAS = ("openvino_genai", "gguf", "torch", "pytest")


def check(truth: bool, message: str) -> None:
    """Stop with a message where something is not as it must be."""
    if not truth:
        sys.exit(f"wheel: {message}")


def check_import_budget() -> None:
    """The package imports fast, and nothing of the extras is needed or there."""
    start = time.perf_counter()
    import posology

    took = time.perf_counter() - start
    check(took < 0.2, f"import posology took {took:.2f} s")
    check("site-packages" in posology.__file__, f"the checkout was imported: {posology.__file__}")
    present = [name for name in EXTRAS if find_spec(name)]
    check(not present, f"installed without being asked for: {', '.join(present)}")


def check_policies() -> str:
    """The shipped policies load from the wheel; return the id of one."""
    from posology.policies import load_policies

    policies = load_policies()
    check(len(policies) >= 10, f"only {len(policies)} policies are in the wheel")
    return min(policy.id for policy in policies)


def run(*words: str) -> None:
    """Run a posology command."""
    done = subprocess.run(["posology", *words], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"posology {' '.join(words)} failed: {done.stdout}{done.stderr}")


def check_packet(policy: str) -> None:
    """A chart made by the wheel becomes a packet by rules alone."""
    run("synth", policy, "--out", "charts", "--n", "1")
    truth_file = next(Path("charts").glob("*.truth.json"))
    truth = json.loads(truth_file.read_text(encoding="utf-8"))
    service = f"{truth['service']['system']}:{truth['service']['code']}"
    chart = str(truth_file).removesuffix(".truth.json") + ".json"
    words = ("--service", service, "--date", truth["date"], "--policy", policy, "--profile", "rules")
    run("draft", chart, *words, "--out", "packet")
    names = {path.name for path in Path("packet").iterdir()}
    wanted = {"packet.json", "letter.md", "letter.html", "letter.pdf", "manifest.json"}
    check(wanted <= names, f"the packet lacks {', '.join(sorted(wanted - names))}")
    check(Path("packet/letter.pdf").read_bytes().startswith(b"%PDF"), "letter.pdf is no PDF")


def main() -> None:
    """Try it all."""
    check_import_budget()
    policy = check_policies()
    check_packet(policy)
    print("wheel: imports, policies and a packet are right")


if __name__ == "__main__":
    main()
