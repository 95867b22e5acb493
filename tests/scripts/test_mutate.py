"""The table of mutated modules."""

from scripts.mutate import GROUPS, ROOT


def test_every_module_and_every_test_of_the_table_exists() -> None:
    table = {module: tests for modules in GROUPS.values() for module, tests in modules.items()}
    named = {*table, *(test for tests in table.values() for test in tests)}
    assert {name for name in named if not (ROOT / name).is_file()} == set()
