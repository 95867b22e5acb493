import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nst_core import params as module
from nst_core.errors import ParamsError
from nst_core.params import COLORS, VERSION, Colors, Params, beta_for_strength, layers_of


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"size": 8}, "size must be a whole number from 32 to 4096, not 8."),
        ({"size": True}, "size must be a whole number"),
        ({"size": 256.0}, "size must be a whole number"),
        ({"steps": 0}, "steps must be a whole number from 1"),
        ({"style_scale": 0.05}, "style_scale must be a number from 0.1 to 4, not 0.05."),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"beta": math.nan}, "beta must be a number from 0 to 1e\\+12, not nan."),
        ({"beta": math.inf}, "beta must be a number"),
        ({"beta": -1.0}, "beta must be a number"),
        ({"tv": "much"}, "tv must be a number"),
        ({"lr": 0.0}, "lr must be a number"),
        ({"init": "photo"}, "init must be one of content, noise, style, adain, not 'photo'."),
        ({"optimizer": "sgd"}, "optimizer must be one of adam, lbfgs, gd"),
        ({"quality": ""}, "quality must be one of draft, standard, high"),
        ({"pooling": "sum"}, "pooling must be one of max, avg"),
        ({"network": ""}, "network must be"),
        ({"network": 19}, "network must be"),
        ({"colors": "none"}, "colors must be one of style, luminance, covariance, histogram, not 'none'."),
        ({"colors": True}, "colors must be one of"),
        ({"keep_colors": 1}, "keep_colors must be true or false, not 1."),
        ({"keep_colors": True, "colors": "histogram"}, "keep_colors contradicts colors 'histogram'"),
        ({"keep_colors": False, "colors": "luminance"}, "keep_colors contradicts colors 'luminance'"),
        ({"content_layer": "conv4_2"}, "vgg19 has no layer 'conv4_2'; it has relu1_1"),
        ({"network": "vgg16", "content_layer": "relu3_4"}, "vgg16 has no layer 'relu3_4'"),
        ({"content_layer": "relu5_2"}, "vgg19 has no layer 'relu5_2'"),
        ({"style_layers": ()}, "style_layers must name at least one layer"),
        ({"style_layers": "relu1_1"}, "style_layers must name at least one layer"),
        ({"style_layers": ("relu1_1", 2)}, "style_layers must name"),
        ({"style_layers": ("relu1_1", "relu1_1")}, "style_layers names a layer twice"),
        ({"layer_weights": (1.0, 2.0)}, "layer_weights must hold 5 numbers"),
        ({"layer_weights": (0.0,) * 5}, "layer_weights are all 0"),
        ({"layer_weights": (1.0, 1.0, 1.0, 1.0, math.nan)}, "layer_weights must be a number"),
        ({"content_weight": 1.0}, "give both or neither"),
        ({"style_weight": 1.0}, "give both or neither"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "nothing is left to paint"),
    ],
)
def test_a_value_out_of_range_is_refused_in_one_sentence(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(ParamsError, match=sentence) as refusal:
        Params.from_dict(values)
    assert "\n" not in str(refusal.value)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ParamsError, match="no parameter 'colour'"):
        Params.from_dict({"colour": True})


@given(
    values=st.fixed_dictionaries(
        {},
        optional={
            "beta": st.floats(0, 1e6),
            "size": st.integers(32, 4096),
            "steps": st.none() | st.integers(1, 20_000),
            "seed": st.integers(0, 2**63 - 1),
            "init": st.sampled_from(["content", "noise", "style", "adain"]),
            "layer_weights": st.none() | st.tuples(*[st.floats(0.1, 10)] * 5),
            "colors": st.sampled_from(COLORS),
        },
    )
)
def test_parameters_survive_json(values: dict[str, object]) -> None:
    params = Params.from_dict(values)
    assert Params.from_dict(json.loads(json.dumps(params.as_dict()))) == params


@pytest.mark.parametrize(("kept", "colors"), [(True, "luminance"), (False, "style")])
def test_what_older_pictures_and_jobs_carry_is_read(kept: bool, colors: Colors) -> None:
    stored = {"size": 256, "style_layers": ["relu1_1"], "keep_colors": kept, "style_scale": None}
    assert Params.from_dict(stored) == Params(size=256, style_layers=("relu1_1",), colors=colors)
    assert Params.from_dict({**stored, "colors": colors}) == Params.from_dict(stored)
    assert stored["keep_colors"] is kept


def test_what_was_stored_before_there_was_a_style_scale_is_painted_as_it_was() -> None:
    assert Params.from_dict({"size": 256}) == Params(size=256, style_scale=1.0)
    assert Params.from_dict(Params(size=256).as_dict()).style_scale is None


def test_parameters_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Params().size = 64  # type: ignore[misc]  # what is tested


@given(one=st.floats(0, 100), other=st.floats(0, 100))
def test_beta_never_falls_when_the_strength_grows(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert beta_for_strength(low) <= beta_for_strength(high)


def test_the_strengths_that_are_promised() -> None:
    assert beta_for_strength(0) == 0
    assert beta_for_strength(25) == pytest.approx(10 * (12**0.5 - 1) / 11)
    assert beta_for_strength(50) == pytest.approx(10) == pytest.approx(Params().nominal_beta)
    assert beta_for_strength(100) == pytest.approx(10 * 143 / 11)


@given(strength=st.floats(0, 100))
def test_a_beta_is_the_strength_that_stands_for_it(strength: float) -> None:
    for params in (Params(strength=strength), Params(beta=beta_for_strength(strength))):
        assert params.nominal_strength == pytest.approx(strength, abs=1e-6)


def test_a_beta_of_ones_own_may_be_beyond_the_scale() -> None:
    assert Params(beta=1e6).nominal_strength > 100


@pytest.mark.parametrize("strength", [-1.0, 100.5, math.nan])
def test_a_strength_outside_the_scale_is_refused(strength: float) -> None:
    with pytest.raises(ParamsError, match="strength must be a number from 0 to 100"):
        beta_for_strength(strength)


def test_the_bundled_files_end_at_relu5_1_and_torchvisions_do_not() -> None:
    assert layers_of("vgg19")[-1] == layers_of("vgg16")[-1] == "relu5_1"
    assert layers_of("torchvision:vgg19")[-1] == "relu5_4"
    assert layers_of("torchvision:vgg16")[-1] == "relu5_3"


def test_whoever_adds_to_the_parameters_raises_their_version() -> None:
    """Workers leave jobs of a newer version alone. Whoever adds here raises VERSION, and this number."""
    names = (
        *("network", "content_layer", "style_layers", "layer_weights", "gram", "moments", "matching"),
        *("strength", "beta", "content_weight", "style_weight", "init", "optimizer", "lr", "size", "steps"),
        *("seed", "tv", "pooling", "padding", "chroma", "quality", "stop", "style_scale", "colors", "faces"),
        *("simplify", "simplify_style"),
    )
    choices = {
        "NETWORKS": ("vgg19", "vgg16", "torchvision:vgg19", "torchvision:vgg16"),
        "INITS": ("content", "noise", "style", "adain"),
        "OPTIMIZERS": ("adam", "lbfgs", "gd"),
        "QUALITIES": ("draft", "standard", "high", "max"),
        "POOLINGS": ("max", "avg"),
        "PADDINGS": ("reflect", "zeros"),
        "CHROMAS": ("smooth", "free"),
        "COLORS": ("style", "luminance", "covariance", "histogram"),
        "FACES": ("keep", "paint"),
        "SIZE_PX": (32, 4096),
        "STEPS": (1, 20_000),
        "SEED": (0, 2**63 - 1),
        "STRENGTH": (0.0, 100.0),
        "STYLE_SCALE": (0.1, 4.0),
        "SIMPLIFY": (0.0, 4.0),
        "WEIGHT": (0.0, 1e12),
        "LEARNING_RATE": (1e-9, 1e12),
    }
    found = {name: getattr(module, name) for name in choices}
    fields = tuple(field.name for field in dataclasses.fields(Params))
    assert (VERSION, fields, found) == (5, names, choices)
