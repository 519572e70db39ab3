"""What every test may rely on: the repository, public test data, fixed seeds, and no network."""

import os
import random
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")
pytest_plugins = ["tests.databases"]

settings.register_profile(
    "posology", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("posology")


class NetworkRefused(BaseException):
    """A test tried to reach something beyond this machine; no handler of ours may swallow it."""


def _host_of(event: str, arguments: tuple[object, ...]) -> object:
    if event == "socket.getaddrinfo":
        return arguments[0]
    address = arguments[1]
    return address[0] if isinstance(address, tuple) else None  # a path: a socket of this machine


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event not in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"):
        return
    host = _host_of(event, arguments)
    if host is None or host == "":
        return
    name = host.decode() if isinstance(host, bytes) else str(host)
    if not name.startswith(LOOPBACK):
        raise NetworkRefused(f"{event} to {name!r}: tests reach loopback only")


sys.addaudithook(_refuse_network)


def pytest_configure() -> None:
    """Hear signals though a background shell or nohup started us deaf to them: tests send them on purpose."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold slow tests: where processes share the files, the last ones are short."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """Return the root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of public test data, or skip with the reason."""
    folder = Path(os.environ.get("POSOLOGY_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"public test data is not here ({folder}); POSOLOGY_DATA names its folder")
    return folder


@pytest.fixture(autouse=True)
def _fixed_seeds() -> None:
    """Start every test from the same random state."""
    random.seed(20260101)
    np.random.seed(20260101)


@pytest.fixture(scope="module")
def writer_home(tmp_path_factory):
    """A home of the module's own with the embedded writer and its base, copied from what bootstrap fills."""
    import shutil

    from posology.chat import find_weights
    from posology.errors import ModelError

    home = tmp_path_factory.mktemp("home")
    for name in ("smollm2-135m-instruct", "judge-writer"):
        try:
            weights = find_weights(name)
        except ModelError:
            pytest.skip(f"needs the weights: posology models get {name}")
        shutil.copytree(weights.path.parent, home / "models" / name)
    return home
