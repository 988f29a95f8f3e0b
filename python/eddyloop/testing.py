# SPDX-License-Identifier: MIT
"""A plugin for pytest: the whole suite in virtual time, in an order of ready callbacks that a seed repeats.

One line of conftest.py turns it on, for pytest-asyncio, anyio's plugin and unittest alike:

    pytest_plugins = ['eddyloop.testing']

Every event loop of a test is then simulated: a sleep of an hour takes no time. The seed is drawn anew for each run of pytest
and stands in its header; a test that fails says its seed, and EDDY_SEED=N repeats it. `--eddy-seeds N` runs each test that
is given a loop N times, with as many orders; a test marked `eddy_seeds(N)` does so by itself. A test marked
`eddy_real_time` has the real clock and the real network's pace.
"""
import asyncio
import os
import random

import pytest

from . import EventLoopPolicy

_MARKERS = ('eddy_real_time: this test runs in real time, though its suite has eddyloop.testing',
            'eddy_seeds(count): this test runs once for each of `count` orders of ready callbacks')


class _Suite:
    """What pytest_configure found, and pytest_unconfigure puts back."""

    def __init__(self, config):
        given = config.getoption('--eddy-seed') or os.environ.get('EDDY_SEED')
        self.seed = int(given) if given else random.SystemRandom().randrange(1, 1 << 31)
        self.environment = {name: os.environ.get(name) for name in ('EDDY_DRIVER', 'EDDY_SEED')}
        self.policy = asyncio.get_event_loop_policy()

    def seed_of(self, item):
        """The seed of a test: that of the suite, or of its own repetition."""
        callspec = getattr(item, 'callspec', None)
        return callspec.params.get('eddy_seed', self.seed) if callspec else self.seed


_KEY = pytest.StashKey()


def pytest_addoption(parser):
    group = parser.getgroup('eddyloop', 'virtual time')
    group.addoption('--eddy-seed', type=int, metavar='N', help='the order of ready callbacks (else EDDY_SEED, else drawn)')
    group.addoption('--eddy-seeds', type=int, metavar='N', default=0, help='run each async test with N orders')


def pytest_configure(config):
    for marker in _MARKERS:
        config.addinivalue_line('markers', marker)
    config.stash[_KEY] = _Suite(config)
    asyncio.set_event_loop_policy(EventLoopPolicy())


def pytest_unconfigure(config):
    suite = config.stash.get(_KEY, None)
    if suite is not None:
        asyncio.set_event_loop_policy(suite.policy)
        for name, value in suite.environment.items():
            _set_variable(name, value)


def _set_variable(name, value):
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def pytest_report_header(config):
    seed = config.stash[_KEY].seed
    return 'eddyloop: virtual time, seed %d (EDDY_SEED=%d repeats the order)' % (seed, seed)


def _is_async(metafunc):
    return asyncio.iscoroutinefunction(metafunc.function) or 'event_loop' in metafunc.fixturenames


def pytest_generate_tests(metafunc):
    marker = metafunc.definition.get_closest_marker('eddy_seeds')
    count = marker.args[0] if marker else metafunc.config.getoption('--eddy-seeds') if _is_async(metafunc) else 0
    if not count:
        return
    if 'eddy_seed' not in metafunc.fixturenames:
        metafunc.fixturenames.append('eddy_seed')
    first = metafunc.config.stash[_KEY].seed
    metafunc.parametrize('eddy_seed', range(first, first + count), indirect=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Before the fixtures, so that the loop that one of them makes has this test's clock and order."""
    suite = item.config.stash[_KEY]
    if item.get_closest_marker('eddy_real_time'):
        for name, value in suite.environment.items():
            _set_variable(name, value)
    else:
        _set_variable('EDDY_DRIVER', 'sim')
        _set_variable('EDDY_SEED', str(suite.seed_of(item)))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed and not item.get_closest_marker('eddy_real_time'):
        seed = item.config.stash[_KEY].seed_of(item)
        report.sections.append(('eddyloop', 'in virtual time, with seed %d. Again: EDDY_SEED=%d pytest %r'
                                % (seed, seed, item.nodeid.split('[')[0])))


@pytest.fixture
def eddy_seed(request):
    """The seed of this test's order of ready callbacks."""
    return getattr(request, 'param', request.config.stash[_KEY].seed)


@pytest.fixture
def eddy_loop():
    """A loop in virtual time for a test that is no coroutine: eddy_loop.run_until_complete(...)."""
    loop = asyncio.get_event_loop_policy().new_event_loop()
    yield loop
    if not loop.is_closed():
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
