"""asyncio.run() is for the outermost caller; when main has ended, it cancels what is left."""
import asyncio


async def inner():
    return 1


async def background():
    try:
        await asyncio.sleep(3600)
    finally:
        print("background: stopped")


async def main():
    coro = inner()
    try:
        asyncio.run(coro)
    except RuntimeError:
        print("no second run inside the first")
        coro.close()
    task = asyncio.create_task(background())
    await asyncio.sleep(1)
    print("main: done")


asyncio.run(main())
