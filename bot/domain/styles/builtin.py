"""The paintings that come with Easel as styles."""

from bot.domain.styles.names import search_key
from bot.domain.styles.style import EXAMPLES, Painting
from bot.language import N_

STRENGTHS = (25, 50, 75, 100)
"""Those of `strengths_example`, from left to right."""

BUILT_IN = (
    Painting(
        name="Starry Night",
        title="The Starry Night",
        artist="Vincent van Gogh",
        year="1889",
        file="starry_night.jpg",
        about=N_("Swirling strokes of deep blue with yellow lights. Good for skies, landscapes and animals."),
        settings={"style_scale": 1.5},
    ),
    Painting(
        name="Starry Night over the Rhône",
        artist="Vincent van Gogh",
        year="1888",
        file="starry_night_over_the_rhone.jpg",
        about=N_(
            "Short strokes of midnight blue with gold lights that shimmer as on water. "
            "Good for cities at night and for rivers; pictures become dark."
        ),
        settings={"style_scale": 1.5},
    ),
    Painting(
        name="Café Terrace at Night",
        artist="Vincent van Gogh",
        year="1888",
        file="cafe_terrace_at_night.jpg",
        about=N_(
            "Warm yellow against a dark blue night, in firm strokes. Good for streets, houses and evenings."
        ),
        settings={"style_scale": 1.25},
    ),
    Painting(
        name="Wheat Field with Cypresses",
        artist="Vincent van Gogh",
        year="1889",
        file="wheat_field_with_cypresses.jpg",
        about=N_(
            "Bright curling strokes: pale blue clouds, yellow fields, green trees. "
            "Good for landscapes in daylight and wide skies."
        ),
        settings={"style_scale": 1.5},
    ),
    Painting(
        name="Irises",
        artist="Vincent van Gogh",
        year="1889",
        file="irises.jpg",
        about=N_(
            "Long curved strokes of blue violet and fresh green. Good for plants, flowers and animals' fur."
        ),
        settings={"style_scale": 2.0},
    ),
    Painting(
        name="Self-Portrait with a Straw Hat",
        artist="Vincent van Gogh",
        year="1887",
        file="self_portrait_with_straw_hat.jpg",
        about=N_(
            "Dry dashes of yellow, orange and pale blue that follow every form. "
            "Good for portraits and animals."
        ),
        settings={"style_scale": 1.25},
    ),
    Painting(
        name="Impression, Sunrise",
        artist="Claude Monet",
        year="1872",
        file="impression_sunrise.jpg",
        about=N_(
            "A soft grey-blue mist with touches of orange. Good for water, harbours and quiet moods; "
            "bright colours are hushed."
        ),
        settings={"style_scale": 1.25},
    ),
    Painting(
        name="The Japanese Footbridge",
        artist="Claude Monet",
        year="1899",
        file="japanese_footbridge.jpg",
        about=N_(
            "Countless small touches of green, with hints of pink and violet. "
            "Good for gardens, woods and water."
        ),
        settings={"style_scale": 2.0},
    ),
    Painting(
        name="Water Lilies",
        artist="Claude Monet",
        year="c. 1916 to 1919",
        file="water_lilies.jpg",
        about=N_(
            "Loose strokes of violet, green and pink, blurred as in a pond. Good for flowers and gardens; "
            "fine detail melts away."
        ),
        settings={"style_scale": 1.25},
    ),
    Painting(
        name="The Great Wave",
        title="The Great Wave off Kanagawa",
        artist="Katsushika Hokusai",
        year="c. 1831",
        file="great_wave.jpg",
        about=N_(
            "A woodcut: dark blue lines and flat blues on pale paper. "
            "Good for the sea, buildings, and pictures with clear outlines."
        ),
        settings={"style_scale": 2.0},
    ),
    Painting(
        name="Red Fuji",
        title="Fine Wind, Clear Morning",
        artist="Katsushika Hokusai",
        year="c. 1831",
        file="red_fuji.jpg",
        about=N_(
            "A woodcut in brick red, blue and cream, with small curled clouds. "
            "Good for mountains, landscapes and simple shapes."
        ),
        settings={"style_scale": 1.5},
    ),
    Painting(
        name="Kirifuri Waterfall",
        title="Kirifuri Waterfall at Kurokami Mountain",
        artist="Katsushika Hokusai",
        year="c. 1832",
        file="kirifuri_waterfall.jpg",
        about=N_(
            "A woodcut of branching lines in dark blue, ochre and green. "
            "Good for trees, water and hair; calm surfaces fill with lines."
        ),
        settings={"style_scale": 1.5},
    ),
    Painting(
        name="The Shipwreck",
        title="The Shipwreck of the Minotaur",
        artist="J. M. W. Turner",
        year="c. 1810",
        file="shipwreck.jpg",
        about=N_(
            "Dark sea green and a golden light, with soft edges. Faces and details stay; "
            "dark pictures become very dark."
        ),
        settings={"style_scale": 1.0},
    ),
    Painting(
        name="The Scream",
        artist="Edvard Munch",
        year="1893",
        file="the_scream.jpg",
        about=N_(
            "Long flowing bands of orange and dark green. "
            "Calm surfaces such as skies and walls start to move."
        ),
        settings={"style_scale": 1.0},
    ),
    Painting(
        name="A Sunday on La Grande Jatte",
        artist="Georges Seurat",
        year="1884 to 1886",
        file="a_sunday_on_la_grande_jatte.jpg",
        about=N_(
            "Fine dots of green, blue and warm light. Good for people outdoors and sunny places; "
            "shapes stay calm and clear."
        ),
        settings={"style_scale": 2.0, "simplify_style": 0.0},
    ),
    Painting(
        name="The Calanque",
        artist="Paul Signac",
        year="1906",
        file="calanque.jpg",
        about=N_(
            "A mosaic of pink, violet, blue and orange dabs. Good for coasts, skies and bright pictures."
        ),
        settings={"style_scale": 1.5, "simplify_style": 0.0},
    ),
    Painting(
        name="Mont Sainte-Victoire",
        artist="Paul Cézanne",
        year="c. 1904",
        file="mont_sainte_victoire.jpg",
        about=N_(
            "Broad slanting patches of green, ochre and blue. Good for landscapes and buildings; "
            "small things turn into facets."
        ),
        settings={"style_scale": 1.0},
    ),
    Painting(
        name="The Kiss",
        artist="Gustav Klimt",
        year="1907 to 1908",
        file="the_kiss.jpg",
        about=N_(
            "Gold all over, with flowers, rings and black and white tiles. "
            "Good for portraits and for couples."
        ),
        settings={"style_scale": 1.0, "matching": 0.0, "simplify_style": 0.0},
    ),
    Painting(
        name="Four Trees",
        artist="Egon Schiele",
        year="1917",
        file="four_trees.jpg",
        about=N_(
            "Dusky red and dark green with thin branching lines, as in late autumn. "
            "Good for trees, horizons and bare landscapes."
        ),
        settings={"style_scale": 1.5},
    ),
    Painting(
        name="The Large Blue Horses",
        artist="Franz Marc",
        year="1911",
        file="large_blue_horses.jpg",
        about=N_("Large round forms in glowing blue, red and yellow. Good for animals and simple subjects."),
        settings={"style_scale": 0.8},
    ),
    Painting(
        name="Composition VII",
        artist="Wassily Kandinsky",
        year="1913",
        file="composition_vii.jpg",
        about=N_("Sharp shards of every colour. Bold: best for pictures with one clear subject."),
        settings={"style_scale": 1.0},
    ),
    Painting(
        name="Composition VIII",
        artist="Wassily Kandinsky",
        year="1923",
        file="composition_viii.jpg",
        about=N_(
            "Thin lines, circles and coloured triangles on a cream ground. "
            "Good for buildings and objects; light surfaces fill with figures."
        ),
        settings={"style_scale": 1.0},
    ),
    Painting(
        name="Portrait of Metzinger",
        artist="Robert Delaunay",
        year="1906",
        file="portrait_of_metzinger.jpg",
        about=N_(
            "Square dabs of strong colour, laid like a mosaic. Good for portraits and simple backgrounds."
        ),
        settings={"style_scale": 1.25, "matching": 0.0},
    ),
    Painting(
        name="Woman with a Hat",
        artist="Henri Matisse",
        year="1905",
        file="woman_with_a_hat.jpg",
        about=N_(
            "Broad free patches of green, pink, violet and orange, even in faces. "
            "Good for portraits; colours are anything but natural."
        ),
        settings={"style_scale": 0.65},
    ),
)


def strengths_example() -> bytes:
    """A JPEG of the cat in the style of The Great Wave, once for each of `STRENGTHS`."""
    return (EXAMPLES / "strengths.jpg").read_bytes()


def painting(name: str) -> Painting | None:
    """The built-in painting of that name or full title, in upper or lower case, with or without accents."""
    key = search_key(name)
    return next((one for one in BUILT_IN if key in (search_key(one.name), search_key(one.full_title))), None)
