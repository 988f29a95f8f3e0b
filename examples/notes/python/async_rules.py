"""What an async function may hold. The two forms that are errors stand as text: they would not
compile."""
import asyncio


async def z(x):
    await asyncio.sleep(0.1)
    return x * x


async def f(x):
    y = await z(x)  # fine: await and return
    return y


async def g(x):
    yield x  # fine: an async generator
    yield await z(x)


WRONG = [
    "async def m(x):\n    yield from gen(x)\n",
    "def m(x):\n    y = await z(x)\n    return y\n",
]


async def main():
    print(f"f: {await f(3)}")
    async for value in g(4):
        print(f"g: {value}")


for source in WRONG:
    try:
        compile(source, "async_rules.py", "exec")
        print("it compiles: the rule is gone")
    except SyntaxError:
        pass
asyncio.run(main())
