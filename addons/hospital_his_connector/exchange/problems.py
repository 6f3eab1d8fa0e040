"""Everything that can go wrong is a code with arguments; the sentence for people is made in one place above."""

import re
from typing import Any


class Rejected(Exception):
    """One row, or one value of it, cannot be taken."""

    def __init__(self, code: str, **arguments: Any) -> None:
        super().__init__(code)
        self.code = code
        self.arguments = arguments


class ReadingFailed(Exception):
    """The reading as a whole cannot go on."""

    def __init__(self, code: str, **arguments: Any) -> None:
        super().__init__(code)
        self.code = code
        self.arguments = arguments


class BadFile(Exception):
    """A file that is to describe feeds cannot be taken."""

    def __init__(self, code: str, **arguments: Any) -> None:
        super().__init__(code)
        self.code = code
        self.arguments = arguments


_MYSQL = re.compile(r"""^\((\d+), (["'])(.*)\2\)$""", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|«[^»]*»")


def safe_message(message: str, query: str | None, length: int = 300) -> str:
    """The driver's words without the HIS's data: what stands in quotes stays only if it stands in the query too.

    Without a query nothing of the HIS has been seen yet.

    >>> safe_message('''(1366, "Incorrect integer value: '张三' for column 'XM'")''', "SELECT XM FROM T")
    "1366 Incorrect integer value: … for column 'XM'"
    >>> safe_message('column "XMM" does not exist', "SELECT XMM FROM T")
    'column "XMM" does not exist'
    >>> safe_message('DPI-1047: Cannot locate "libclntsh.so". See https://x.y/z for help\\nHelp: https://x.y/z', None)
    'DPI-1047: Cannot locate "libclntsh.so".'
    """
    message = message.split("\n[SQL:")[0].split("\n(Background")[0].split("\nHelp:")[0].strip()
    message = re.sub(r"\s*See https://\S+ for help", "", message)
    message = re.sub(r"^\(\w+(?:\.\w+)*\)\s+", "", message)  # SQLAlchemy's "(pymysql.err.ProgrammingError) "
    message = _MYSQL.sub(r"\1 \3", message)
    if query is None:
        return message[:length]
    return _QUOTED.sub(lambda m: m[0] if m[0][1:-1] in query else "…", message)[:length]
