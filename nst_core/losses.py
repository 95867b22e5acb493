"""The terms of the loss, each a plain function of activations or pixels.

Source: Gatys, Ecker & Bethge, arXiv 1508.06576, equations 1 to 5, and CVPR 2016.
Differs: every sum of squares is a mean, so that a loss does not grow with size or channels.
"""

import torch
from torch import Tensor


def gram(features: Tensor) -> Tensor:
    """Gram matrices (b, c, c) of activations (b, c, h, w): `F F^T / (h w)`, summed in float32.

    float16 would overflow; float64 stays float64.
    """
    batch, channels, height, width = features.shape
    # (b, h w, c) is the layout that channels_last activations already have in memory
    positions = features.permute(0, 2, 3, 1).reshape(batch, height * width, channels)
    if positions.dtype is not torch.float64:
        positions = positions.float()
    return torch.bmm(positions.transpose(1, 2), positions) / (height * width)


def mean_squared_error(values: Tensor, target: Tensor) -> Tensor:
    """The mean squared difference, a scalar in float32 or float64."""
    if values.dtype is not torch.float64:
        values = values.float()
    return (values - target).square().mean()


def total_variation(picture: Tensor) -> Tensor:
    """The mean squared difference of neighbours, of pictures (b, 3, h, w), rows and columns together.

    Source: Mahendran & Vedaldi, CVPR 2015, section 3, with their exponent 2.
    """
    rows = (picture[..., 1:, :] - picture[..., :-1, :]).square().sum()
    columns = (picture[..., :, 1:] - picture[..., :, :-1]).square().sum()
    return (rows + columns) / picture.numel()
