"""What is known of each kind of model server: how it is recognised, counts tokens and takes constraints."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from posology.chat.generator import Constraint, Pattern, Prompt
from posology.chat.shapes import grammar_of, object_schema
from posology.chat.transport import Reply, Server
from posology.errors import EngineError

__all__ = ["ServerFacts", "Spelling", "inspect_server", "request_body", "upper_estimate"]

Kind = Literal["vllm", "llama.cpp", "ollama", "openai-compatible"]
Spelling = Literal["structured_outputs", "grammar", "response_format"]
Count = Callable[[Server, str, list[dict[str, str]]], int | None]
OLLAMA_WINDOW = 4096  # where a model names no num_ctx; a longer prompt is cut without a word


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server turned out to be."""

    kind: Kind
    version: str
    window: int
    spellings: tuple[Spelling, ...]  # in the order to try them
    count: Count | None  # how the server counts tokens; None: it does not tell


def inspect_server(server: Server, model: str, window_tokens: int) -> ServerFacts:
    """Find out which kind of server this is and how large its window is."""
    models = _served_models(server)
    names = [str(entry.get("id")) for entry in models]
    kind, version, told = _recognise(server, model, models)
    one_model = kind == "llama.cpp"  # answers under any name
    if names and not one_model and model not in names and f"{model}:latest" not in names:
        raise server.fault(f"serves no model {model!r}; it serves {', '.join(names[:8])}")
    window = min(window_tokens or told, told or window_tokens)
    if not window:
        raise server.fault(
            "does not tell its model's window; set window_tokens in the profile or plan, or --window"
        )
    return ServerFacts(kind, version, window, _SPELLINGS[kind], _COUNTS[kind])


_SPELLINGS: dict[Kind, tuple[Spelling, ...]] = {
    "vllm": ("structured_outputs", "response_format"),
    "llama.cpp": ("grammar", "response_format"),
    "ollama": ("response_format",),
    "openai-compatible": ("response_format",),
}


def _served_models(server: Server) -> list[dict[str, Any]]:
    reply = server.get_api("/models")
    if 300 <= reply.status < 400:
        raise server.fault("the server sends on to another address, which is not followed; correct base_url")
    if reply.status in (401, 403):
        raise server.fault("the server wants a valid key; name the variable that holds it under api_key_env")
    if reply.status == 200 and reply.data is None:
        what = "a web page" if reply.html else "something that is no JSON, or cut off"
        raise server.fault(f"the server answered with {what}; correct base_url (it usually ends in /v1)")
    if reply.status >= 500:
        raise server.fault(f"the server failed (HTTP {reply.status}); look into its log and try again")
    data = _get(reply, "data")
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


def _recognise(server: Server, model: str, models: list[dict[str, Any]]) -> tuple[Kind, str, int]:
    props = server.get("/props")
    settings = _get(props, "default_generation_settings")
    if isinstance(settings, dict):
        return "llama.cpp", str(_get(props, "build_info") or ""), _number(settings.get("n_ctx"))
    lengths = [
        _number(e.get("max_model_len")) for e in models if e.get("id") == model and "max_model_len" in e
    ]
    version = _get(server.get("/version"), "version")
    if lengths and version:
        return "vllm", str(version), lengths[0]
    version = _get(server.get("/api/version"), "version")
    if version:
        return "ollama", str(version), _ollama_window(server, model)
    return "openai-compatible", "", lengths[0] if lengths else 0


def _ollama_window(server: Server, model: str) -> int:
    parameters = _get(server.post("/api/show", {"model": model}), "parameters")
    for line in str(parameters or "").splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == "num_ctx" and words[1].isdigit():
            return int(words[1])
    return OLLAMA_WINDOW


def _get(reply: Reply, key: str) -> Any:
    return reply.data.get(key) if reply.status == 200 and isinstance(reply.data, dict) else None


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _count_vllm(server: Server, model: str, messages: list[dict[str, str]]) -> int | None:
    body = {"model": model, "messages": messages, "add_generation_prompt": True}
    body["chat_template_kwargs"] = {"enable_thinking": False}
    return _number(_get(server.post("/tokenize", body), "count")) or None


def _count_llama(server: Server, _: str, messages: list[dict[str, str]]) -> int | None:
    template = {"messages": messages, "chat_template_kwargs": {"enable_thinking": False}}
    text = _get(server.post("/apply-template", template), "prompt")
    if not isinstance(text, str):
        return None
    body = {"content": text, "add_special": True, "parse_special": True}
    tokens = _get(server.post("/tokenize", body), "tokens")
    return len(tokens) if isinstance(tokens, list) else None


_COUNTS: dict[Kind, Count | None] = {
    "vllm": _count_vllm,
    "llama.cpp": _count_llama,
    "ollama": None,
    "openai-compatible": None,
}


def upper_estimate(messages: list[dict[str, str]]) -> int:
    """Return more tokens than the messages are likely to have: one for every two bytes, and the template."""
    return sum((len(message["content"].encode()) + 1) // 2 + 16 for message in messages) + 64


def request_body(
    facts: ServerFacts, spelling: Spelling, model: str, messages: list[dict[str, str]], prompt: Prompt
) -> dict[str, Any]:
    """Return the request of one prompt, its constraint spelt as this server honours it, thinking off."""
    body: dict[str, Any] = {
        "model": model,
        "messages": messages,
        "max_tokens": prompt.max_tokens,
        "temperature": prompt.sampling.temperature if prompt.sampling else 0,
        "seed": prompt.sampling.seed if prompt.sampling else 0,
        "stream": False,
    }
    if prompt.opening:
        body |= _opened(facts, messages, prompt.opening)
    if facts.kind in ("vllm", "llama.cpp"):
        body |= {"logprobs": True, "chat_template_kwargs": {"enable_thinking": False}}
    if prompt.constraint is None:
        return body
    if spelling == "structured_outputs":
        return body | {"structured_outputs": _structured(prompt.constraint)}
    if spelling == "grammar":
        return body | {"grammar": grammar_of(prompt.constraint)}
    schema = {"name": "answer", "schema": object_schema(prompt.constraint), "strict": True}
    return body | {"response_format": {"type": "json_schema", "json_schema": schema}}


def _opened(facts: ServerFacts, messages: list[dict[str, str]], opening: str) -> dict[str, Any]:
    """Return the fields by which a server goes on with an answer that was begun for it."""
    if facts.kind != "vllm":
        raise EngineError(
            f"a server of the kind {facts.kind} does not go on with an answer that was begun for it; use "
            "vLLM or an engine in this process"
        )
    begun = [*messages, {"role": "assistant", "content": opening}]
    return {"messages": begun, "add_generation_prompt": False, "continue_final_message": True}


def _structured(constraint: Constraint) -> dict[str, str]:
    if isinstance(constraint, Pattern):
        return {"regex": constraint.regex}
    return {"grammar": grammar_of(constraint)}
