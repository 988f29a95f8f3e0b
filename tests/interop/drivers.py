# SPDX-License-Identifier: MIT
"""drivers.py - what the tests beside other programs share: each runs on every driver of real descriptors."""
import functools
import os
import signal

PATIENCE = 60  # seconds; reached only by what hangs

# Started programs inherit ignored signals, and some tests send this one.
signal.signal(signal.SIGINT, signal.default_int_handler)


def on_each_driver(test):
    """Runs the test once for each driver, which self.environment names."""
    @functools.wraps(test)
    def run(self):
        for driver in 'epoll', 'uring':
            with self.subTest(driver=driver):
                self.environment = dict(os.environ, EDDY_DRIVER=driver)
                test(self)
    return run
