"""What is kept about pictures, and what tells one from another."""

import numpy as np

from nst_core.images.kept import Cache, digests
from nst_core.images.picture import Picture


def test_the_cache_computes_a_key_once_and_forgets_the_oldest() -> None:
    cache, computed = Cache(capacity=2), list[str]()

    def compute(name: str) -> str:
        computed.append(name)
        return name.upper()

    found = [
        cache.get((name,), lambda name=name: compute(name))  # type: ignore[misc]  # bound now
        for name in ("a", "b", "a", "c", "a", "b")
    ]
    assert found == ["A", "B", "A", "C", "A", "B"]
    assert computed == ["a", "b", "c", "b"]


def test_pictures_differ_by_their_pixels_their_shape_and_what_is_hidden() -> None:
    rgb = np.linspace(0, 1, 36, dtype=np.float32).reshape(3, 4, 3)
    alpha = np.ones((3, 4), dtype=np.float32)
    other = rgb.copy()
    other[0, 0, 0] = 0.5
    told = [
        digests(one)
        for one in (
            Picture(rgb=rgb),
            Picture(rgb=rgb.reshape(4, 3, 3)),
            Picture(rgb=other),
            Picture(rgb=rgb, alpha=alpha),
            Picture(rgb=rgb, alpha=np.full((3, 4), 0.5, dtype=np.float32)),
        )
    ]
    assert len(set(told)) == 5
    assert digests(Picture(rgb=rgb.copy(), alpha=alpha.copy())) == told[3]
