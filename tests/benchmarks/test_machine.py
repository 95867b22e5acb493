from datetime import datetime, timedelta

import torch

from benchmarks.machine import header, machine


def test_a_header_says_where_when_and_how() -> None:
    found = header("cpu", "float32")
    assert found["machine"] == machine()
    assert found["threads"] == torch.get_num_threads()
    assert (found["device"], found["precision"]) == ("cpu", "float32")
    assert found["torch"] == torch.__version__
    assert datetime.fromisoformat(found["date"]).utcoffset() == timedelta(0)


def test_a_machine_has_a_name_and_its_cores() -> None:
    assert machine().endswith("cores")
