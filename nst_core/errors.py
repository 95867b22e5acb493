"""The engine's errors. Each message is one sentence that says what to do, without a path's secrets.

EngineError
├── ParamsError         a parameter is out of range
├── PictureError        what is no picture, shows nothing, or is too large
│   ├── TooManyPixels   its header announces more than allowed
│   ├── UnknownKind     it is sound, and of a kind that is not read here
│   └── CutShort        it ends too early
├── WeightsError        a weight file is missing, wrong, truncated or malicious
├── DeviceError         the device asked for is not there
├── MemoryLimitError    by the estimate the picture does not fit into memory, not even in tiles
├── OutOfMemory         an allocation failed on the way
└── DeviceLost          the device answers nothing any more in this process
"""


class EngineError(Exception):
    """Anything nst_core refuses to do."""


class ParamsError(EngineError, ValueError):
    """A parameter is out of range."""


class PictureError(EngineError, ValueError):
    """Bytes or arrays that are no picture, one that is transparent all over, or one that is too large."""


class TooManyPixels(PictureError):
    """A header announces more pixels than allowed; none was decoded."""

    def __init__(self, width: int, height: int, *, max_pixels: int) -> None:
        super().__init__(
            f"That picture has {width} x {height} pixels, more than the "
            f"{max_pixels / 1e6:g} million allowed: send a smaller one."
        )
        self.width = width
        self.height = height
        self.max_pixels = max_pixels


class UnknownKind(PictureError):
    """A sound file of a kind that cannot be read here; `raw`: the camera's raw format that it has."""

    def __init__(self, raw: str | None = None) -> None:
        super().__init__(
            f"That is a camera's raw file ({raw}), which Easel cannot develop: "
            "send a JPEG that was made of it."
            if raw
            else "That TIFF keeps its pixels in a way that Easel cannot read: "
            "save it with 8 or 16 bits per channel, or as a PNG."
        )
        self.raw = raw


class CutShort(PictureError):
    """A file that ends too early: more than a tenth of its rows is missing."""

    def __init__(self, missing_percent: float) -> None:
        super().__init__(
            f"That picture is cut short, {missing_percent:.0f}% of it is missing: "
            "save it again and send the new file."
        )
        self.missing_percent = missing_percent


class WeightsError(EngineError):
    """A weight file is missing, wrong, truncated or malicious."""


class DeviceError(EngineError):
    """The device asked for is not there."""


class MemoryLimitError(EngineError):
    """By the estimate the picture does not fit into memory, not even in tiles; nothing was allocated."""


class OutOfMemory(EngineError, MemoryError):
    """An allocation failed, on the device or in main memory; its cause says which."""


class DeviceLost(EngineError):
    """The device answers nothing any more in this process, whatever it is asked. A new one may do better."""
