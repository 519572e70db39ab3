"""The demonstration: a store of its own, made patients, and a clinician whose session one address begins."""

import fcntl
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from posology.config import OpenId, Practice, Settings
from posology.errors import SettingsError
from posology.policies import Code, Policy, load_policies
from posology.priorauth import parse_request
from posology.review.accounts import NewAccount, create_account, new_password
from posology.review.charts import ChartUpload, store_chart
from posology.review.jobs import DraftRequest, ask_draft, job_of
from posology.store import (
    SYSTEM,
    Actor,
    MasterKeys,
    Role,
    Store,
    init_store,
    new_key_file,
    open_store,
    read_keys,
)
from posology.testing import make_chart, plans_for
from posology.web.demo import Demo

__all__ = ["demo_keys", "demo_settings", "hold_folder", "prepare_demo", "wait_for_draft"]

FOLDER = "posology-demo"
_CHARTS = (  # policy, plan of the made chart, its seed; the first draft is the one that is opened
    ("cms-ncd-100.1", "meet", 7),  # something is missing, something is to be confirmed
    ("cms-ncd-30.3.3", "meet", 7),  # all of it read from notes
    ("northfield-adalimumab", "meet", 7),  # a note speaks against a finding
    ("northfield-lumbar-mri", "meet", 7),  # ready
    ("northfield-glp1", "fail-adult", 7),  # not supported
)
_LONGEST_S = 300.0
_CLINICIAN = NewAccount("demo", "Wendell Fairweather, MD", Role.CLINICIAN, "1028833543")
_STAFF = NewAccount("demo-staff", "Tomasz Reyes", Role.STAFF)
_PRACTICE = Practice(
    name="Lakeside Clinic",
    npi="1234567893",
    address="12 Harbor Street, Duluth, MN 55802",
    phone="+1 555 010 7788",
)
_DETAILS: Mapping[str, Any] = {
    "quantity": {"value": 1},
    "kind": "initial",
    "requester": {"name": "Tomasz Reyes", "phone": "+1 555 010 7790"},
    "facility": {"name": "Lakeside Surgical Center", "npi": "1679576722"},
}


def demo_settings(settings: Settings, parent: Path) -> Settings:
    """Return settings whose store and key lie in a folder of their own, on loopback only."""
    host = settings.serve.host
    if host not in ("127.0.0.1", "localhost", "::1"):
        raise SettingsError(f"serve.host: a demonstration listens on loopback only, not on {host}")
    folder = _own_folder(parent / FOLDER, settings)
    profile = settings.profile.model_copy(update={"store": f"sqlite:///{folder / 'posology.db'}"})
    own: dict[str, Any] = {"key_file": str(folder / "key"), "url": "", "require_totp": False}
    own |= {"heads_file": "", "openid": OpenId(), "workers": max(1, settings.serve.workers)}
    practice = settings.practice if settings.practice.name else _PRACTICE
    serve = settings.serve.model_copy(update=own)
    return replace(settings, profile=profile, serve=serve, practice=practice)


def _own_folder(folder: Path, settings: Settings) -> Path:
    """Make the folder, its owner's only; refuse one that could hold a store that is no demonstration's."""
    kind, _, file = settings.profile.store.partition(":///")
    if kind.startswith("sqlite") and folder.resolve() in Path(file.partition("?")[0]).resolve().parents:
        raise SettingsError(
            f"store: {file} lies in {FOLDER}, which a demonstration empties: move it elsewhere"
        )
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink():
            raise SettingsError(f"{folder}: leads elsewhere; a demonstration has a folder of its own")
        folder.chmod(0o700)
    except OSError as cause:
        raise SettingsError(f"{folder}: cannot be made ({cause.strerror})") from cause
    return folder


@contextmanager
def hold_folder(settings: Settings) -> Iterator[None]:
    """Hold the demonstration's folder as long as any process of it lives; raise where another one does."""
    with (Path(settings.serve.key_file).parent / "lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            raise SettingsError(
                f"{FOLDER}: another demonstration runs in this folder; stop it, or start in another folder"
            ) from cause
        yield


def demo_keys(settings: Settings) -> MasterKeys:
    """Return the demonstration's key, made where there is none."""
    file = Path(settings.serve.key_file)
    return read_keys(file, {}) if file.exists() else new_key_file(file)


def prepare_demo(settings: Settings, masters: MasterKeys) -> Demo:
    """Make the demonstration's store anew, with its people and their charts, and ask for the drafts."""
    folder = Path(settings.serve.key_file).parent
    for old in folder.glob("posology*.db*"):
        old.unlink()
    with closing(init_store(settings.profile.store, masters)) as store:
        user_id = create_account(store, SYSTEM, _CLINICIAN, new_password())
        create_account(store, SYSTEM, _STAFF, new_password())
        actor = Actor(user_id, Role.CLINICIAN, "", _CLINICIAN.name, _CLINICIAN.npi)
        library = {policy.id: policy for policy in load_policies()}
        asked = [_ask(store, actor, library[policy_id], name, seed) for policy_id, name, seed in _CHARTS]
    return Demo(user_id, asked[0], secrets.token_urlsafe(24))


def _ask(store: Store, actor: Actor, policy: Policy, name: str, seed: int) -> str:
    """Keep the chart of one made patient and ask for its draft; return the job's id."""
    body, service, day = _made_chart(policy, name, seed)
    chart_id = store_chart(store, actor, ChartUpload((("chart.json", body),)))
    details = parse_request(_DETAILS, "demonstration")
    return ask_draft(store, actor, DraftRequest(chart_id, service, day, policy.id, policy.payer, details))


def _made_chart(policy: Policy, name: str, seed: int) -> tuple[bytes, Code, date]:
    """Make the chart of one synthetic patient, and return it with what is asked for and when."""
    plan = next(plan for plan in plans_for(policy) if plan.name == name)
    made = make_chart(policy, plan=plan, seed=seed)
    service = made.truth["service"]
    return (
        json.dumps(made.bundle).encode(),
        Code(service["system"], service["code"]),
        date.fromisoformat(made.truth["date"]),
    )


def wait_for_draft(settings: Settings, masters: MasterKeys, demo: Demo) -> None:
    """Wait until the first draft has ended, however it ended; no longer than a slow machine needs."""
    with closing(open_store(settings.profile.store, masters)) as store:
        limit = time.monotonic() + _LONGEST_S
        while not job_of(store, demo.job_id).final and time.monotonic() < limit:
            time.sleep(0.25)
