"""A chess exhibition: 24 boards, 30 pairs of moves, 5 seconds for the master's move, 55 for the
answer."""
import asyncio

BOARDS, PAIRS, MASTER, OPPONENT = 24, 30, 5, 55


async def one_after_the_other():
    for _ in range(BOARDS * PAIRS):
        await asyncio.sleep(MASTER)
        await asyncio.sleep(OPPONENT)


async def board(master, last_moves):
    for _ in range(PAIRS):
        async with master:  # she stands at one board at a time
            await asyncio.sleep(MASTER)
        last_moves.append(asyncio.get_running_loop().time())
        await asyncio.sleep(OPPONENT)


async def all_at_once(last_moves):
    master = asyncio.Lock()
    await asyncio.gather(*(board(master, last_moves) for _ in range(BOARDS)))


async def main():
    now = asyncio.get_running_loop().time
    start = now()
    await one_after_the_other()
    print(f"one after the other: {now() - start:.0f} seconds")

    start, moves = now(), []
    await all_at_once(moves)
    print(f"all at once: her last move ends after {max(moves) - start:.0f} seconds")
    print(f"and the last answer comes after {now() - start:.0f} seconds")


asyncio.run(main())
