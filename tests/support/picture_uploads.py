"""Small picture files to attach, and how a test looks at what comes back."""

import io

from PIL import Image

from testbed.discord.world import Upload


def plain(colour: str = "teal", edge_px: int = 32) -> Upload:
    return _upload("plain.png", Image.new("RGB", (edge_px, edge_px), colour))


def content() -> Upload:
    """A soft landscape picture, 192 x 128."""
    bands = [Image.linear_gradient("L"), Image.radial_gradient("L"), Image.linear_gradient("L").rotate(90)]
    return _upload("hills.png", Image.merge("RGB", bands).resize((192, 128)))


def moving() -> Upload:
    """A GIF of three frames, 32 x 32, each of another colour."""
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("teal", "navy", "gold")]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=100, loop=0)
    return Upload(filename="moving.gif", data=buffer.getvalue(), content_type="image/gif")


def style() -> Upload:
    """Hard diagonal stripes in three colours, 128 x 128."""
    colours = ((217, 72, 15), (24, 100, 171), (250, 240, 210))
    picture = Image.new("RGB", (128, 128))
    picture.putdata([colours[(x + y) // 9 % 3] for y in range(128) for x in range(128)])
    return _upload("stripes.png", picture)


def decoded(data: bytes) -> Image.Image:
    """The picture, every pixel of it read."""
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def _upload(filename: str, picture: Image.Image) -> Upload:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return Upload(filename=filename, data=buffer.getvalue(), content_type="image/png")
