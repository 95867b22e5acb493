"""Colours that a file describes by numbers in place of a profile: brought to sRGB.

Source: ITU-T H.273, tables 2 and 3; ITU-R BT.2100, table 4 (PQ) and 5 (HLG); W3C, PNG, "gAMA" and "cICP".
"""

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nst_core.images.mending import png_chunk

_SRGB, _BT2020, _P3 = 1, 9, 12
_LINEAR, _SRGB_CURVE, _PQ, _HLG = 8, 13, 16, 18
_TO_SRGB: Final = {
    _BT2020: np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]),
    _P3: np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]),
}
_GAMMA_OF_SRGB: Final = 1 / 2.2
_WHITE_NITS: Final = 203.0
"""Diffuse white of an HDR picture. Source: ITU-R BT.2408, section 2.1."""
_KNEE: Final = 0.75
"""Below this part of white a tone-mapped picture is as it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """How the numbers of a file are meant; `gamma` counts where it is not None."""

    primaries: int = _SRGB
    transfer: int = _SRGB_CURVE
    gamma: float | None = None


def coding_of(data: bytes) -> Coding | None:
    """What a PNG, HEIC or AVIF without a profile says of its colours; None: sRGB, or nothing."""
    found = png_chunk(data, b"cICP")
    if found is not None:
        return _known(found[0], found[1])
    if data[4:8] == b"ftyp":
        at = data.find(b"colrnclx")
        return None if at < 0 else _known(*struct.unpack_from(">HH", data.ljust(at + 12, b"\0"), at + 8))
    gamma = png_chunk(data, b"gAMA")
    if gamma is None or png_chunk(data, b"sRGB") is not None:
        return None
    value = int.from_bytes(gamma[:4], "big") / 100_000
    usual = abs(value - _GAMMA_OF_SRGB) < 0.02
    return None if usual or not 0.05 < value < 5 else Coding(gamma=value)


def _known(primaries: int, transfer: int) -> Coding | None:
    primaries = primaries if primaries in _TO_SRGB else _SRGB
    transfer = transfer if transfer in {_LINEAR, _PQ, _HLG} else _SRGB_CURVE
    coding = Coding(primaries=primaries, transfer=transfer)
    return None if coding == Coding() else coding


def to_srgb(rgb: NDArray[np.float32], coding: Coding) -> NDArray[np.float32]:
    """(h, w, 3) in [0, 1] as `coding` means it, in sRGB; brighter than white is compressed below it."""
    bands = np.array_split(rgb, max(1, rgb.shape[0] // 256))  # so that doubles of all of it are never needed
    return np.concatenate([_band(band, coding) for band in bands])


def _band(rgb: NDArray[np.float32], coding: Coding) -> NDArray[np.float32]:
    light = _light(rgb.astype(np.float64), coding)
    if coding.primaries in _TO_SRGB:
        light = light @ _TO_SRGB[coding.primaries].T
    if coding.transfer in {_PQ, _HLG} and coding.gamma is None:
        light = _tone_mapped(light)
    light = np.clip(light, 0, 1)
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.clip(encoded, 0, 1).astype(np.float32)


def _light(values: NDArray[np.float64], coding: Coding) -> NDArray[np.float64]:
    """Linear light; 1 is white."""
    if coding.gamma is not None:
        return values ** (1 / coding.gamma)
    match coding.transfer:
        case 8:
            return values
        case 16:
            root = values ** (1 / 78.84375)
            light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
            return 10_000 / _WHITE_NITS * light ** (1 / 0.1593017578125)
        case 18:
            bright = (np.exp((values - 0.55991073) / 0.17883277) + 0.28466892) / 12
            scene = np.where(values <= 0.5, values**2 / 3, bright)
            luma = scene @ np.array([0.2627, 0.6780, 0.0593])
            shown: NDArray[np.float64] = 1000 / _WHITE_NITS * scene * (luma**0.2)[..., None]
            return shown
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _tone_mapped(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """All three channels by one factor, so that hues stay: above the knee they approach white."""
    brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-9)
    over = np.maximum(brightest - _KNEE, 0) / (1 - _KNEE)
    wanted = np.where(brightest > _KNEE, _KNEE + (1 - _KNEE) * over / (1 + over), brightest)
    mapped: NDArray[np.float64] = light * (wanted / brightest)
    return mapped
