"""Watch a picture being painted: `python examples/watch.py CONTENT STYLE OUT.png`.

OUT.png shows how far it is; Ctrl-C stops within one step and leaves the last preview there.
"""

import sys
from pathlib import Path

import nst_core

PARAMS = nst_core.Params(size=512)


def main(content: Path, style: Path, out: Path, *, params: nst_core.Params = PARAMS) -> None:
    pictures = nst_core.decode(content), nst_core.decode(style)
    for event in nst_core.stylize(*pictures, params, preview_every_s=2):
        match event:
            case nst_core.Started():
                print(f"{event.steps} steps at {event.sizes} px on {event.device}")
            case nst_core.Step():
                print(f"step {event.step} of {event.steps}: loss {event.total:.4f}")
            case nst_core.Preview() | nst_core.Finished():
                out.write_bytes(nst_core.encode(event.picture, format="png"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
