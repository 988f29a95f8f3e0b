# SPDX-License-Identifier: MIT
"""An exception through ten coroutines, traceback included."""
import errno

from bench import require, run


async def descend(depth):
    if depth == 1:
        raise OSError(errno.EIO, 'Input/output error')
    return await descend(depth - 1) + 1


async def ask(count):
    caught = 0
    for _ in range(count):
        try:
            await descend(10)
        except OSError:
            caught += 1
    require(caught == count, 'each failure was caught')


run(('failure', 20000, ask))
