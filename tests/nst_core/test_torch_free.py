import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "params",
        "events",
        "pyramid",
        "errors",
        "styles",
        "images.picture",
        "images.io",
        "images.colour",
        "memory",
        "models.layers",
    ],
)
def test_the_light_modules_do_not_import_torch(module: str) -> None:
    script = f"import sys, nst_core.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


@pytest.mark.parametrize(
    "said", ["import nst_core", "import nst_core.params", "import nst_core; nst_core.Params"]
)
def test_the_parameters_can_be_had_without_pixels(said: str) -> None:
    script = f"{said}; import sys; sys.exit(any(one in sys.modules for one in ('torch', 'numpy', 'PIL')))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
