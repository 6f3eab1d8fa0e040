"""The process that touches the HIS: reads jobs on stdin, writes frames on stdout, and may be killed at any time.

Started as a script, it knows nothing of Odoo: the pure parts of the two addons get their names without
the addons' own ``__init__`` being run.
"""

# pylint: disable=odoo-addons-relative-import
# Run as a script this file has no package to be relative to.
import os
import sys
import types
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
            _work(job, out)
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


def _work(job: dict, out) -> None:
    from odoo.addons.hospital_his_connector.exchange import asking, batch, frames
    from odoo.addons.hospital_his_connector.exchange.limits import Limits
    from odoo.addons.hospital_his_connector.exchange.mapping import Mapper
    from odoo.addons.hospital_his_connector.exchange.reader import Reader, connect

    frames.write(out, {"type": "started"})
    with connect(job["source"], Limits(**job["limits"])) as connection:
        version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        frames.write(out, {"type": "connected", "server": version})
        mark = None
        if "ask" in job:
            frames.write(out, {"type": "answer", **asking.answer(connection, job)})
        elif job.get("query"):
            reader = Reader(connection, job)
            mapper = Mapper(job, reader.columns)
            frames.write(out, {"type": "columns", "columns": reader.columns, "staged": mapper.sql_columns})
            for part in batch.batches(mapper, reader.columns, reader.rows(), reader.mark, job["batch"]):
                head = part._asdict()
                blobs = {"copy": head.pop("copy"), "raw": head.pop("raw")}
                frames.write(out, {"type": "batch", **head}, blobs)
            mark = reader.mark()
        frames.write(out, {"type": "end", "mark": mark})


if __name__ == "__main__":
    main()
