"""A message that is not answered but refused: a code with arguments, and what kind of mistake it is."""

from typing import Any


class Fault(Exception):
    """``status``: the HTTP status. Below 500 the sender has to mend it, else we have and the sender may repeat."""

    def __init__(self, code: str, status: int = 400, **arguments: Any) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        # They may quote the message, and are kept.
        self.arguments = {name: value[:64] if isinstance(value, str) else value for name, value in arguments.items()}
