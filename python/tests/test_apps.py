# SPDX-License-Identifier: MIT
"""Real programs on Eddy's loop: Debian's packages, against real servers on loopback and on sockets in a folder of their own."""
import asyncio
import contextlib
import os
import pwd
import shutil
import ssl
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

import eddyloop
from glob import glob

SECONDS = 60
WHOSE_LOOP = '''
    import asyncio

    async def app(scope, receive, send):
        if scope['type'] != 'http':
            return
        said = type(asyncio.get_running_loop()).__module__.encode()
        await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'%d' % len(said))]})
        await send({'type': 'http.response.body', 'body': said})
    '''


def run(coro):
    """On a loop of Eddy's; nothing may wait for longer than a minute."""
    async def bounded():
        assert isinstance(asyncio.get_running_loop(), eddyloop.Loop)
        return await asyncio.wait_for(coro, SECONDS)

    return eddyloop.run(bounded())


@contextlib.contextmanager
def process(command, **options):
    """A server, for as long as the block lasts."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdout.close()


def wait_for_file(path, child):
    for _ in range(SECONDS * 50):
        if os.path.exists(path):
            return
        if child.poll() is not None:
            raise AssertionError(child.stdout.read().decode(errors='replace'))
        time.sleep(0.02)
    raise AssertionError('%s did not appear' % path)


def certificate(folder):
    """(certificate, key) for localhost."""
    paths = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost', '-addext',
                    'subjectAltName=DNS:localhost,IP:127.0.0.1', '-out', paths[0], '-keyout', paths[1]], check=True, capture_output=True)
    return paths


class Aiohttp(unittest.TestCase):
    async def talk(self, server_tls=None, client_tls=None):
        import aiohttp
        from aiohttp import web

        async def hello(request):
            return web.json_response({'name': request.match_info['name']})

        async def echo(request):
            return web.Response(body=await request.read())

        async def chat(request):
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(message.data.upper())
            return socket

        app = web.Application(client_max_size=1 << 24)
        app.add_routes([web.get('/hello/{name}', hello), web.post('/echo', echo), web.get('/chat', chat)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, '127.0.0.1', 0, ssl_context=server_tls).start()
        base = '%s://localhost:%d' % ('https' if server_tls else 'http', runner.addresses[0][1])
        body = os.urandom(3_000_000)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client_tls, family=2)) as session:
            answers = await asyncio.gather(*[self.get(session, '%s/hello/%d' % (base, number)) for number in range(50)])
            async with session.post(base + '/echo', data=body) as response:
                echoed = await response.read()
            async with session.ws_connect(base + '/chat') as chatting:
                await chatting.send_str('shout')
                shouted = await chatting.receive_str()
        await runner.cleanup()
        self.assertEqual([answer['name'] for answer in answers], [str(number) for number in range(50)])
        self.assertEqual(echoed, body)
        self.assertEqual(shouted, 'SHOUT')

    async def get(self, session, url):
        async with session.get(url) as response:
            return await response.json()

    def test_server_client_and_websocket(self):
        run(self.talk())

    def test_over_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            paths = certificate(folder)
            server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            server.load_cert_chain(*paths)
            run(self.talk(server, ssl.create_default_context(cafile=paths[0])))


class Asgi(unittest.TestCase):
    def application(self):
        from fastapi import FastAPI, WebSocket
        from fastapi.responses import StreamingResponse
        from pydantic import BaseModel

        class Order(BaseModel):
            name: str
            count: int

        app = FastAPI()

        @app.post('/orders')
        async def order(order: Order):
            await asyncio.sleep(0.001)
            return {'total': order.count * 2, 'name': order.name}

        @app.get('/blocking')
        def blocking():
            return {'thread': True}

        @app.get('/numbers')
        async def numbers():
            async def some():
                for number in range(10):
                    yield '%d\n' % number
                    await asyncio.sleep(0)
            return StreamingResponse(some())

        return app

    async def serve_and_ask(self):
        import httpx
        import uvicorn
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'socket')
            server = uvicorn.Server(uvicorn.Config(self.application(), uds=path, log_level='warning', loop='none'))
            server.install_signal_handlers = lambda: None
            serving = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=path), base_url='http://here') as client:
                orders = await asyncio.gather(*[client.post('/orders', json={'name': 'tea', 'count': count}) for count in range(20)])
                blocking = await client.get('/blocking')
                numbers = await client.get('/numbers')
                wrong = await client.post('/orders', json={'name': 'tea'})
            server.should_exit = True
            await serving
        self.assertEqual([order.json()['total'] for order in orders], [count * 2 for count in range(20)])
        self.assertEqual(blocking.json(), {'thread': True})
        self.assertEqual(numbers.text.split(), [str(number) for number in range(10)])
        self.assertEqual(wrong.status_code, 422)

    def test_uvicorn_starlette_fastapi_httpx(self):
        run(self.serve_and_ask())

    def test_uvicorn_by_the_command_of_the_page(self):
        """docs/python.md's line, without a change of the program; SIGTERM ends it gracefully."""
        import httpx
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, 'shop.py'), 'w', encoding='utf-8') as file:
                file.write(textwrap.dedent(WHOSE_LOOP))
            path = os.path.join(folder, 'socket')
            with process([sys.executable, '-m', 'eddyloop', '-m', 'uvicorn', '--loop', 'asyncio', 'shop:app', '--uds', path],
                         cwd=folder) as child:
                wait_for_file(path, child)
                transport = httpx.HTTPTransport(uds=path, retries=6)  # it is bound before it listens
                with httpx.Client(transport=transport, base_url='http://here', timeout=SECONDS) as client:
                    self.assertEqual(client.get('/').text, 'eddyloop.loop')
                child.terminate()
                self.assertEqual(child.wait(SECONDS), 0)

    def test_gunicorn_with_a_worker_of_uvicorns(self):
        programs = {'worker.py': '''
            import eddyloop
            from uvicorn.workers import UvicornWorker

            eddyloop.install()


            class Worker(UvicornWorker):
                CONFIG_KWARGS = {'loop': 'none', 'http': 'auto'}
            ''', 'shop.py': WHOSE_LOOP}
        import httpx
        with tempfile.TemporaryDirectory() as folder:
            for name, text in programs.items():
                with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                    file.write(textwrap.dedent(text))
            path = os.path.join(folder, 'socket')
            with process([sys.executable, '-m', 'gunicorn', '-k', 'worker.Worker', '-w', '2', '-b', 'unix:' + path,
                          '--worker-tmp-dir', folder, 'shop:app'], cwd=folder) as child:
                wait_for_file(path, child)
                with httpx.Client(transport=httpx.HTTPTransport(uds=path), base_url='http://here', timeout=SECONDS) as client:
                    self.assertEqual([client.get('/').text for _ in range(10)], ['eddyloop.loop'] * 10)

    def test_client_of_fastapi_without_a_server(self):
        from fastapi.testclient import TestClient
        policy = asyncio.get_event_loop_policy()
        eddyloop.install()
        try:
            with TestClient(self.application()) as client:
                self.assertEqual(client.post('/orders', json={'name': 'tea', 'count': 3}).json()['total'], 6)
                self.assertEqual(client.get('/blocking').json(), {'thread': True})
        finally:
            asyncio.set_event_loop_policy(policy)


class Websockets(unittest.TestCase):
    async def talk(self):
        import websockets

        async def echo(socket, path=None):
            async for message in socket:
                await socket.send(message)

        async with websockets.serve(echo, '127.0.0.1', 0, max_size=None) as server:
            port = server.sockets[0].getsockname()[1]
            async with websockets.connect('ws://127.0.0.1:%d' % port, max_size=None) as socket:
                for message in ('short', 'x' * 200_000, os.urandom(1_000_000)):
                    await socket.send(message)
                    self.assertEqual(await socket.recv(), message)
                await (await socket.ping())

    def test_messages_both_ways(self):
        run(self.talk())


class Redis(unittest.TestCase):
    async def use(self, path):
        import redis.asyncio
        client = redis.asyncio.Redis(unix_socket_path=path)
        await asyncio.gather(*[client.set('key%d' % number, number) for number in range(50)])
        self.assertEqual(await client.mget(['key%d' % number for number in range(50)]), [b'%d' % number for number in range(50)])
        async with client.pubsub() as listener:
            await listener.subscribe('news')
            await client.publish('news', 'it is here')
            async for message in listener.listen():
                if message['type'] == 'message':
                    self.assertEqual(message['data'], b'it is here')
                    break
        await client.close()

    def test_commands_and_subscription(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'redis')
            with process(['redis-server', '--port', '0', '--unixsocket', path, '--save', '', '--dir', folder]) as child:
                wait_for_file(path, child)
                run(self.use(path))


class Postgres(unittest.TestCase):
    async def use(self, folder):
        import asyncpg
        pool = await asyncpg.create_pool(host=folder, user='eddy', database='postgres', min_size=2, max_size=5)
        async with pool.acquire() as connection:
            await connection.execute('create table words (number int, word text)')
            await connection.executemany('insert into words values ($1, $2)', [(number, 'word %d' % number) for number in range(500)])
            rows = await connection.fetch('select * from words order by number')
            async with connection.transaction():
                seen = [row['number'] async for row in connection.cursor('select number from words order by number')]
        sums = await asyncio.gather(*[pool.fetchval('select $1::int + count(*) from words', number) for number in range(20)])
        with self.assertRaises(asyncio.TimeoutError):
            await pool.fetchval('select pg_sleep(60)', timeout=0.05)
        await pool.close()
        self.assertEqual([row['word'] for row in rows], ['word %d' % number for number in range(500)])
        self.assertEqual(seen, list(range(500)))
        self.assertEqual(sums, [500 + number for number in range(20)])

    def test_pool_cursor_and_cancel(self):
        programs = sorted(glob('/usr/lib/postgresql/*/bin'))[-1]
        owner = pwd.getpwnam('postgres') if os.getuid() == 0 else None  # which refuses to run as root
        folder = tempfile.mkdtemp()
        try:
            options = {}
            if owner:
                os.chown(folder, owner.pw_uid, owner.pw_gid)
                options = {'user': owner.pw_uid, 'group': owner.pw_gid}
            data = os.path.join(folder, 'data')
            subprocess.run([programs + '/initdb', '-D', data, '-U', 'eddy', '-A', 'trust', '--no-sync'], check=True,
                           capture_output=True, cwd=folder, **options)
            with process([programs + '/postgres', '-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
                         cwd=folder, **options) as child:
                wait_for_file(os.path.join(folder, '.s.PGSQL.5432'), child)
                run(self.use_when_it_is_up(folder))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def use_when_it_is_up(self, folder):
        import asyncpg
        while True:
            try:
                await (await asyncpg.connect(host=folder, user='eddy', database='postgres')).close()
                break
            except asyncpg.CannotConnectNowError:
                await asyncio.sleep(0.05)
        await self.use(folder)


class Anyio(unittest.TestCase):
    def test_groups_scopes_threads_sockets_processes(self):
        import anyio
        policy = asyncio.get_event_loop_policy()
        eddyloop.install()
        try:
            self.assertEqual(anyio.run(self.use), 'done')
        finally:
            asyncio.set_event_loop_policy(policy)

    async def use(self):
        import anyio
        self.assertIsInstance(asyncio.get_running_loop(), eddyloop.Loop)
        with anyio.move_on_after(0.01) as scope:
            await anyio.sleep(SECONDS)
        self.assertTrue(scope.cancel_called)
        self.assertEqual(await anyio.to_thread.run_sync(lambda: 42), 42)

        async def echo(stream):
            async with stream:
                await stream.send(await stream.receive())

        listener = await anyio.create_tcp_listener(local_host='127.0.0.1')
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, echo)
            port = listener.extra(anyio.abc.SocketAttribute.local_port)
            async with await anyio.connect_tcp('127.0.0.1', port) as stream:
                await stream.send(b'echoed')
                self.assertEqual(await stream.receive(), b'echoed')
            group.cancel_scope.cancel()
        await listener.aclose()
        self.assertEqual((await anyio.run_process(['echo', 'hi'])).stdout, b'hi\n')
        return 'done'


if __name__ == '__main__':
    unittest.main()
