"""async with: enter before the block, exit after it, whichever way the block is left."""
import asyncio


class AsyncManager:
    def __init__(self, x):
        self.x = x

    async def yow(self):
        print(f"yow: x is {self.x}")

    async def __aenter__(self):
        print(f"enter {self.x}")
        return self

    async def __aexit__(self, ty, val, tb):
        print(f"exit {self.x}{' after an error' if ty else ''}")


async def leave_early():
    async with AsyncManager(4) as m:
        await m.yow()
        return m.x


async def fail():
    async with AsyncManager(5) as m:
        await m.yow()
        raise OSError("out of order")


async def main():
    async with AsyncManager(3) as m:
        await m.yow()
    print(f"left early with {await leave_early()}")
    try:
        await fail()
    except OSError as error:
        print(f"caught outside: {error}")


asyncio.run(main())
