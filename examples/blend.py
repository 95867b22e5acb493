"""A mixture of styles, the first twice as much: `python examples/blend.py CONTENT OUT.png STYLE STYLE …`."""

import sys
from collections.abc import Sequence
from pathlib import Path

import nst_core

PARAMS = nst_core.Params(size=512)


def main(content: Path, out: Path, styles: Sequence[Path], *, params: nst_core.Params = PARAMS) -> None:
    weights = [2.0, *(1.0 for _ in styles[1:])]
    mixture = nst_core.blended([nst_core.decode(style) for style in styles], weights=weights)
    *_, last = nst_core.stylize(nst_core.decode(content), mixture, params)
    assert isinstance(last, nst_core.Finished)
    out.write_bytes(nst_core.encode(last.picture, format="png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
