"""A network that can fail: a TCP proxy that drops or freezes its connections."""

import asyncio
from contextlib import suppress
from threading import Thread


class Proxy:
    """Forwards connections on its own port to another port of this machine.

    Args:
        target: Port to forward to.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()

    def cut(self) -> None:
        """Drop all connections, and refuse new ones."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result()

    def freeze(self) -> None:
        """Silently stop forwarding in both directions."""
        self._loop.call_soon_threadsafe(self._flows.clear)

    def heal(self) -> None:
        """Resume forwarding."""
        self._is_cut = False
        self._loop.call_soon_threadsafe(self._flows.set)

    def close(self) -> None:
        """Drop all connections and stop."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> int:
        self._flows = asyncio.Event()
        self._flows.set()
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    async def _close(self) -> None:
        self._server.close()
        await self._cut()
        self._flows.set()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), 10)

    async def _forward(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            await self._flows.wait()
            if self._is_cut:
                return
            server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
            ends = {to_client, to_server}
            self._writers |= ends
            try:
                await asyncio.gather(self._pump(client, to_server), self._pump(server, to_client))
            finally:
                self._writers -= ends
                to_server.transport.abort()
        except OSError:
            pass  # production is down
        finally:
            to_client.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Forward in one direction; whoever ends it ends both."""
        with suppress(OSError):
            while block := await source.read(65536):
                await self._flows.wait()
                target.write(block)
                await target.drain()
        target.transport.abort()
