"""An object with __await__ can be awaited like any coroutine."""
import asyncio


class Parcel:
    def __init__(self, text, seconds):
        self.text = text
        self.seconds = seconds

    def __await__(self):
        loop = asyncio.get_running_loop()
        delivered = loop.create_future()
        loop.call_later(self.seconds, delivered.set_result, None)
        yield from delivered
        return self.text


async def main():
    loop = asyncio.get_running_loop()
    start = loop.time()
    print(await Parcel("book", 2))
    print(await Parcel("lamp", 3))
    print(f"{loop.time() - start:.0f} seconds")


asyncio.run(main())
