"""One picture at several strengths in one pass: `python examples/strengths.py CONTENT STYLE FOLDER`."""

import sys
from dataclasses import replace
from pathlib import Path

import nst_core

PARAMS = nst_core.Params(size=512)
STRENGTHS = (25, 50, 75)


def main(content: Path, style: Path, folder: Path, *, params: nst_core.Params = PARAMS) -> None:
    pictures = nst_core.decode(content), nst_core.decode(style)
    jobs = [
        nst_core.StyleTransferJob(
            content=pictures[0], style=pictures[1], params=replace(params, strength=strength)
        )
        for strength in STRENGTHS
    ]
    folder.mkdir(exist_ok=True)
    for number, event in nst_core.stylize_batch(jobs):
        if isinstance(event, nst_core.Finished):
            file = folder / f"strength-{STRENGTHS[number]}.png"
            file.write_bytes(nst_core.encode(event.picture, format="png"))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
