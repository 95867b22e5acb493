"""Two styles, each in its place: `python examples/regions.py CONTENT MASK INSIDE OUTSIDE OUT.png`.

MASK is a picture of any size: where it is white the style INSIDE is painted, where it is black OUTSIDE. The
lowest tenth of the content stays as it is.
"""

import sys
from pathlib import Path

import numpy as np

import nst_core

PARAMS = nst_core.Params(size=512)


def main(
    content: Path, mask: Path, inside: Path, outside: Path, out: Path, *, params: nst_core.Params = PARAMS
) -> None:
    white = nst_core.mask_of(nst_core.decode(mask))
    regions = tuple(
        nst_core.Region(styles=(nst_core.Style(picture=nst_core.decode(style)),), mask=where)
        for style, where in ((inside, white), (outside, 1 - white))
    )
    painted = np.ones((10, 1), dtype=np.float32)
    painted[-1] = 0
    spec = nst_core.StyleSpec(regions=regions, edit_mask=painted)
    *_, last = nst_core.stylize(nst_core.decode(content), spec, params)
    assert isinstance(last, nst_core.Finished)
    out.write_bytes(nst_core.encode(last.picture, format="png"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:6]))
