"""Small pictures of kept ones, for lists and panels."""

from io import BytesIO

from PIL import Image

JPEG_QUALITY = 85


def thumbnail(data: bytes, edge_px: int) -> bytes:
    """The picture in `data`, which is clean already, as a JPEG whose long edge is at most `edge_px`."""
    with Image.open(BytesIO(data)) as image:
        image.draft("RGB", (edge_px, edge_px))
        small = image.convert("RGB")
    small.thumbnail((edge_px, edge_px), Image.Resampling.LANCZOS)
    out = BytesIO()
    small.save(out, "JPEG", quality=JPEG_QUALITY)
    return out.getvalue()
