import re
from pathlib import Path

import nst_core
from scripts.api_pages import write


def test_every_public_name_stands_in_the_pages_with_what_its_docstring_says(tmp_path: Path) -> None:
    page = write(tmp_path).read_text()
    shown = set(re.findall(r'id="(\w+)"', page))
    assert shown >= set(nst_core.__all__)
    assert "Closing the generator ends the run within one step." in page
    assert "<code>max_pixels</code>" in page or "<strong>max_pixels:</strong>" in page, "arguments are a list"
