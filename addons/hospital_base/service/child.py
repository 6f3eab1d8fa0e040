"""The child process of blocking.in_process: a script, not to be imported.

It reads what to do from its standard input, which stays open: its end is the parent's end, and the child
dies with it. The answer goes to standard output, so prints of the function go to standard error.
"""

import os
import pickle
import signal
import struct
import sys
import threading
import types


def receive() -> bytes:
    (size,) = struct.unpack("!Q", sys.stdin.buffer.read(8))
    return sys.stdin.buffer.read(size)


def enter(addons: list[str]):
    """Make the addons importable without running their __init__, which would load Odoo."""
    if not addons:
        return
    import odoo.addons  # noqa: PLC0415  a namespace package: costs nothing

    odoo.addons.__path__ = addons
    for entry in (entry for path in addons if os.path.isdir(path) for entry in os.scandir(path) if entry.is_dir()):
        package = types.ModuleType(f"odoo.addons.{entry.name}")
        package.__path__ = [entry.path]
        sys.modules.setdefault(package.__name__, package)


def die_with_parent():
    os.read(0, 1)
    os._exit(1)


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which will kill us
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.path, addons = pickle.loads(receive())
    enter(addons)
    call = receive()
    threading.Thread(target=die_with_parent, daemon=True).start()
    try:
        function, args = pickle.loads(call)
        outcome = pickle.dumps((True, function(*args)))
    except Exception as error:
        try:
            outcome = pickle.dumps((False, error))
            pickle.loads(outcome)  # some exceptions pickle and do not come back
        except Exception:
            outcome = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    answer.write(outcome)
    answer.flush()
    os._exit(0)  # a driver's own threads must not keep us


main()
