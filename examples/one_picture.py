"""One picture in one style: `python examples/one_picture.py CONTENT STYLE OUT.png`."""

import sys
from pathlib import Path

import nst_core

PARAMS = nst_core.Params(size=512, strength=50)


def main(content: Path, style: Path, out: Path, *, params: nst_core.Params = PARAMS) -> None:
    pictures = nst_core.decode(content), nst_core.decode(style)
    *_, last = nst_core.stylize(*pictures, params)
    assert isinstance(last, nst_core.Finished)
    out.write_bytes(nst_core.encode(last.picture, format="png", parameters=params.as_dict()))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
