"""What was entered last is left first; what was put off for the end of the block comes before that."""
import asyncio
from contextlib import AsyncExitStack, asynccontextmanager


@asynccontextmanager
async def room(name):
    await asyncio.sleep(0)
    print(f"+{name}")
    try:
        yield name
    finally:
        await asyncio.sleep(0)
        print(f"-{name}")


async def visit():
    async with AsyncExitStack() as stack:
        for name in "abc":
            await stack.enter_async_context(room(name))
        stack.callback(print, "callback")
        raise OSError("the lights went out")


async def main():
    try:
        await visit()
    except OSError as error:
        print(f"after: {error}")


asyncio.run(main())
