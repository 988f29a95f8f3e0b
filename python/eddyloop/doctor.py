# SPDX-License-Identifier: MIT
"""What the loop has on this machine, in words."""
import os
import platform
import sys

DRIVERS = ('uring', 'epoll', 'sim')


def _opens(driver):
    """Why a loop on `driver` does not open; None if it does."""
    from .loop import Loop
    try:
        loop = Loop(driver=driver)
    except OSError as error:
        return str(error)
    try:
        loop.call_soon(loop.stop)
        loop.run_forever()
    except OSError as error:
        return str(error)
    finally:
        loop.close()
    return None


def doctor():
    """Lines about the interpreter, the kernel, and each driver; the first driver that works is what a loop takes."""
    from . import _core
    lines = ['eddyloop on CPython %s (%s), Linux %s' % (platform.python_version(), sys.executable, platform.release()),
             'extension: %s' % _core.__file__]
    for driver in DRIVERS:
        refusal = _opens(driver)
        lines.append('%s: %s' % (driver, 'works' if refusal is None else 'does not work: ' + refusal))
    chosen = os.environ.get('EDDY_DRIVER')
    lines.append('EDDY_DRIVER=%s chooses' % chosen if chosen else 'EDDY_DRIVER is not set: the first that works is taken')
    return '\n'.join(lines)
