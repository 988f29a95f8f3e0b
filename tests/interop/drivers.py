# SPDX-License-Identifier: MIT
"""drivers.py - what the tests beside other programs share: each runs on every driver of real descriptors."""
import functools
import os

PATIENCE = 60  # seconds; reached only by what hangs


def on_each_driver(test):
    """Runs the test once for each driver, which self.environment names."""
    @functools.wraps(test)
    def run(self):
        for driver in 'epoll', 'uring':
            with self.subTest(driver=driver):
                self.environment = dict(os.environ, EDDY_DRIVER=driver)
                test(self)
    return run
