"""How large a picture is when it is resized: known without its pixels, and what handles them."""


def fitted(width: int, height: int, edge_px: int) -> tuple[int, int]:
    """The width and height with the long edge at `edge_px`."""
    scale = edge_px / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
