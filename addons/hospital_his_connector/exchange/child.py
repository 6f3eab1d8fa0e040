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


def _name_packages() -> None:
    folders = {"odoo": None, "odoo.addons": None, "odoo.addons.hospital_base": None}
    folders["odoo.addons.hospital_his_connector"] = str(CONNECTOR)
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
            if job.get("work"):
                _write(job, out)
            else:
                _read(job, out)
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


def _read(job: dict, out) -> None:
    from odoo.addons.hospital_his_connector.exchange import asking, batch, frames, keys, looking
    from odoo.addons.hospital_his_connector.exchange.limits import Limits
    from odoo.addons.hospital_his_connector.exchange.mapping import Mapper
    from odoo.addons.hospital_his_connector.exchange.reader import Reader, charset, connect

    frames.write(out, {"type": "started"})
    with connect(job["source"], Limits(**job["limits"])) as connection:
        version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        frames.write(out, {"type": "connected", "server": version})
        mark = None
        if "ask" in job:
            frames.write(out, {"type": "answer", **asking.answer(connection, job)})
        elif job.get("look"):
            head, blobs = looking.look(connection, job)
            frames.write(out, {"type": "look", **head}, blobs)
        elif not job.get("query"):
            frames.write(out, {"type": "charset", "charset": charset(connection, job["source"])})
        elif job.get("keys"):
            names = keys.columns(job)
            for part in keys.batches(keys.KeyMapper(job, names), Reader(connection, job).keys(names)):
                frames.write(out, {"type": "keys", "unnamed": part.unnamed}, {"copy": part.copy})
        else:
            reader = Reader(connection, job)
            mapper = Mapper(job, reader.columns)
            frames.write(out, {"type": "columns", "columns": reader.columns, "staged": mapper.sql_columns})
            for part in batch.batches(mapper, reader.columns, reader.rows(), reader.mark, job["batch"]):
                head = part._asdict()
                blobs = {"copy": head.pop("copy"), "raw": head.pop("raw")}
                frames.write(out, {"type": "batch", **head}, blobs)
            mark = reader.mark()
        frames.write(out, {"type": "end", "mark": mark})


# What else is done in the HIS, and where; loaded when it is asked for.
WORKS = {
    "deliver": "writing.delivery",
    "ask": "writing.delivery",
    "prepare": "twophase.branch",
    "finish": "twophase.branch",
    "branches": "twophase.branch",
    "call": "soap.client",
    "describe": "soap.client",
}


def _write(job: dict, out) -> None:
    from odoo.addons.hospital_his_connector.exchange import frames

    module = import_module(f"odoo.addons.hospital_his_connector.{WORKS[job['work']]}")
    frames.write(out, {"type": "started"})
    for frame in getattr(module, job["work"])(job):
        frames.write(out, frame)
    frames.write(out, {"type": "end"})


if __name__ == "__main__":
    main()
