"""The names that `import nst_core` gives."""

import ast
import inspect
from typing import Any

import pytest

import nst_core
from nst_core import engine
from nst_core.images import io
from nst_core.params import Params


def test_every_name_is_there_and_the_same_as_in_its_module() -> None:
    names: dict[str, Any] = {name: getattr(nst_core, name) for name in nst_core.__all__}
    assert names["stylize"] is engine.stylize
    assert names["decode"] is io.decode
    assert names["Params"] is Params
    assert dir(nst_core) == sorted(nst_core.__all__)


def test_a_type_checker_sees_the_same_names() -> None:
    tree = ast.parse(inspect.getsource(nst_core))
    [block] = [
        one for one in tree.body if isinstance(one, ast.If) and ast.unparse(one.test) == "TYPE_CHECKING"
    ]
    seen = [alias.name for one in block.body if isinstance(one, ast.ImportFrom) for alias in one.names]
    assert sorted(seen) == sorted(nst_core.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        vars(nst_core)["__getattr__"]("paint")
