"""Manifests: what they hold, that they are stable, and what they must not hold."""

import hashlib
import json
import os
import socket

import pytest

from posology.errors import InternalError, UserError
from posology.manifest import Input, build_manifest, hash_bytes, hash_file, render_manifest

MODELS = {"writer": {"name": "m", "sha256": "ab"}}


def build(**settings):
    return build_manifest([], MODELS, settings, seed=7, timings_s={"read": 0.12345})


def test_a_manifest_names_inputs_by_file_name_and_hash(tmp_path):
    path = tmp_path / "chart.json"
    path.write_bytes(b"{}")
    entry = hash_file("chart", path)
    assert entry == hash_bytes("chart", str(path), b"{}")
    assert entry == Input("chart", "chart.json", hashlib.sha256(b"{}").hexdigest(), 2)


def test_equal_manifests_are_equal_bytes_whatever_the_order_of_inputs():
    a, b = Input("chart", "a", "1", 1), Input("policy", "b", "2", 2)
    one = build_manifest([a, b], MODELS, {"x": 1, "y": 2}, seed=0, timings_s={})
    two = build_manifest([b, a], MODELS, {"y": 2, "x": 1}, seed=0, timings_s={})
    assert render_manifest(one) == render_manifest(two)


def test_a_manifest_survives_json():
    manifest = build(profile="embedded")
    assert json.loads(render_manifest(manifest)) == manifest
    assert manifest["timings_s"] == {"read": 0.123}
    assert manifest["seed"] == 7


def test_a_manifest_tells_machine_and_versions_but_no_host_or_user_name():
    manifest = build()
    text = render_manifest(manifest).decode()
    assert manifest["machine"]["cores"] >= 1
    assert manifest["versions"]["python"]
    assert socket.gethostname() not in text or len(socket.gethostname()) < 4
    assert os.path.expanduser("~") not in text


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}], ids=["NaN", "object", "set"])
def test_a_value_that_is_no_json_is_our_fault(value):
    with pytest.raises(InternalError):
        build(x=value)


def test_an_input_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.json: cannot be read"):
        hash_file("chart", tmp_path / "gone.json")
