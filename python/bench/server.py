# SPDX-License-Identifier: MIT
"""server.py LOOP KIND: a server that is measured. Prints its port; told CPU it prints the CPU seconds so far, told RSS its memory
in KiB, told QUIT it ends. LOOP: asyncio, uvloop, eddyloop. KIND: proto, buffered, streams; uvicorn, fastapi, aiohttp."""
import asyncio
import os
import resource
import sys


KEPT = []  # servers


def new_loop(name):
    if name == 'asyncio':
        return asyncio.SelectorEventLoop()
    return __import__(name).new_event_loop()


class Proto(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Buffered(asyncio.BufferedProtocol):
    def connection_made(self, transport):
        self.transport, self.buffer = transport, memoryview(bytearray(1 << 18))

    def get_buffer(self, hint):
        return self.buffer

    def buffer_updated(self, count):
        self.transport.write(bytes(self.buffer[:count]))


async def echo(reader, writer):
    try:
        while data := await reader.read(1 << 18):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def bare(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'12')]})
    await send({'type': 'http.response.body', 'body': b'Hello, world'})


def fastapi_application():
    from fastapi import FastAPI
    from pydantic import BaseModel

    class Greeting(BaseModel):
        text: str

    app = FastAPI()

    @app.get('/', response_model=Greeting)
    async def hello():
        return Greeting(text='Hello, world')

    return app


async def serve_asgi(app):
    import uvicorn
    config = uvicorn.Config(app, port=0, log_level='error', access_log=False, lifespan='off')
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None
    asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    return server.servers[0].sockets[0].getsockname()[1]


async def serve_aiohttp():
    from aiohttp import web

    async def hello(request):
        return web.Response(text='Hello, world')

    app = web.Application()
    app.router.add_get('/', hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, '127.0.0.1', 0).start()
    return runner.addresses[0][1]


async def serve(kind):
    loop = asyncio.get_running_loop()
    if kind == 'uvicorn':
        return await serve_asgi(bare)
    if kind == 'fastapi':
        return await serve_asgi(fastapi_application())
    if kind == 'aiohttp':
        return await serve_aiohttp()
    if kind == 'streams':
        server = await asyncio.start_server(echo, '127.0.0.1', 0, limit=1 << 18, backlog=1024)
    else:
        server = await loop.create_server({'proto': Proto, 'buffered': Buffered}[kind], '127.0.0.1', 0, backlog=1024)
    KEPT.append(server)
    return server.sockets[0].getsockname()[1]


def told():
    word = sys.stdin.readline().strip()
    if word == 'CPU':
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(used.ru_utime + used.ru_stime, flush=True)
    elif word == 'RSS':
        with open('/proc/self/statm') as file:
            print(int(file.read().split()[1]) * 4, flush=True)
    else:
        os._exit(0)


async def main(kind):
    print(await serve(kind), flush=True)
    asyncio.get_running_loop().add_reader(0, told)
    await asyncio.Event().wait()


if __name__ == '__main__':
    new_loop(sys.argv[1]).run_until_complete(main(sys.argv[2]))
