"""A call of an async function runs nothing: it makes a coroutine object, and somebody has to run
that."""
import asyncio


async def greeting(name):
    print(f"Hello {name}")


async def greet_all(names):
    for name in names:
        await greeting(name)


hello = greeting("Guido")
print("nothing has run yet")
asyncio.run(hello)
asyncio.run(greet_all(["Paula", "Thomas", "Lewis"]))
