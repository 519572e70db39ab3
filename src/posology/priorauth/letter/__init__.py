"""The letter: one view of a packet, and its renderings as Markdown, HTML and PDF."""

from posology.priorauth.letter.build import build_view
from posology.priorauth.letter.html import render_html
from posology.priorauth.letter.markdown import render_markdown
from posology.priorauth.letter.pdf import render_pdf
from posology.priorauth.letter.view import LetterView, Signature

__all__ = ["LetterView", "Signature", "build_view", "render_html", "render_markdown", "render_pdf"]
