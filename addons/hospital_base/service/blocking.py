"""Blocking calls with a deadline, in a thread or in a child process."""

import asyncio
import contextlib
import pickle
import struct
import sys
import threading
from collections.abc import Callable
from pathlib import Path

_CHILD = Path(__file__).with_name("child.py")


async def in_thread(function: Callable, *args, deadline: float):
    # daemon threads, for those of an executor would keep a stopped process alive
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    dbname = getattr(threading.current_thread(), "dbname", None)  # Odoo's log lines name it

    def settle(method, value):
        if not future.done():
            method(value)

    def work():
        threading.current_thread().dbname = dbname
        try:
            outcome = future.set_result, function(*args)
        except Exception as error:
            outcome = future.set_exception, error
        with contextlib.suppress(RuntimeError):  # the loop has been closed meanwhile
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=work, daemon=True, name=getattr(function, "__name__", "blocking")).start()
    return await asyncio.wait_for(future, deadline)


async def in_process(function: Callable, *args, deadline: float):
    """In a fresh interpreter: no fork, and nothing of Odoo unless the function's own module imports it."""
    addons = sys.modules.get("odoo.addons")
    setup = pickle.dumps((sys.path, list(addons.__path__) if addons else []))
    call = pickle.dumps((function, args))
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(_CHILD), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(deadline):
            for part in (setup, call):
                child.stdin.write(struct.pack("!Q", len(part)) + part)
            # a child that died early has closed its end: its missing answer tells
            with contextlib.suppress(ConnectionError):
                await child.stdin.drain()
            answer = await child.stdout.read()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await child.wait()
    if not answer:
        raise ChildProcessError(f"Child process ended without an answer (code {child.returncode})")
    done, value = pickle.loads(answer)
    if done:
        return value
    raise value
