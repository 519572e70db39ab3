"""Merging is TIES, DARE and the weighted sum of the definitions, on whole changes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posology.adapt.merge import MergeSettings, change_of, merge_changes, merged_change, open_weights
from posology.adapt.merge.folding import fold_change
from posology.adapt.merge.methods import dropped, trimmed
from posology.chat.matrices.tensors import open_tensors, to_bfloat16, write_tensors
from posology.errors import ModelError, SettingsError
from tests.adapt.tiny_models import made_model, saved, with_adapter

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")  # peft's


def _changes(seed: int = 0, count: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(7, 5)).astype(np.float32) for _ in range(count)]


def _ties_by_hand(changes: list[np.ndarray], weights: list[float], density: float) -> np.ndarray:
    """Return TIES as the paper words it, one place after the other."""
    kept = []
    for change in changes:
        sizes = sorted(map(abs, change.ravel().tolist()), reverse=True)
        least = sizes[int(density * change.size) - 1]
        kept.append([value if abs(value) >= least else 0.0 for value in change.ravel().tolist()])
    merged = []
    for values in zip(*kept, strict=True):
        total = sum(weight * value for weight, value in zip(weights, values, strict=True))
        elected = [(w, v) for w, v in zip(weights, values, strict=True) if v * (1 if total >= 0 else -1) > 0]
        share = sum(weight for weight, _ in elected)
        merged.append(sum(weight * value for weight, value in elected) / share if share else 0.0)
    return np.array(merged, np.float32).reshape(changes[0].shape)


@given(st.integers(0, 999), st.sampled_from([0.2, 0.5, 1.0]), st.sampled_from([(1, 1, 1), (2, 0.5, 1)]))
@settings(max_examples=20)
def test_ties_is_that_of_the_paper(seed: int, density: float, weights: tuple[float, ...]) -> None:
    changes = _changes(seed)
    merged = merge_changes("w", changes, weights, MergeSettings("ties", density))
    np.testing.assert_allclose(merged, _ties_by_hand(changes, list(weights), density), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("density", [0.2, 0.5])
def test_ties_and_linear_of_equal_weights_are_pefts(density: float) -> None:
    torch = pytest.importorskip("torch")
    reference = pytest.importorskip("peft.utils.merge_utils")
    changes = _changes(4)
    tensors = [torch.from_numpy(change) for change in changes]
    ones = torch.ones(3)
    ties = merge_changes("w", changes, (1, 1, 1), MergeSettings("ties", density))
    np.testing.assert_allclose(ties, reference.ties(tensors, ones, density).numpy(), rtol=1e-5, atol=1e-6)
    uneven = torch.tensor([0.5, 2.0, 1.0])
    linear = merge_changes("w", changes, (0.5, 2.0, 1.0), MergeSettings("linear"))
    np.testing.assert_allclose(
        linear, reference.task_arithmetic(tensors, uneven).numpy(), rtol=1e-5, atol=1e-6
    )


def test_merged_adapters_are_merged_as_products_as_pefts_svd_forms_do(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    model = made_model()
    base = open_weights(saved(model, tmp_path / "base"))
    adapted = with_adapter(model, tmp_path / "one", seed=1)
    with_adapter(made_model(), tmp_path / "two", seed=2)
    adapted.load_adapter(str(tmp_path / "two"), "two")
    adapted.add_weighted_adapter(
        ["default", "two"], [1.0, 1.0], "both", combination_type="ties_svd", svd_rank=64, density=0.4
    )
    changes = [change_of(tmp_path / name, base) for name in ("one", "two")]
    merged = merged_change(changes, (1.0, 1.0), MergeSettings("ties", 0.4))
    layer = adapted.base_model.model.model.layers[0]
    for name, module in (
        ("self_attn.q_proj", layer.self_attn.q_proj),
        ("mlp.down_proj", layer.mlp.down_proj),
    ):
        with torch.no_grad():
            wanted = module.get_delta_weight("both").numpy()
        mine = merged.read(f"model.layers.0.{name}.weight")
        np.testing.assert_allclose(mine, wanted, atol=2e-4)


def test_what_dare_keeps_is_the_change_on_average() -> None:
    change = np.full((200, 200), 2.0, np.float32)
    kept = dropped(change, 0.3, np.random.default_rng(1))
    assert np.unique(kept).tolist() == pytest.approx([0.0, 2 / 0.3], rel=1e-6)
    assert kept.mean() == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize("method", ["dare_linear", "dare_ties"])
def test_dare_is_fixed_by_its_seed_and_the_name_of_the_tensor(method: Any) -> None:
    changes = _changes(2)
    first = merge_changes("a", changes, (1, 1, 1), MergeSettings(method, 0.5, seed=3))
    assert (first == merge_changes("a", changes, (1, 1, 1), MergeSettings(method, 0.5, seed=3))).all()
    assert (first != merge_changes("b", changes, (1, 1, 1), MergeSettings(method, 0.5, seed=3))).any()
    assert (first != merge_changes("a", changes, (1, 1, 1), MergeSettings(method, 0.5, seed=4))).any()


@pytest.mark.parametrize(("dare", "plain"), [("dare_linear", "linear"), ("dare_ties", "ties")])
def test_dare_that_drops_nothing_is_the_method_without_it(dare: Any, plain: Any) -> None:
    changes = _changes(5)
    one = merge_changes("w", changes, (1, 2, 1), MergeSettings(dare, 1.0))
    np.testing.assert_array_equal(one, merge_changes("w", changes, (1, 2, 1), MergeSettings(plain, 1.0)))


def test_one_change_is_merged_to_itself() -> None:
    change = _changes(6, 1)
    for method in ("linear", "ties"):
        merged = merge_changes("w", change, (1.0,), MergeSettings(method, 1.0))
        np.testing.assert_allclose(merged, change[0], rtol=1e-6)


@given(st.integers(0, 99), st.floats(0.01, 1))
@settings(max_examples=20)
def test_trimming_keeps_the_largest_values_and_so_many(seed: int, density: float) -> None:
    change = _changes(seed, 1)[0]
    kept = trimmed(change, density)
    assert np.count_nonzero(kept) == int(density * change.size)
    if 0 < np.count_nonzero(kept) < change.size:
        assert np.abs(change[kept == 0]).max() <= np.abs(kept[kept != 0]).min()


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"method": "slerp"}, "there are linear, ties, dare_linear, dare_ties"),
        ({"density": 0.0}, "more than 0 and at most 1"),
        ({"density": 1.5}, "more than 0 and at most 1"),
        ({"strength": float("nan")}, "strength is no number"),
    ],
)
def test_settings_that_mean_nothing_are_refused(settings_: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        MergeSettings(**settings_)


def test_every_model_has_a_weight() -> None:
    with pytest.raises(SettingsError, match="give each one a weight"):
        merged_change([], (1.0,), MergeSettings())


def test_a_model_of_another_shape_is_no_tuned_form_of_a_base(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    base = open_weights(saved(made_model(), tmp_path / "base"))
    other = saved(made_model(tied=True), tmp_path / "other")
    with pytest.raises(ModelError, match="no tuned form"):
        change_of(other, base)


def test_folding_is_the_best_of_its_rank() -> None:
    change = _changes(8, 1)[0]
    folded = fold_change(change, 2)
    sizes = np.linalg.svd(change, compute_uv=False)
    rest = np.linalg.norm(change - folded.b @ folded.a)
    assert rest == pytest.approx(np.sqrt((sizes[2:] ** 2).sum()), rel=1e-4)
    assert folded.kept / folded.total == pytest.approx((sizes[:2] ** 2).sum() / (sizes**2).sum(), rel=1e-4)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_tensors_are_written_as_torch_writes_them(tmp_path: Path, precision: Any) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file

    values = np.random.default_rng(1).normal(size=(9, 6)).astype(np.float32)
    write_tensors(tmp_path / "ours.safetensors", {"w": values.shape}, [("w", values)], precision)
    kind = getattr(torch, precision)
    save_file({"w": torch.from_numpy(values).to(kind)}, tmp_path / "theirs.safetensors")
    assert torch.equal(load_file(tmp_path / "ours.safetensors")["w"], torch.from_numpy(values).to(kind))
    read = open_tensors(tmp_path / "theirs.safetensors")["w"].read()
    np.testing.assert_array_equal(read, torch.from_numpy(values).to(kind).float().numpy())


def test_rounding_to_bfloat16_goes_to_the_nearest_and_to_even() -> None:
    halfway = np.array([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8, 1 + 2**-9], np.float32)
    back = (to_bfloat16(halfway).astype(np.uint32) << 16).view(np.float32)
    assert back.tolist() == [1.0, 1 + 2 * 2**-7, -1.0, 1.0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05",
        b"\xff" * 16,
        (10).to_bytes(8, "little") + b"no json   ",
        (2).to_bytes(8, "little") + b"[]",
    ],
)
def test_a_damaged_file_of_tensors_is_said_to_be_one(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.safetensors").write_bytes(data)
    with pytest.raises(ModelError, match=r"x\.safetensors"):
        open_tensors(tmp_path / "x.safetensors")


def test_a_cut_file_of_tensors_is_said_to_be_cut(tmp_path: Path) -> None:
    values = np.ones((4, 4), np.float32)
    write_tensors(tmp_path / "x.safetensors", {"w": (4, 4)}, [("w", values)], "float32")
    whole = (tmp_path / "x.safetensors").read_bytes()
    (tmp_path / "x.safetensors").write_bytes(whole[:-8])
    with pytest.raises(ModelError, match="cut or damaged"):
        open_tensors(tmp_path / "x.safetensors")


def test_values_that_are_no_numbers_are_not_written(tmp_path: Path) -> None:
    broken = np.array([[1.0, np.nan]], np.float32)
    with pytest.raises(ModelError, match="not finite"):
        write_tensors(tmp_path / "x.safetensors", {"w": (1, 2)}, [("w", broken)], "float32")
