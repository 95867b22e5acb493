"""What was found out about pictures, kept: a service is given the same ones again and again."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from nst_core.images.picture import Picture

T = TypeVar("T")


class Cache:
    """The `capacity` values that were used last, by all that they depend on."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[tuple[object, ...], Any] = OrderedDict()

    def get(self, key: tuple[object, ...], compute: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = compute()
            if len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        found: T = self._kept[key]
        return found


def digests(picture: Picture) -> tuple[bytes, bytes | None]:
    """What tells a picture from any other."""
    return digest(picture.rgb), None if picture.alpha is None else digest(picture.alpha)


def digest(values: NDArray[np.float32]) -> bytes:
    hashed = hashlib.blake2b(np.ascontiguousarray(values).data, digest_size=16)
    hashed.update(str(values.shape).encode())
    return hashed.digest()
