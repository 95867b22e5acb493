"""The floating-point operations of one iteration by formula, a multiply-add counted as two."""

from dataclasses import dataclass
from typing import Final

from nst_core.params import CONVOLUTIONS

CHANNELS: Final = (64, 128, 256, 512, 512)
"""Of each block's convolutions."""
KERNEL: Final = 9
"""Weights of a 3 x 3 convolution per pair of channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """One convolution of VGG-19 over a picture of a certain size; `height` and `width` are its own."""

    block: int
    number: int
    inward: int
    outward: int
    height: int
    width: int

    @property
    def name(self) -> str:
        return f"conv{self.block}_{self.number}"

    @property
    def flops(self) -> int:
        """Of the forward pass, and just as many of the gradient by the input.

        That holds for conv1_1 too, whose gradient by the pixels has only three channels.
        """
        return 2 * KERNEL * self.inward * self.outward * self.height * self.width


def convolutions(height: int, width: int) -> tuple[Convolution, ...]:
    """conv1_1 to conv5_1, nothing being computed past relu5_1; poolings round up."""
    found = []
    inward = 3
    for block, (outward, count) in enumerate(zip(CHANNELS, (*CONVOLUTIONS["vgg19"][:4], 1), strict=True), 1):
        for number in range(1, count + 1):
            found.append(
                Convolution(
                    block=block, number=number, inward=inward, outward=outward, height=height, width=width
                )
            )
            inward = outward
        height, width = -(-height // 2), -(-width // 2)
    return tuple(found)


def gram_flops(height: int, width: int) -> int:
    """Of the five Gram matrices of relu1_1 to relu5_1, forward only."""
    firsts = [one for one in convolutions(height, width) if one.number == 1]
    return sum(2 * one.outward**2 * one.height * one.width for one in firsts)


def flops(height: int, width: int) -> int:
    """Of one iteration on one picture: forward, and backward to the pixels without gradients of weights.

    A Gram's gradient is counted as the one product `(D + D^T) F`. Differs: autograd takes two, and what it
    takes in vain is not counted.
    """
    return 2 * sum(one.flops for one in convolutions(height, width)) + 2 * gram_flops(height, width)
