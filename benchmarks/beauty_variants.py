"""The variants that a pair is painted in: ways of the engine, the paper's method, and another version's."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.beauty_pairs import Pair, look_settings
from benchmarks.published import lbfgs
from nst_core.cli.compare import fair_judge
from nst_core.cli.terminal import write
from nst_core.engine import stylize
from nst_core.errors import PictureError
from nst_core.events import Finished
from nst_core.images import io
from nst_core.images.picture import Picture, fit
from nst_core.kernels.precision import choose_device, choose_precision
from nst_core.params import PUBLISHED, Params
from nst_core.quality import Comparison, compare

PREFIX: Final = "folder:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """How a pair is painted.

    Attributes:
        name: The heading of its column and the name of its folder.
        parameters: Of the engine, beside the size.
        of_the_look: Whether the settings that come with the painting hold too.
        published: Whether `benchmarks.published` paints, at one size, instead of the engine.
        folder: Where another version has painted all pairs already; nothing is painted then.
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    of_the_look: bool = False
    published: bool = False
    folder: Path | None = None

    def params(self, pair: Pair, size_px: int) -> Params:
        look = look_settings(pair.style) if self.of_the_look else {}
        return Params(**{"size": size_px, **look, **self.parameters})

    def file(self, pair: Pair, keep: Path) -> Path:
        return (self.folder or keep / self.name) / f"{pair.name}.png"


VARIANTS: Final = {
    one.name: one
    for one in (
        Variant(name="default", of_the_look=True),
        # Gatys, Ecker & Bethge, CVPR 2016: Gram matrices, 500 steps of L-BFGS from the content at one size.
        Variant(
            name="gatys",
            published=True,
            parameters={**PUBLISHED, "steps": 500, "stop": 0.0},
        ),
    )
}


def variant(name: str) -> Variant:
    """The variant of that name, or the pictures of `folder:PATH`.

    Raises:
        ValueError: there is no such variant or folder.
    """
    if name in VARIANTS:
        return VARIANTS[name]
    folder = Path(name.removeprefix(PREFIX)).resolve()
    if name.startswith(PREFIX) and folder.is_dir():
        return Variant(name="-".join(folder.parts[-2:]), folder=folder)
    raise ValueError(f"{name!r} is neither one of {', '.join(VARIANTS)} nor {PREFIX} and a folder's path.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """Where and how pictures are painted and compared.

    Attributes:
        keep: The folder of the results: one below it for each variant.
        paintings: The folder of the styles.
        size_px: The long edge of each result.
        device: auto, cpu, cuda or cuda:N.
    """

    keep: Path
    paintings: Path
    size_px: int
    device: str

    def painted(self, pair: Pair, variant: Variant) -> float | None:
        """Paints a pair, unless it is there with the same parameters; the seconds that it took.

        Raises:
            FileNotFoundError: another version's folder lacks it.
        """
        file = variant.file(pair, self.keep)
        if variant.folder is not None:
            if not file.exists():
                raise FileNotFoundError(f"{file} is missing: --pairs leaves pairs out.")
            return None
        params = variant.params(pair, self.size_px)
        if _parameters(file) == params.as_dict():
            return None
        started = time.perf_counter()
        picture = self._paint(pair, variant, params)
        seconds = time.perf_counter() - started
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file, io.encode(picture, format="png", parameters=params.as_dict()))
        return seconds

    def sources(self, pair: Pair) -> tuple[Picture, Picture]:
        """Content and style."""
        files = pair.content_file(self.paintings), pair.style_file(self.paintings)
        return io.decode(files[0]), io.decode(files[1])

    def _paint(self, pair: Pair, variant: Variant, params: Params) -> Picture:
        content, style = self.sources(pair)
        if variant.published:
            return _published(content, style, params, self.device)
        *_, last = stylize(content, style, params, device=self.device, preview_every_s=None)
        assert isinstance(last, Finished)
        return last.picture

    def figures(self, pair: Pair, variant: Variant) -> dict[str, Any]:
        """The figures of `compare`; those of a picture that was compared before are read again."""
        data = variant.file(pair, self.keep).read_bytes()
        known = self.keep / variant.name / f"{pair.name}.json"
        picture = hashlib.sha256(data).hexdigest()
        found = json.loads(known.read_text()) if known.exists() else {}
        if found.pop("picture", None) == picture and set(found) == set(Comparison.__slots__):
            return dict(found)
        content, style = self.sources(pair)
        judge = fair_judge(io.read_parameters(data))
        found = asdict(compare(io.decode(data), content, style, network=judge, device=self.device))
        known.parent.mkdir(parents=True, exist_ok=True)
        write(known, json.dumps({"picture": picture, **found}).encode())
        return dict(found)


def _published(content: Picture, style: Picture, params: Params, device: str) -> Picture:
    """What the paper's method ends with, clipped to the gamut."""
    assert params.steps is not None
    where = choose_device(device)
    snapshots = lbfgs(
        content,
        style,
        params,
        where,
        steps=params.steps,
        every=min(25, params.steps),
        precision=choose_precision(where, "auto"),
    )
    *_, last = snapshots
    rgb = last.pixels[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
    return Picture(rgb=rgb, alpha=fit(content, params.size).alpha)


def _parameters(file: Path) -> dict[str, object] | None:
    """What is embedded in a picture; None where there is none."""
    try:
        return io.read_parameters(file)
    except PictureError:
        return None
