"""Names that people might give: to the database, the shell, a path, a terminal, a log, or to other people."""

from typing import Final

NASTY: Final = {
    "sql": "'; DROP TABLE jobs; --",
    "sql quotes": "x\" OR 1=1 UNION SELECT '1",
    "bind": ":name %s ? $1 {0} {name} %(name)s",
    "shell": "$(touch /tmp/easel-was-here); `id` && rm -rf ~ | cat",
    "path": "../../../../etc/cron.d/easel",
    "windows path": "..\\..\\C:\\CON",
    "everyone": "@everyone @here",
    "mentions": "<@123456789012345678> <@&123456789012345678> <#123456789012345678>",
    "timestamp and emoji": "<t:1:R> <:smile:123456789012345678> <a:b:1>",
    "bold": "**b** __u__ *i* ~~s~~ ||hidden|| _x_",
    "code": "`a` ```py\nb```",
    "heading": "# Big",
    "quote": ">>> all that follows",
    "list": "- item",
    "link": "[free](https://evil.example)",
    "two links": "[x] [free](https://evil.example/a_b) [y](<https://evil.example>)",
    "address": "https://evil.example/_a_?b=*c*",
    "backslashes": "\\**b\\** \\\\[x](y)",
    "lines": "one\ntwo\r\n# three\u2028four",
    "terminal": "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
    "log line": '\n{"event": "job delivered", "level": "info"}',
    "turned": "\u202egnp.exe\u2066",
    "nothing": "\x00\x01\x7f",
    "half a character": "a\ud800b",
    "long": "w" * 3000,
    "marks": "Z" + "\u0301" * 60,
}
