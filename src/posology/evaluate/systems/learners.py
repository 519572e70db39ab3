"""The parts of scikit-learn that systems are made of, imported when they are used."""

import warnings
from collections.abc import Sequence
from typing import Any, Literal

from posology.errors import MissingExtra
from posology.evaluate.items import Response
from posology.evaluate.systems.golds import likeliest
from posology.evaluate.task import Task

__all__ = [
    "answered",
    "boosting",
    "components",
    "fitted",
    "logistic",
    "one_vs_rest",
    "predicted",
    "require_sklearn",
    "stacked",
    "vectorizer",
]


def predicted(model: Any, rows: Any) -> Any:
    """Return the probabilities of a model, on one thread."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        return model.predict_proba(rows)


def answered(task: Task, model: Any, rows: Any) -> list[Response]:
    """Return a response for each row: the likeliest label, with the probabilities of all of the task's."""
    labels = [str(label) for label in model.classes_]
    responses = []
    for row in predicted(model, rows):
        known = dict(zip(labels, map(float, row), strict=True))
        scores = {label: known.get(label, 0.0) for label in task.labels}
        responses.append(Response(likeliest(scores), scores=scores))
    return responses


def require_sklearn(purpose: str) -> None:
    """Raise MissingExtra with the pip line where scikit-learn is not installed."""
    try:
        import sklearn  # type: ignore[import-untyped]  # noqa: F401
    except ImportError as cause:
        raise MissingExtra("scikit-learn", "evaluate", purpose) from cause


def vectorizer(analyzer: Literal["word", "char_wb"], lengths: tuple[int, int], least: int = 2) -> Any:
    """Return a TF-IDF vectorizer of n-grams that stand in ``least`` texts or more, 50,000 of them at most."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]

    return TfidfVectorizer(
        analyzer=analyzer,
        ngram_range=lengths,
        min_df=least,
        max_features=50_000,
        sublinear_tf=True,
        token_pattern=r"(?u)\b\w+\b" if analyzer == "word" else None,
    )


def logistic(strength: float, balanced: bool) -> Any:
    """Return a logistic regression; ``strength`` is C, the inverse of the penalty."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    return LogisticRegression(
        C=strength, class_weight="balanced" if balanced else None, max_iter=100, tol=1e-3
    )


def one_vs_rest(strength: float, balanced: bool) -> Any:
    """Return a logistic regression for each of several codes."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier  # type: ignore[import-untyped]

    weight = "balanced" if balanced else None
    single = LogisticRegression(C=strength, class_weight=weight, solver="liblinear", random_state=0)
    return OneVsRestClassifier(single)


def boosting(leaves: int, balanced: bool, categorical: Sequence[bool]) -> Any:
    """Return gradient-boosted trees over columns with gaps; ``categorical`` says which hold codes."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]

    return HistGradientBoostingClassifier(
        max_leaf_nodes=leaves,
        learning_rate=0.1,
        max_iter=120,
        min_samples_leaf=5,
        early_stopping=False,
        class_weight="balanced" if balanced else None,
        categorical_features=list(categorical),
        random_state=0,
    )


def components(count: int) -> Any:
    """Return a reduction of TF-IDF vectors to their main components."""
    from sklearn.decomposition import TruncatedSVD  # type: ignore[import-untyped]

    return TruncatedSVD(n_components=count, random_state=0)


def stacked(left: Any, right: Any) -> Any:
    """Return two sparse matrices side by side."""
    from scipy.sparse import hstack  # type: ignore[import-untyped]

    return hstack([left, right]).tocsr()


def fitted(model: Any, rows: Any, answers: Any) -> Any:
    """Return the model fitted; that it stopped before it converged is no news for a baseline.

    One thread: the data are small, and threads that wait for each other cost more than they bring.
    """
    from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits

    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(rows, answers)
