"""The shape of the code: small, typed, documented, nothing swallowed, nothing hidden."""

import ast
import importlib
import statistics
from collections.abc import Callable

import pytest

from tests.project.tree import Function, Module, functions, length, modules, text_files

# Modules over 400 lines and functions over 60, each with the reason why it is better whole.
LONG_MODULES: dict[str, str] = {
    "src/posology/evidence/terms.py": "a table of clinical terms, one a line, and no code",
}
LONG_FUNCTIONS: dict[str, str] = {
    "src/posology/cli/evaluate.py:evaluate": "half of it is the signature: every option with its help",
    "src/posology/cli/draft.py:draft": "half of it is the signature: every option with its help",
    "src/posology/priorauth/drafting.py:draft": "the whole flow in one place, its signature and its doc",
}
# Broad handlers, each with its reason: the place where an error is turned into an exit status or a verdict.
BROAD_HANDLERS: dict[str, str] = {
    "src/posology/cli/__init__.py": "the last frame: every error becomes one message and an exit status",
    "src/posology/policies/fhirpath.py": "the library raises whatever Python raises: all one failure",
    "src/posology/review/drafting.py": "a worker outlives every job: what goes wrong becomes the job's state",
    "src/posology/store/opening.py": "closes the store and raises again",
    "src/posology/store/turns.py": "undoes what one thread wrote and raises again",
    "src/posology/web/problems.py": "the last frame before the server: a fault becomes an answer",
    "src/posology/web/processes.py": "the last frame of a process: it becomes an exit status",
    "src/posology/policies/units.py": "the parser raises many types; what it cannot read is not a known unit",
}
# What names this machine or the way the work was organised instead of the product.
FOREIGN_WORDS = (
    "/wo" + "rk/",
    "/opt/py" + "pi",
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "this ses" + "sion",
    "another ses" + "sion",
    "sub-" + "agent",
    "the br" + "ief",
    "TO" + "DO",
    "FIX" + "ME",
    "issues " + "show",
)


def every(module_rule: Callable[[Module], list[str]]) -> list[str]:
    return [finding for module in modules() for finding in module_rule(module)]


def at(module: Module, node: ast.AST) -> str:
    return f"{module.where}:{getattr(node, 'lineno', 0)}"


def test_every_module_and_public_function_says_what_it_is_in_one_plain_sentence() -> None:
    def bare(module: Module) -> list[str]:
        nodes: list[ast.Module | Function] = [module.tree]
        nodes += [f for f in module.tree.body if isinstance(f, Function) and not f.name.startswith("_")]
        return [at(module, node) for node in nodes if not _has_sentence(node)]

    assert every(bare) == []


def _has_sentence(node: ast.Module | Function) -> bool:
    first = (ast.get_docstring(node) or "").partition("\n\n")[0]
    return first.endswith((".", "?", ":")) and len(first) > 8


def test_the_library_prints_nothing() -> None:
    def prints(module: Module) -> list[str]:
        calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
        return [at(module, c) for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]

    assert every(prints) == []


def test_no_signature_takes_arbitrary_keywords() -> None:
    def keywords(module: Module) -> list[str]:
        return [f"{at(module, f)} {f.name}" for f in functions(module.tree) if f.args.kwarg]

    assert every(keywords) == []


def test_broad_handlers_stand_only_where_listed() -> None:
    def broad(module: Module) -> list[str]:
        handlers = [node for node in ast.walk(module.tree) if isinstance(node, ast.ExceptHandler)]
        return [at(module, h) for h in handlers if _is_broad(h.type) and module.where not in BROAD_HANDLERS]

    assert every(broad) == []


def _is_broad(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(
        k is None or (isinstance(k, ast.Name) and k.id in ("Exception", "BaseException")) for k in kinds
    )


def test_nothing_checks_by_assert_and_nothing_evaluates_text() -> None:
    def loose(module: Module) -> list[str]:
        found = [at(module, n) for n in ast.walk(module.tree) if isinstance(n, ast.Assert)]
        names = ("eval", "exec", "__import__")
        calls = [n for n in ast.walk(module.tree) if isinstance(n, ast.Call)]
        found += [at(module, c) for c in calls if isinstance(c.func, ast.Name) and c.func.id in names]
        return found + [at(module, c) for c in calls if ast.unparse(c.func) == "importlib.import_module"]

    assert every(loose) == []


def test_modules_stay_within_four_hundred_lines() -> None:
    long = {m.where for m in modules() if m.text.count("\n") > 400}
    assert long == set(LONG_MODULES), "split by idea, or list it with its reason"


def test_functions_stay_within_a_screen() -> None:
    long = {f"{m.where}:{f.name}" for m in modules() for f in functions(m.tree) if length(f) > 60}
    assert long == set(LONG_FUNCTIONS), "split it, or list it with its reason"


def test_most_functions_are_short() -> None:
    lengths = [length(f) for m in modules() for f in functions(m.tree)]
    assert statistics.median(lengths) <= 16
    assert statistics.quantiles(lengths, n=20)[-1] < 65


def test_modules_are_named_by_nouns_of_the_domain() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "handler", "base", "core"}
    assert [m.where for m in modules() if m.path.stem in vague] == []


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_the_public_surface_is_exact(module: Module) -> None:
    """Every name in ``__all__`` exists, none is private or doubled, and packages list what they offer."""
    loaded = importlib.import_module(module.name)
    names = getattr(loaded, "__all__", None)
    if names is None:
        holds_code = module.path.name == "__init__.py" and len(module.tree.body) > 1
        assert not holds_code, f"{module.where} has no __all__"
        return
    assert len(set(names)) == len(names)
    assert [name for name in names if not hasattr(loaded, name)] == []
    assert [name for name in names if name.startswith("_") and name != "__version__"] == []


def test_no_test_patches_the_code_under_test() -> None:
    patched = "mock" + ".patch"
    found = [str(path) for path, text in text_files() if path.suffix == ".py" and patched in text]
    assert found == []


def test_the_repository_speaks_of_itself_alone() -> None:
    found = [f"{path}: {word}" for path, text in text_files() for word in FOREIGN_WORDS if word in text]
    assert found == []


def test_torch_is_imported_nowhere_at_the_top_of_a_module() -> None:
    heavy = {"torch", "transformers", "openvino", "openvino_genai", "typst", "fhirpathpy", "bm25s"}

    def imports(module: Module) -> list[str]:
        tops = [n for n in module.tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        roots = [
            (n, name.partition(".")[0])
            for n in tops
            for name in ([n.module or ""] if isinstance(n, ast.ImportFrom) else [a.name for a in n.names])
        ]
        return [f"{at(module, n)} {root}" for n, root in roots if root in heavy]

    assert every(imports) == []
