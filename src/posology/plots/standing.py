"""A plot as a file of its own: with its background and colours, for a README or a slide."""

__all__ = ["alone"]

# Okabe and Ito's colours for all kinds of colour vision, darkened until thin lines are legible on white.
_HUES = ("#0072b2", "#b84a00", "#00785a", "#a83a7d", "#7a5c00", "#1f5fa8", "#5b5b5b", "#8a1c1c")


def alone(svg: str, *, width: int = 960) -> str:
    """Return the plot with a white background, its own colours and a width in pixels."""
    rules = "".join(f".plot-hue-{number}{{color:{hue}}}" for number, hue in enumerate(_HUES))
    first, _, rest = svg.partition(">")
    first = first.replace('width="100%"', f'width="{width}" color="#1a2230"')
    style = f'<style>{rules}</style>\n<rect width="100%" height="100%" fill="#ffffff"/>'
    return f"{first}>\n{style}{rest}"
