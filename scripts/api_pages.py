"""The pages of the engine's API, made from its docstrings by pdoc.

python -m scripts.api_pages FOLDER
"""

import argparse
import warnings
from pathlib import Path

import pdoc
import pdoc.render

import nst_core


def write(folder: Path) -> Path:
    """Writes the pages and returns the first; whatever pdoc warns of is an error."""
    pdoc.render.configure(docformat="google", show_source=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pdoc.pdoc(nst_core.__name__, output_directory=folder)
    return folder / f"{nst_core.__name__}.html"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", type=Path)
    print(write(parser.parse_args().folder))


if __name__ == "__main__":
    main()
