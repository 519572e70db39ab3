"""Write the golden letters anew: run it after a change of words or looks, and read the difference."""

from pathlib import Path

from letter_packets import PACKETS

from posology.priorauth.letter import build_view, render_html, render_markdown

SHA256 = "0123456789abcdef" * 4

if __name__ == "__main__":
    folder = Path(__file__).parent / "golden"
    folder.mkdir(exist_ok=True)
    for name in PACKETS:
        if name != "hostile":
            view = build_view(PACKETS[name](), packet_sha256=SHA256)
            (folder / f"{name}.md").write_text(render_markdown(view), encoding="utf-8")
            (folder / f"{name}.html").write_text(render_html(view), encoding="utf-8")
