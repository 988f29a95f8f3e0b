"""A coroutine object can be looked at before it runs; asyncio.run() does the rest."""
import asyncio


async def hello():
    print("Hello ...")
    await asyncio.sleep(1)
    print("World!")


routine = hello()
print(repr(routine).split(" at ")[0])  # the address differs from run to run
asyncio.run(routine)
