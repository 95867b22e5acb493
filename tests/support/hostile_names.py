"""Names that people give to presets in order to be somebody else, to hide, to shout or to break a page."""

FAMILY = "👨\u200d👩\u200d👧"
LONG = "x" * 50

PAIRS = [
    # They collide: the second is the first in disguise.
    ("night", "NIGHT"),
    ("Straße", "STRASSE"),
    ("café", "cafe\u0301"),
    ("quiet", "\uff51\uff55\uff49\uff45\uff54"),
    ("my look", "my\u3000look"),
    ("harbour", "har\u200bbour"),
    ("gnp", "\u202egnp\u202c"),
    ("heart ❤", "heart ❤\ufe0f"),
    (FAMILY, "👨👩👧"),
    ("mute", "mute\u3164"),
    (LONG, LONG + "\u200b"),
    # They hide emoji or mentions, or are markup.
    ("@everyone", "@here"),
    ("<@123456789012345678>", "<@&123456789012345678>"),
    ("<#123456789012345678>", "<:smile:123456789012345678>"),
    ("<a:party:123456789012345678>", "</stylize:123456789012345678>"),
    ("<t:0:R>", "<id:guide>"),
    ("**bold**", "***"),
    ("`code`", "```"),
    ("||spoiler||", "~~gone~~"),
    ("# shout", "-# whisper"),
    ("> quote", ">>> quotes"),
    ("[**click**](https://evil.example)", "https://evil.example/*a*_b_"),
    ("ends with \\", "\\"),
    ("_", "__"),
    (f"{FAMILY} {FAMILY}", "😀" * 50),
    ("שלום", "سلام"),
    ("{name}", "{0.__class__}"),
    ("%s", "'; DROP TABLE presets; --"),
    # They are as long as Discord lets an option be, which is too long for a name.
    ("y" * 100, "🎨" * 100),
    ("*" * 100, "<@1>" * 25),
    (("a\u0301" * 50), "\u0301" * 100),
]
