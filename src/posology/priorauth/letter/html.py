"""The letter as one self-contained HTML page: no script, no request, every text escaped."""

import base64
import hashlib
from importlib import resources

from posology.priorauth.letter.view import LetterView

__all__ = ["render_html"]


def render_html(view: LetterView) -> str:
    """Render the letter as an HTML page whose policy allows its own style sheet and nothing else."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    folder = resources.files(__package__)
    style = (folder / "letter.css").read_text(encoding="utf-8")
    template = (folder / "letter.html.j2").read_text(encoding="utf-8")
    environment = Environment(
        loader=DictLoader({"letter": template}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("letter").render(view=view, style=style, style_hash=f"sha256-{digest}")
