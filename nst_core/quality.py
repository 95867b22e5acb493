"""How good a picture is, in figures that were not optimised: content, style, colours and fine noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nst_core.engine import measure
from nst_core.images.colour import LUMA
from nst_core.images.picture import Picture, fit, quantise, resize
from nst_core.kernels.convolution import EXACT
from nst_core.kernels.precision import choose_device
from nst_core.nearest_patches import nearest_patches
from nst_core.params import PUBLISHED, Params
from nst_core.pytorch import own_state, torch_errors
from nst_core.run.prepared_job import network as network_of
from nst_core.styles import blended

Network = Literal["vgg16", "vgg19"]

CONTENT_LAYERS: Final = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
_LUMA: Final = np.array(LUMA)
_WINDOW_PX: Final = 11
_WINDOW_SIGMA_PX: Final = 1.5
_C1, _C2 = 0.01**2, 0.03**2
_BINOMIAL: Final = np.array([1, 4, 6, 4, 1]) / 16
_ROUNDING: Final = 1 / (12 * 255**2)
"""The energy of rounding to 8 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The figures of one 8-bit result against its content and its style, or a blend of styles.

    Attributes:
        width: Width of the result in pixels; all is compared at its size.
        height: Height of the result in pixels.
        network: The network behind `content_rel`, `style_rel`, `patch_distance` and `largest_share`.
        content_distance: 0 to 2, 0 for the content itself; see `content_distance`.
        content_ssim: -1 to 1, 1 for the content itself; see `ssim`.
        content_rel: The relative content loss, 0 for the content itself; see `nst_core.losses.objective`.
        style_rel: The relative style loss: 0 is the style's statistics, 1 as far from them as the content is.
        patch_distance: 0 to 2, 0 for the style itself: how far the result's patches are from the nearest ones
            of the style, whichever of several; see `nearest_patches`.
        largest_share: The largest part of the result's patches, above 0 to 1, to which one and the same patch
            of the style is the nearest. Repeated motifs and plain areas make it large.
        style_colours: 0 to 1, 0 for the style's own colours: the palette distance; see `colour_distance`.
        content_colours: Likewise, from the content's colours.
        fine_noise: `fine_energy` of the result over the larger of the content's and the style's (the weighted
            mean of several; at least that of rounding to 8 bits). 1 is as much as the pictures had, far
            above 1 is speckle.
        colour_noise: See `colour_noise`; about 0.01 is calm, and above the style's own is coloured grain.
        style_colour_noise: The style's own, for reference, or the weighted mean of several.
        clipped: The share of the result's values, 0 to 1, that are 0 or 255.
        content_clipped: The same share of the content, for reference.
    """

    width: int
    height: int
    network: str
    content_distance: float
    content_ssim: float
    content_rel: float
    style_rel: float
    patch_distance: float
    largest_share: float
    style_colours: float
    content_colours: float
    fine_noise: float
    colour_noise: float
    style_colour_noise: float
    clipped: float
    content_clipped: float


@torch_errors()
@own_state()
def compare(
    result: Picture,
    content: Picture,
    *styles: Picture,
    weights: Sequence[float] | None = None,
    network: Network = "vgg16",
    device: str = "auto",
) -> Comparison:
    """Compares a result with the pictures it was made of, all of them in 8 bits, whatever their shapes.

    The content is resized to the result's size and the styles to its long edge. Alpha is ignored, and the
    styles keep their own colours even if the result was painted with the content's.

    Args:
        result: The picture to judge.
        content: The picture that was painted.
        styles: The pictures whose style was taken. Several are blended as in `nst_core.losses.targets`, and
            their histograms are averaged by their weights.
        weights: A weight above 0 for each style; all alike by default.
        network: The network for losses and patches; one that was not optimised is fair.
        device: Where it is computed: auto, cpu, cuda, cuda:N or mps.

    Raises:
        DeviceError: the device is not there.
        ParamsError: there is no style, or not one weight above 0 for each.
        WeightsError: the network's weights cannot be loaded.
        OutOfMemory: the pictures are too large for the device's memory, or the machine's.
        DeviceLost: the device has stopped working in this process.
    """
    where = choose_device(device)
    if where.type == "mps":
        where, device = (
            torch.device("cpu"),
            "cpu",
        )  # Apple's GPUs have no float64, in which figures are summed
    painted = quantise(result.rgb)
    plain = quantise(resize(content, width=result.width, height=result.height).rgb)
    blend = blended(styles, weights=weights)
    shares = [style.weight for style in blend.styles]
    edge_px = max(result.width, result.height)
    wanted = [quantise(fit(style, edge_px).rgb) for style in styles]
    losses = measure(result, content, blend, Params(**PUBLISHED, network=network), device=device)
    patches = nearest_patches(
        network_of(Params(**PUBLISHED, network=network), where, EXACT),
        *(_tensor(levels, where) for levels in (painted, *wanted)),
    )
    fine = np.average([fine_energy(luma(style)) for style in wanted], weights=shares)
    reference = max(fine_energy(luma(plain)), float(fine), _ROUNDING)
    return Comparison(
        width=result.width,
        height=result.height,
        network=network,
        content_distance=content_distance(painted, plain, device=where),
        content_ssim=ssim(luma(painted), luma(plain)),
        content_rel=losses.content_rel,
        style_rel=losses.style_rel,
        patch_distance=patches.distance,
        largest_share=patches.largest_share,
        style_colours=colour_distance(painted, *wanted, weights=shares),
        content_colours=colour_distance(painted, plain),
        fine_noise=fine_energy(luma(painted)) / reference,
        colour_noise=colour_noise(painted),
        style_colour_noise=float(np.average([colour_noise(style) for style in wanted], weights=shares)),
        clipped=clipped_share(painted),
        content_clipped=clipped_share(plain),
    )


@own_state()
@torch.no_grad()
def content_distance(
    one: NDArray[np.uint8], other: NDArray[np.uint8], *, device: torch.device | None = None
) -> float:
    """How different two pictures (h, w, 3) look to VGG-16, 0 to 2.

    The activations of CONTENT_LAYERS are normalised to length 1 over the channels at each position; their
    squared differences are summed over the channels and averaged over positions, then over layers.

    Source: Zhang, Isola, Efros, Shechtman & Wang, CVPR 2018 (LPIPS), equation 1.
    Differs: without the learned weights per channel and without relu5_3, a mean over layers instead of a sum,
    and poolings round up: values are comparable with each other, not with published LPIPS.
    """
    vgg = network_of(Params(**PUBLISHED, network="vgg16"), device or torch.device("cpu"), EXACT)
    taps, others = (vgg(_tensor(levels, device), CONTENT_LAYERS) for levels in (one, other))
    by_layer = [
        (_unit(taps[layer]) - _unit(others[layer])).square().sum(dim=1).mean() for layer in CONTENT_LAYERS
    ]
    return float(torch.stack(by_layer).mean())


def luma(levels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The luma (h, w) in [0, 1] of gamma-encoded levels (h, w, 3).

    Source: ITU-R BT.601.
    """
    weighted: NDArray[np.float64] = levels @ _LUMA / 255
    return weighted


def ssim(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The mean structural similarity of two pictures (h, w) in [0, 1]: 1 for equal ones, -1 at worst.

    Source: Wang, Bovik, Sheikh & Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", IEEE Transactions on Image Processing 13 (4), 2004, equations 13 to 17: a Gaussian window
    of 11 x 11 px with sigma 1.5, K1 0.01, K2 0.03, at every position where it fits into the picture.
    Differs: a side shorter than the window is extended by reflection.
    """
    one, other = _at_least_a_window(one), _at_least_a_window(other)
    mean, other_mean = _windowed(one), _windowed(other)
    variances = _windowed(one * one) - mean * mean + _windowed(other * other) - other_mean * other_mean
    covariance = _windowed(one * other) - mean * other_mean
    alike = (2 * mean * other_mean + _C1) * (2 * covariance + _C2)
    return float((alike / ((mean * mean + other_mean * other_mean + _C1) * (variances + _C2))).mean())


def colour_distance(
    one: NDArray[np.uint8], *others: NDArray[np.uint8], weights: Sequence[float] | None = None
) -> float:
    """The mean over R, G and B of the 1-Wasserstein distance between the levels of two pictures (h, w, 3).

    It is 0 for equal histograms and 1 between black and white; the pictures may differ in size. Several
    others count as one whose histogram is the weighted mean of theirs. In one dimension the distance is the
    area between the two cumulative distributions, which is exact here over the 256 levels.
    """
    areas = []
    for channel in range(3):
        mixed = np.average([_cumulative(other[..., channel]) for other in others], axis=0, weights=weights)
        areas.append(np.abs(_cumulative(one[..., channel]) - mixed).sum())
    return float(np.mean(areas) / 255)


def fine_energy(brightness: NDArray[np.float64]) -> float:
    """The mean square of the part of a picture (h, w) in [0, 1] above a quarter of its sampling frequency.

    It is the sum of the squared magnitudes of the Fourier coefficients whose frequency,
    `sqrt(fx^2 + fy^2)` in cycles per pixel, is above 1/4: waves shorter than 4 px. By Parseval's theorem the
    sum over all coefficients is the picture's mean square. The picture is extended by reflection, so that its
    borders do not count as detail.
    """
    height, width = brightness.shape
    mirrored = np.pad(brightness, ((0, height), (0, width)), mode="symmetric")
    energy = np.abs(np.fft.rfft2(mirrored, norm="forward")) ** 2
    energy[:, 1:-1] *= 2  # the half of the plane that is left out is the mirror image of this one
    down, across = np.fft.fftfreq(2 * height), np.fft.rfftfreq(2 * width)
    return float(energy[np.hypot(down[:, None], across) > 1 / 4].sum())


def colour_noise(levels: NDArray[np.uint8]) -> float:
    """The root mean square, in [0, 1], of the chroma of levels (h, w, 3) that is finer than about 2 px.

    Chroma is each of R, G and B less the luma, and its fine part what a binomial blur of 5 x 5 px takes away:
    half of a wave of 5.5 px, all of one of 2 px. Colours have little detail that fine in photographs and
    paintings; a sum of Gram matrices does not mind it.
    """
    chroma = levels / 255 - luma(levels)[..., None]
    padded = np.pad(chroma, ((2, 2), (2, 2), (0, 0)), mode="edge")
    height, width, _channels = chroma.shape
    down = sum(weight * padded[row : row + height] for row, weight in enumerate(_BINOMIAL))
    blurred = sum(weight * down[:, column : column + width] for column, weight in enumerate(_BINOMIAL))
    return float(np.sqrt(np.mean((chroma - blurred) ** 2)))


def clipped_share(levels: NDArray[np.uint8]) -> float:
    """The fraction of levels, 0 to 1, that are 0 or 255."""
    return float(np.mean((levels == 0) | (levels == 255)))


@torch.no_grad()
def _tensor(levels: NDArray[np.uint8], device: torch.device | None) -> Tensor:
    """Pixels (1, 3, h, w) in [0, 1] of levels (h, w, 3)."""
    return torch.from_numpy(np.ascontiguousarray(levels.transpose(2, 0, 1)))[None].to(device).float() / 255


def _unit(features: Tensor) -> Tensor:
    """Activations (1, c, h, w) of length 1 at each position; where all are 0 they stay 0."""
    return features / (features.square().sum(dim=1, keepdim=True).sqrt() + 1e-10)


def _at_least_a_window(values: NDArray[np.float64]) -> NDArray[np.float64]:
    missing = [max(0, _WINDOW_PX - side) for side in values.shape]
    return np.pad(values, [(0, count) for count in missing], mode="symmetric")


def _windowed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The Gaussian mean (h - 10, w - 10) around each position of values (h, w), one axis after the other."""
    offsets = np.arange(_WINDOW_PX) - _WINDOW_PX // 2
    window = np.exp(-(offsets**2) / (2 * _WINDOW_SIGMA_PX**2))
    window /= window.sum()
    for _ in range(2):
        count = values.shape[0] - _WINDOW_PX + 1
        blurred = np.zeros((count, values.shape[1]))
        for start, weight in enumerate(window):
            blurred += weight * values[start : start + count]
        values = blurred.T
    return values


def _cumulative(levels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The cumulative distribution (256,) of the levels."""
    return np.cumsum(np.bincount(levels.ravel(), minlength=256)) / levels.size
