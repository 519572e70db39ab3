"""Layers below the lowest that learns give the same in every epoch: computed once for each example, and kept.

With adapters in the upper layers only (``lora.upper_layers``) an example's hidden states below them never
change. They are kept in memory, as far as ``lora.keep`` goes; a later pass computes the upper layers alone.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["KeptLower", "keep_lower"]

_TOLERANCE = 1e-3  # of hidden states, as a share of the largest; ten times that in 16 bits
_TRIED, _MOST_TRIED = 48, 1200  # tokens that both halves are tried on: beyond a window, where it is not wide


@dataclass
class KeptLower:
    """The two halves of a model, and what the lower one gave of each row of tokens."""

    torch: Any
    lower: Any  # a view of the model: the layers that do not learn, without the last norm
    upper: Any  # another: the layers that learn
    most: int  # bytes that are kept at most
    _found: dict[bytes, Any] = field(default_factory=dict, init=False, repr=False)
    _size: int = field(default=0, init=False)

    @property
    def kept(self) -> int:
        """Return the bytes that are kept."""
        return self._size

    def needs(self, lengths: Sequence[int]) -> int:
        """Return the bytes that examples of so many tokens would take, as far as they are kept."""
        weight = self.lower.get_input_embeddings().weight
        return min(self.most, sum(lengths) * (int(weight.shape[1]) * int(weight.element_size()) + 8))

    def forget(self) -> None:
        """Keep nothing that was found so far."""
        self._found.clear()
        self._size = 0

    def hidden(self, tokens: Any, attention: Any) -> Any:
        """Return the model's last hidden states of rows padded on the right: (rows, columns, width).

        States at padded places mean nothing.
        """
        lengths = attention.sum(1).tolist()
        keys = [row[:length].cpu().numpy().tobytes() for row, length in zip(tokens, lengths, strict=True)]
        new = [place for place, key in enumerate(keys) if key not in self._found]
        fresh = dict(zip(new, self._compute(tokens, attention, new, lengths), strict=True))
        for place, states in fresh.items():
            self._keep(keys[place], states)
        rows = [fresh[place] if place in fresh else self._found[key] for place, key in enumerate(keys)]
        given = self.torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        width = int(given.shape[1])
        inputs = {"inputs_embeds": given, "attention_mask": attention[:, :width], "use_cache": False}
        found = self.upper(**inputs).last_hidden_state
        lacking = int(tokens.shape[1]) - width
        return self.torch.nn.functional.pad(found, (0, 0, 0, lacking)) if lacking else found

    def _compute(self, tokens: Any, attention: Any, places: list[int], lengths: list[int]) -> list[Any]:
        if not places:
            return []
        self.lower.eval()
        with self.torch.no_grad():
            inputs = {"input_ids": tokens[places], "attention_mask": attention[places], "use_cache": False}
            found = self.lower(**inputs).last_hidden_state
        return [found[number, : lengths[place]].clone() for number, place in enumerate(places)]

    def _keep(self, key: bytes, states: Any) -> None:
        size = len(key) + int(states.numel()) * int(states.element_size())
        if key not in self._found and self._size + size <= self.most:
            self._found[key] = states
            self._size += size


def keep_lower(torch: Any, core: Any, upper_layers: int, most: int) -> KeptLower | None:
    """Return a model's halves, its weights shared; None for an architecture that two halves do not compute.

    ``upper_layers``: how many layers, counted from the head, learn; ``most``: bytes that are kept at most.
    """
    model = core.base_model
    layers = getattr(model, "layers", None)
    if layers is None or not hasattr(model, "norm"):
        return None
    cut = len(layers) - upper_layers
    lower = _view(torch, model, slice(0, cut))
    lower.norm = torch.nn.Identity()
    kept = KeptLower(torch, lower, _view(torch, model, slice(cut, None)), most)
    return kept if _alike(torch, core, kept) else None


def _alike(torch: Any, core: Any, kept: KeptLower) -> bool:
    """Say whether both halves together give what the whole model gives, also beyond a window of attention."""
    rows = int(core.get_input_embeddings().weight.shape[0])
    window = getattr(core.config.get_text_config(), "sliding_window", None) or 0
    tried = window + 8 if _TRIED < window + 8 <= _MOST_TRIED else _TRIED
    tokens = (torch.arange(tried, device=next(core.parameters()).device) % rows)[None]
    attention = torch.ones_like(tokens)
    learning = core.training
    core.eval()
    with torch.no_grad():
        inputs = {"input_ids": tokens, "attention_mask": attention, "use_cache": False}
        whole = core.base_model(**inputs).last_hidden_state
        mine = kept.hidden(tokens, attention)
    core.train(learning)
    kept.forget()
    allowed = _TOLERANCE * max(1.0, float(whole.abs().max())) * (1 if mine.dtype == torch.float32 else 10)
    return bool((whole.float() - mine.float()).abs().max() <= allowed)


def _view(torch: Any, model: Any, which: slice) -> Any:
    """Return a model that shares all parts of another, with some of its layers only."""
    view = copy.copy(model)
    view._modules = {**model._modules, "layers": torch.nn.ModuleList(model.layers[which])}
    view.config = copy.copy(model.config)
    if kinds := getattr(model.config, "layer_types", None):  # which layers see how far, by their number
        view.config.layer_types = list(kinds)[which]
    return view
