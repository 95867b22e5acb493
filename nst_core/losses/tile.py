"""A picture cut into tiles whose positions, with a halo around them, have the activations of the whole."""

from collections.abc import Collection
from dataclasses import dataclass

from torch import Tensor

from nst_core.models.layers import stride_px


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One axis of a tile in pixels: its own part, from `start` to `end`, and the same with its halo."""

    start: int
    end: int
    halo_start: int
    halo_end: int

    def whole(self, stride: int) -> slice:
        """Its own positions among all of a layer."""
        return slice(self.start // stride, -(-self.end // stride))

    def own(self, stride: int) -> slice:
        """Its own positions among those of the tile with its halo."""
        own, skipped = self.whole(stride), self.halo_start // stride
        return slice(own.start - skipped, own.stop - skipped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A part of a picture; the layer that is named says which positions are meant."""

    rows: Span
    columns: Span

    def with_halo(self, pictures: Tensor) -> Tensor:
        """The pixels of the tile and of its halo."""
        rows, columns = self.rows, self.columns
        return pictures[..., rows.halo_start : rows.halo_end, columns.halo_start : columns.halo_end]

    def own(self, features: Tensor, layer: str) -> Tensor:
        """The tile's own positions of the activations of its pixels with the halo."""
        stride = stride_px(layer)
        return features[..., self.rows.own(stride), self.columns.own(stride)]

    def of_whole(self, plane: Tensor, layer: str) -> Tensor:
        """The tile's own positions of a plane that spans the whole picture."""
        stride = stride_px(layer)
        return plane[..., self.rows.whole(stride), self.columns.whole(stride)]


def cut(pictures: Tensor, layers: Collection[str], tile_px: int, halo_px: int) -> list[Tile]:
    """The tiles of pictures (b, 3, h, w); they start where positions of the deepest layer do."""
    stride = max(stride_px(layer) for layer in layers)
    halo_px = -(-halo_px // stride) * stride
    rows, columns = (_spans(edge_px, tile_px, halo_px, stride) for edge_px in pictures.shape[-2:])
    return [Tile(rows=row, columns=column) for row in rows for column in columns]


def whole(pictures: Tensor) -> Tile:
    """All of pictures (b, 3, h, w) as one tile."""
    height, width = pictures.shape[-2:]
    rows, columns = (Span(start=0, end=edge, halo_start=0, halo_end=edge) for edge in (height, width))
    return Tile(rows=rows, columns=columns)


def _spans(edge_px: int, tile_px: int, halo_px: int, stride: int) -> list[Span]:
    """Tiles of about equal length, none longer than `tile_px`, with their halo inside the picture."""
    count = -(-edge_px // max(stride, tile_px // stride * stride))
    length = -(-edge_px // (count * stride)) * stride
    return [
        Span(
            start=start,
            end=min(start + length, edge_px),
            halo_start=max(start - halo_px, 0),
            halo_end=min(start + length + halo_px, edge_px),
        )
        for start in range(0, edge_px, length)
    ]
