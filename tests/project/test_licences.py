"""What a user installs is under licences that a hospital can accept, and none is unknown."""

import json
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PERMISSIVE = {
    "Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "PSF-2.0", "Python-2.0",
    "Zlib", "Unlicense", "CC0-1.0", "HPND", "BSL-1.0", "CNRI-Python",
}  # fmt: skip

# A licence that is not permissive, or metadata that names none: the package, and why it is accepted.
EXCEPTIONS = {
    "fhirpathpy": "MIT by its LICENSE.md; the metadata does not name it",
    "pypdfium2": "BSD-3-Clause and Apache-2.0; the parts of PDFium are permissive, texts in the wheel",
    "certifi": "MPL-2.0 covers only its own file of certificate authorities, which we pass on unchanged",
    "psycopg": "LGPL-3.0: the driver of PostgreSQL, used unchanged, which the job queue (MIT) asks for",
    "psycopg-binary": "LGPL-3.0: as psycopg, whose compiled part it is",
    "skeletoken": "MIT by its LICENSE; the metadata does not name it",
    "tqdm": "MPL-2.0 and MIT: file-level copyleft, used unchanged, through huggingface-hub",
}

# Names that packages write instead of an SPDX identifier.
WRITTEN_AS = {
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "osi approved :: apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd-3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "mit license": "MIT",
    "the mit license": "MIT",
    "dual license": "Apache-2.0 OR BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "python software foundation license": "PSF-2.0",
}
COPYLEFT = re.compile(r"(?<![A-Z])(A?GPL|LGPL|SSPL|BUSL|CC-BY-NC|EUPL)", re.IGNORECASE)


STUDY = ("torch", "evaluate", "adapt")  # extras for evaluation and training


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def run_time_packages(*more: str) -> set[str]:
    """Return every package that the application installs, and further extras, transitive ones too."""
    found: set[str] = set()
    waiting = [("posology", frozenset({"embedded", "serve", *more, ""}))]
    while waiting:
        name, extras = waiting.pop()
        for text in metadata.requires(name) or []:
            need = Requirement(text)
            wanted = need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras)
            if wanted and canonical(need.name) not in found:
                found.add(canonical(need.name))
                waiting.append((need.name, frozenset({*need.extras, ""})))
    return found


def licence_of(name: str) -> str:
    """Return a package's licence as an SPDX expression, "" where its metadata names none."""
    about = metadata.metadata(name)
    for written in (about.get("License-Expression"), about.get("License")):
        if written and "\n" not in written.strip() and written.strip().upper() != "UNKNOWN":
            return WRITTEN_AS.get(written.strip().lower(), written.strip())
    named = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if "License ::" in line]
    return " AND ".join(sorted({WRITTEN_AS.get(name.lower(), name) for name in named}))


def is_permissive(expression: str) -> bool:
    """Say whether an expression is satisfied by permissive licences: all of AND, one of OR."""
    alternatives = re.split(r"\s+OR\s+", expression.replace("(", "").replace(")", ""))
    return any(
        all(part.partition(" WITH ")[0].strip() in PERMISSIVE for part in re.split(r"\s+AND\s+", one))
        for one in alternatives
    )


@pytest.mark.parametrize("package", sorted(run_time_packages(*STUDY)))
def test_every_run_time_package_is_permissive_or_listed_with_its_reason(package: str) -> None:
    licence = licence_of(package)
    assert is_permissive(licence) or package in EXCEPTIONS, f"{package}: {licence or 'no licence named'}"
    assert package in EXCEPTIONS or not COPYLEFT.search(licence)


def test_no_exception_outlives_its_package() -> None:
    assert set(EXCEPTIONS) <= run_time_packages(*STUDY)


def test_torch_is_not_among_what_the_application_installs() -> None:
    heavy = {"torch", "tensorflow", "jax", "transformers", "sentence-transformers", "llama-cpp-python"}
    assert run_time_packages() & heavy == set()


@pytest.mark.parametrize("package", sorted(run_time_packages(*STUDY)))
def test_every_run_time_package_is_pinned(package: str, repo_root: Path) -> None:
    pins = dict(
        line.split("==")
        for line in (repo_root / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    assert package in pins, "run scripts/lock"


def test_the_bill_of_materials_names_every_package_with_its_licence(repo_root: Path) -> None:
    file = repo_root / "dist" / "posology.cdx.json"
    if not file.is_file():
        pytest.skip("dist/posology.cdx.json is not here: scripts/wheel writes it")
    bill = json.loads(file.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    components = {canonical(part["name"]): part for part in bill["components"]}
    assert run_time_packages() - set(components) == set()
    assert [name for name, part in components.items() if not part.get("licenses")] == []
    assert [name for name, part in components.items() if not part.get("version")] == []
