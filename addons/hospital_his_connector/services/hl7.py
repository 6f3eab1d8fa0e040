"""The service ``hl7``: listens for HL7 messages, keeps and acknowledges them, and has them handled in their order."""

import asyncio
import contextlib
import logging
import time

from odoo.addons.hospital_base.service import Service, register
from odoo.addons.hospital_base.service.backoff import delay
from odoo.addons.hospital_base.service.post import describe

from ..hl7 import reading, server

_logger = logging.getLogger(__name__)

LOOK = 15  # seconds after which it looks what has changed even if nobody has woken it
SETTLE = 5  # seconds between looking for rows that need wait no longer


@register
class Hl7(Service):
    name = "hl7"

    def __init__(self, context):
        super().__init__(context)
        self.servers = {}  # listener -> (settings, server)
        self.arrived = asyncio.Queue()
        self.work = asyncio.Event()

    async def run(self):
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._keep_all()), group.create_task(self._handle_all())]
                while not self.context.stopping:
                    await self._listen()
                    await self.context.wait(LOOK)
                for task in tasks:
                    task.cancel()
        finally:
            for _settings, listening in self.servers.values():
                await listening.stop()

    # -- listening ---------------------------------------------------------------------------------------------

    async def _listen(self):
        """Open and close listeners as the screens say; one that cannot be opened keeps none of the others shut."""
        wanted = await self.context.transaction(settings, deadline=30)
        for key in [key for key, (own, _listening) in self.servers.items() if wanted.get(key) != own]:
            await self.servers.pop(key)[1].stop()
        found = {}
        for key, own in wanted.items():
            if key not in self.servers:
                host, port, peers, charset, source = own
                listening = server.Server(host, port, peers, self._keeper(source, charset))
                try:
                    await listening.start()
                except OSError as error:
                    found[key] = (False, "hl7_cannot_listen", {"message": error.strerror or type(error).__name__})
                    continue
                self.servers[key] = own, listening
            found[key] = (True,)
        await self.context.transaction(note, found, deadline=30)
        ports = sorted(own[1] for own, _listening in self.servers.values())
        self.context.report(f"Listening on {', '.join(map(str, ports))}" if ports else "")

    # -- keeping -----------------------------------------------------------------------------------------------

    def _keeper(self, source, charset):
        async def keep_messages(messages):
            answers = asyncio.get_running_loop().create_future()
            self.arrived.put_nowait((source, charset, messages, answers))
            return await answers

        return keep_messages

    async def _keep_all(self):
        """All that has arrived meanwhile is kept in one transaction; only then is it acknowledged."""
        while True:
            waiting = [await self.arrived.get()]
            while not self.arrived.empty():
                waiting.append(self.arrived.get_nowait())
            if not await self._keep(waiting) and len(waiting) > 1:
                for one in waiting:
                    await self._keep([one])
            for _source, charset, messages, answers in waiting:
                if not answers.done():
                    answers.set_result([reading.again(message, charset) for message in messages])
            self.work.set()

    async def _keep(self, waiting):
        try:
            kept = await self.context.transaction(keep, [parts[:3] for parts in waiting], deadline=30)
        except Exception as error:
            _logger.error("HL7 messages cannot be kept: %s", describe(error))
            return False
        for (*_parts, answers), own in zip(waiting, kept, strict=True):
            if not answers.done():  # the connection may be gone
                answers.set_result(own)
        return True

    # -- handling ----------------------------------------------------------------------------------------------

    async def _handle_all(self):
        failures, settled_at, handled = 0, 0.0, 0
        while True:
            self.work.clear()
            pause = LOOK
            try:
                while count := await self.context.transaction(handle, deadline=300):
                    handled += count
                    if time.monotonic() - settled_at > SETTLE:
                        await self.context.transaction(settle, deadline=300)
                        settled_at, handled = time.monotonic(), 0
                failures = 0
                if handled:  # soon, but not after each single message
                    pause = SETTLE
                    if time.monotonic() - settled_at > SETTLE:
                        await self.context.transaction(settle, deadline=300)
                        settled_at, handled = time.monotonic(), 0
            except Exception as error:  # whatever it is, messages are kept meanwhile
                failures += 1
                pause = delay(failures)
                _logger.error("HL7 messages cannot be handled: %s, again in %.1f s", describe(error), pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.work.wait(), pause)


def settings(env):
    return env["hospital.his.listener"]._settings()


def note(env, found):
    for key, state in found.items():
        env["hospital.his.listener"].browse(key)._note(*state)


def keep(env, arrived):
    inbox = env["hospital.his.inbox"]
    return [inbox._receive_hl7(source, charset, messages) for source, charset, messages in arrived]


def handle(env):
    return env["hospital.his.inbox"]._work_hl7()


def settle(env):
    env["hospital.his.feed"]._unsettled()._retry_waiting()
