"""What an enlarged picture is given that only the finer size shows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from nst_core.engine import stylize
from nst_core.images import io
from nst_core.images.picture import Picture, fit, resize
from nst_core.kernels.convolution import EXACT
from nst_core.losses.style_pictures import pixels_of
from nst_core.params import Faces, Params
from nst_core.run.enlarging import detail_of, random_phase, scaled
from nst_core.run.prepared_job import PreparedJob, StyleTransferJob
from nst_core.styles import Mask, Region, Style, StyleSpec, blended

CPU = torch.device("cpu")
PICTURES = Path(__file__).parents[2] / "pictures"
SIDE_PX = 64
GREY = torch.full((1, 3, SIDE_PX, SIDE_PX), 0.5)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def flat() -> Picture:
    return Picture(rgb=np.full((SIDE_PX, SIDE_PX, 3), 0.5, dtype=np.float32))


@pytest.fixture(scope="module")
def night(starry_night: Picture) -> Picture:
    return resize(starry_night, width=SIDE_PX, height=SIDE_PX)


def textured(
    content: Picture, style: Picture | StyleSpec, pixels: Tensor = GREY, params: Params | None = None
) -> Tensor:
    """The pixels at 64 px, enlarged from 32."""
    params = params or Params(size=SIDE_PX, strength=100, style_scale=1.0)
    job = StyleTransferJob(content=content, style=style, params=params)
    return PreparedJob(job, CPU, EXACT).textured(pixels, SIDE_PX // 2, SIDE_PX)


def test_noise_in_random_phase_has_the_spectrum_and_the_colours_of_its_texture() -> None:
    texture = torch.randn(1, 3, 30, 41, generator=generator(1)) * torch.tensor([1.0, 0.5, 2.0])[:, None, None]
    texture -= texture.mean(dim=(2, 3), keepdim=True)
    noise = random_phase(texture, 30, 41, generator())
    powers = [torch.fft.rfft2(one).abs() for one in (noise, texture)]
    torch.testing.assert_close(*powers, rtol=1e-3, atol=1e-3)
    crosses = [torch.einsum("bihw,bjhw->ij", one, one) for one in (noise, texture)]
    torch.testing.assert_close(*crosses, rtol=1e-3, atol=1e-1)
    assert (noise - texture).abs().mean() > 0.5
    assert torch.equal(noise, random_phase(texture, 30, 41, generator()))
    assert not torch.equal(noise, random_phase(texture, 30, 41, generator(2)))


def test_a_small_texture_is_mirrored_until_it_fills_the_size() -> None:
    texture = torch.randn(1, 3, 20, 25, generator=generator(1))
    texture -= texture.mean(dim=(2, 3), keepdim=True)
    noise = random_phase(texture, 90, 60, generator())
    assert noise.shape == (1, 3, 90, 60)
    assert noise.std().item() == pytest.approx(texture.std().item(), rel=0.1)


def test_detail_is_what_the_coarse_size_loses(night: Picture) -> None:
    pixels = pixels_of(night.rgb, CPU)
    coarse = scaled(pixels, 32, 32)
    torch.testing.assert_close(scaled(coarse, 64, 64) + detail_of(pixels, 0.5), pixels)
    assert detail_of(scaled(coarse, 64, 64), 0.5).std() < 0.25 * detail_of(pixels, 0.5).std()


def test_a_smooth_picture_gets_as_much_detail_as_the_style_has(flat: Picture, night: Picture) -> None:
    """At strength 100; half of it at half the strength from which on the sketch is whole."""
    wanted = detail_of(pixels_of(night.rgb, CPU), 0.5)
    added = textured(flat, night) - GREY
    assert added.std().item() == pytest.approx(wanted.std().item(), rel=0.02)
    half = textured(flat, night, params=Params(size=SIDE_PX, strength=37.5, style_scale=1.0)) - GREY
    torch.testing.assert_close(half, added / 2, atol=1e-3, rtol=0.05)


@pytest.mark.parametrize(
    "params",
    [
        Params(size=SIDE_PX, strength=0),
        Params(size=SIDE_PX, optimizer="adam"),
        Params(size=SIDE_PX, content_weight=1.0, style_weight=0.0),
    ],
)
def test_no_noise_where_the_style_does_not_count_or_the_optimiser_is_another(
    params: Params, flat: Picture, night: Picture
) -> None:
    assert textured(flat, night, params=params) is GREY


def test_a_picture_with_the_styles_detail_already_stays_as_it_is(flat: Picture, night: Picture) -> None:
    pixels = pixels_of(night.rgb, CPU)
    torch.testing.assert_close(textured(flat, night, pixels), pixels)


def test_noise_keeps_to_the_regions_and_to_the_parts_of_styles_that_count(
    flat: Picture, night: Picture
) -> None:
    left: Mask = np.zeros((SIDE_PX, SIDE_PX), dtype=np.float32)
    left[:, :32] = 1
    region = StyleSpec(regions=(Region(styles=(Style(picture=night),), mask=left),))
    added = textured(flat, region) - GREY
    assert added[..., 32:].abs().max() == 0
    assert added[..., :32].std() > 0.02
    calm = night.rgb.copy()
    calm[:, 32:] = 0.5
    masked = StyleSpec(regions=(Region(styles=(Style(picture=Picture(rgb=calm), mask=left),)),))
    wanted = detail_of(pixels_of(night.rgb, CPU), 0.5)[..., :32].std().item()
    assert (textured(flat, masked) - GREY).std().item() == pytest.approx(wanted, rel=0.15)


def test_blended_styles_give_their_share_of_the_noise(flat: Picture, night: Picture) -> None:
    """Powers add up by the weights: one style in four with detail gives half of its amplitude."""
    added = textured(flat, blended([night, flat], weights=[1, 3])) - GREY
    alone = textured(flat, night) - GREY
    assert added.std().item() == pytest.approx(0.5 * alone.std().item(), rel=0.02)


def test_a_style_without_detail_brings_no_noise(flat: Picture) -> None:
    assert torch.equal(textured(flat, flat), GREY)


def test_faces_are_spared_the_noise(night: Picture) -> None:
    astronaut = resize(io.decode(PICTURES / "astronaut.jpg"), width=256, height=256)
    pixels = torch.full((1, 3, 256, 256), 0.5)

    def added(faces: Faces) -> Tensor:
        params = Params(size=256, strength=100, style_scale=1.0, faces=faces)
        job = StyleTransferJob(content=astronaut, style=night, params=params)
        return PreparedJob(job, CPU, EXACT).textured(pixels, 128, 256) - 0.5

    kept, painted = added("keep"), added("paint")
    face = (kept.abs() < 1e-6).all(dim=1) & (painted.abs() > 1e-3).any(dim=1)
    assert 0.005 < face.float().mean() < 0.2
    assert torch.equal(kept[..., -40:, :], painted[..., -40:, :])


def test_a_picture_is_enlarged_with_noise_and_a_given_one_too(
    chelsea: Picture, starry_night: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int]] = []
    plain = PreparedJob.textured

    def noted(self: PreparedJob, pixels: Tensor, coarse_px: int, fine_px: int) -> Tensor:
        found = plain(self, pixels, coarse_px, fine_px)
        if found is not pixels:
            asked.append((coarse_px, fine_px))
        return found

    monkeypatch.setattr(PreparedJob, "textured", noted)
    params = Params(size=192, steps=2, stop=0.0)
    strip = Picture(rgb=chelsea.rgb[:48])
    for _ in stylize(strip, starry_night, params, device="cpu"):
        pass
    assert asked == [(96, 192)]
    given = fit(strip, 150)
    for _ in stylize(strip, starry_night, params, start=given, device="cpu"):
        pass
    assert asked == [(96, 192), (150, 192)]
