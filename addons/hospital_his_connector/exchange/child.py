"""The process that touches the HIS: reads jobs on stdin, writes frames on stdout, and may be killed at any time.

Started as a script, it knows nothing of Odoo: the pure parts of the two addons get their names without
the addons' own ``__init__`` being run.
"""

# pylint: disable=odoo-addons-relative-import
# Run as a script this file has no package to be relative to.
import os
import sys
import types
from importlib import import_module
from pathlib import Path

CONNECTOR = Path(__file__).resolve().parent.parent
PACKAGE = "odoo.addons.hospital_his_connector"

# What a job may ask for, and the module that does it, loaded when it is asked for: a function of that name makes
# of the job the frames that answer it.
WORKS = {
    "test": "exchange.reading",
    "read": "exchange.reading",
    "read_keys": "exchange.reading",
    "tables": "exchange.looking",
    "first_rows": "exchange.looking",
    "enquire": "exchange.asking",
    "deliver": "writing.delivery",
    "ask": "writing.delivery",
    "prepare": "twophase.branch",
    "finish": "twophase.branch",
    "branches": "twophase.branch",
    "call": "soap.client",
    "describe": "soap.client",
}


def _name_packages() -> None:
    folders = {"odoo": None, "odoo.addons": None, "odoo.addons.hospital_base": None}
    folders[PACKAGE] = str(CONNECTOR)
    for name, folder in folders.items():
        package = types.ModuleType(name)
        package.__path__ = [folder] if folder else []
        sys.modules[name] = package


def main() -> None:
    """One job after the other, until stdin ends."""
    sys.path.remove(str(Path(__file__).resolve().parent))  # our file names must not hide a driver's modules
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    sys.stdout = sys.stderr  # whatever a driver prints must not look like a frame
    _name_packages()

    from odoo.addons.hospital_his_connector.exchange import frames
    from odoo.addons.hospital_his_connector.exchange.problems import ReadingFailed

    while frame := frames.read(sys.stdin.buffer):
        job, _blobs = frame
        sys.modules["odoo.addons.hospital_base"].__path__ = [job["base"]]
        try:
            frames.write(out, {"type": "started"})
            module = import_module(f"{PACKAGE}.{WORKS[job['work']]}")
            for answer in getattr(module, job["work"])(job):
                frames.write(out, answer)
            frames.write(out, {"type": "end"})
        except ReadingFailed as failure:
            frames.write(out, {"type": "failed", "code": failure.code, "arguments": failure.arguments})
        except Exception as error:
            # No message: it might hold a patient's data. Where it happened is enough to find it.
            trace = error.__traceback__
            while trace.tb_next:
                trace = trace.tb_next
            where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
            arguments = {"error": type(error).__name__, "where": where}
            frames.write(out, {"type": "failed", "code": "internal", "arguments": arguments})


if __name__ == "__main__":
    main()
