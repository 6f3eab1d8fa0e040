"""Secrets stand outside the database; a record only names them."""

import os
import re
from pathlib import Path

from odoo.tools import config

SECRET_NAME = re.compile(r"[A-Za-z0-9_]+")


class NoSecret(Exception):
    """There is none of this name; ``variable`` and ``file`` say where it was looked for."""

    def __init__(self, name: str, variable: str, file: Path) -> None:
        super().__init__(name)
        self.name, self.variable, self.file = name, variable, file


def read(name: str) -> str:
    """The secret ``name`` from the environment variable HOSPITAL_SECRET_<NAME> or a file; raises NoSecret."""
    variable = f"HOSPITAL_SECRET_{name.upper()}"
    if variable in os.environ:
        return os.environ[variable]
    folder = os.environ.get("HOSPITAL_SECRETS_DIR") or os.path.join(config["data_dir"], "secrets")
    file = Path(folder, name)
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        raise NoSecret(name, variable, file) from None
