"""The soak's verdict on its samples, and its quick painter."""

from io import BytesIO

from PIL import Image

from benchmarks.soak import Sample, handles_grown, kib_per_job, picture
from benchmarks.soak_worker import quick_painter
from bot.worker.pictures import Pictures, Work
from nst_core.events import Finished
from nst_core.params import Params


def sample(jobs: int, *, kib: float = 100_000, handles: int = 20) -> Sample:
    return Sample(jobs=jobs, seconds=0.0, resident_bytes=round(kib * 1024), handles=handles, threads=5)


def test_warming_up_is_no_growth() -> None:
    warming = [sample(jobs, kib=100_000 + min(jobs, 50) * 900) for jobs in range(0, 101, 10)]
    assert kib_per_job(warming) == 0.0


def test_a_leak_is_the_slope_of_the_last_quarter() -> None:
    leaking = [sample(jobs, kib=100_000 + jobs * 7) for jobs in range(0, 101, 10)]
    assert round(kib_per_job(leaking), 3) == 7.0
    assert kib_per_job(leaking[:1]) == 0.0


def test_open_files_that_come_and_go_are_no_growth_and_those_that_stay_are() -> None:
    wavering = [sample(jobs, handles=20 + jobs % 3) for jobs in range(40)]
    assert handles_grown(wavering) == 0
    staying = [sample(jobs, handles=20 + jobs // 4) for jobs in range(40)]
    assert handles_grown(staying) == 5


def test_the_quick_painter_paints_the_content_at_the_size_asked_for() -> None:
    data = picture(7).data
    pictures = Pictures(content=data, styles=(data,))
    work = Work(params=Params(size=48).as_dict(), pictures=pictures)
    *_, (number, last) = quick_painter([work], device="cpu")
    assert number == 0
    assert isinstance(last, Finished)
    assert (last.picture.width, last.picture.height) == (48, 32)


def test_each_picture_is_another() -> None:
    assert len({picture(number).data for number in range(300)}) == 300
    with Image.open(BytesIO(picture(3).data)) as one:
        assert one.size == (96, 64)
