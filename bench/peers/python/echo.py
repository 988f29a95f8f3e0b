# SPDX-License-Identifier: MIT
"""CPython's echo server, by the protocols that are faster than its streams: `python3 echo.py BUFFER [uvloop]`."""
import asyncio
import os
import resource
import ssl
import sys

if sys.argv[2:] == ['uvloop']:
    import uvloop
    uvloop.install()


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


async def serve():
    context = None
    if 'BENCH_CERTIFICATE' in os.environ:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(os.environ['BENCH_CERTIFICATE'])
    server = await asyncio.get_running_loop().create_server(Echo, '127.0.0.1', 0, backlog=4096, ssl=context)
    print('listening %d' % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
asyncio.run(serve())
