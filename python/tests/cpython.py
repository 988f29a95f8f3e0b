#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""cpython.py [--driver DRIVER]... [MODULE...]: CPython's own tests of asyncio, on Eddy's loop.

Runs test_asyncio whole and the other tests of CPython that run coroutines, of the interpreter that runs this file (Debian:
libpython3.11-testsuite). Every way in which they make a loop gives one of Eddy's; what is left out stands in cpython.txt, with
the reason. Each module has a process of its own. A test that fails runs once more when the rest is done, alone, as in CPython's
regrtest --rerun: some measure time; and so does a whole module that broke off. The last line is the tally; before it stands how many tests made a loop of Eddy's.
"""
import argparse
import concurrent.futures
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
OTHERS = ('test.test_asyncgen', 'test.test_coroutines', 'test.test_contextlib_async',
          'test.test_unittest.test_async_case' if sys.version_info >= (3, 12) else 'unittest.test.test_async_case')
LONGEST = ('test_tasks', 'test_events', 'test_ssl', 'test_sslproto', 'test_subprocess', 'test_unix_events')  # begin first
SECONDS = int(os.environ.get('EDDY_PYTHON_SECONDS', '240'))  # a module may take
BROKE_OFF = 'broke off'  # the verdict of a test in which its module hung or crashed
FEWEST_ON_LOOP = 1000  # else the loops were not Eddy's, whatever passed


# --- in the process of a module ---------------------------------------------------------------------------------------

def take_over():
    """Every way in which a test makes a loop gives one of Eddy's; the list grows by one with each."""
    import asyncio
    import asyncio.unix_events as unix

    import eddyloop
    made = []

    class EddyLoop(eddyloop.Loop):
        def __init__(self, *arguments):
            made.append(1)
            super().__init__(*arguments)

    for module in (asyncio, unix):
        for name in ('SelectorEventLoop', 'EventLoop'):
            if hasattr(module, name):
                setattr(module, name, EddyLoop)
    unix._UnixDefaultEventLoopPolicy._loop_factory = EddyLoop
    return made


def run_module(module, out, only):
    import faulthandler
    import logging
    import unittest
    faulthandler.enable()
    made = take_over()
    logging.getLogger('asyncio').setLevel(logging.CRITICAL)

    class Result(unittest.TextTestResult):
        def startTest(self, test):
            self.made_before, self.verdict, self.why = len(made), 'ok', ''
            print('START', test.id(), flush=True)
            super().startTest(test)

        def addError(self, test, error):
            self.verdict, self.why = 'failed', self._exc_info_to_string(error, test)
            if not isinstance(test, unittest.TestCase):  # setUpClass, say: no test of its own ends
                self.note(str(test))

        def addFailure(self, test, error):
            self.verdict, self.why = 'failed', self._exc_info_to_string(error, test)

        def addSubTest(self, test, subtest, error):
            if error is not None:
                self.addFailure(test, error)

        def addSkip(self, test, reason):
            self.verdict, self.why = 'skipped', reason

        def addUnexpectedSuccess(self, test):
            self.verdict, self.why = 'failed', 'an unexpected success'

        def stopTest(self, test):
            super().stopTest(test)
            self.note(test.id())

        def note(self, name):
            with open(out, 'a', encoding='utf-8') as file:
                file.write(json.dumps([name, self.verdict, len(made) > getattr(self, 'made_before', 0), self.why]) + '\n')

    def flat(suite):
        for test in suite:
            if isinstance(test, unittest.TestSuite):
                yield from flat(test)
            elif not only or test.id() in only:
                yield test

    left_out = set(exclusions())
    try:
        tests = unittest.defaultTestLoader.loadTestsFromName(module)
    except unittest.SkipTest as reason:  # another system's
        with open(out, 'a', encoding='utf-8') as file:
            file.write(json.dumps([module, 'skipped', False, str(reason)]) + '\n')
        os._exit(0)
    suite = unittest.TestSuite(test for test in flat(tests) if test.id() not in left_out)
    with open(os.devnull, 'w') as nowhere:
        unittest.TextTestRunner(resultclass=Result, verbosity=0, stream=nowhere).run(suite)
    sys.stdout.flush()
    os._exit(0)  # threads that a test left do not keep the process


# --- all modules ------------------------------------------------------------------------------------------------------

def exclusions():
    """The tests that cpython.txt leaves out, for this version of CPython."""
    version = '%d.%d' % sys.version_info[:2]
    with open(os.path.join(HERE, 'cpython.txt'), encoding='utf-8') as file:
        for line in file:
            if line.strip() and not line.startswith('#'):
                name, versions, _ = line.split(None, 2)
                if versions == '*' or version in versions.split(','):
                    yield name


def modules():
    import test.test_asyncio as folder
    names = [module.name for module in pkgutil.iter_modules(folder.__path__) if module.name.startswith('test_')]
    for name in sorted(names, key=lambda name: (name not in LONGEST, name)):
        yield 'test.test_asyncio.' + name
    yield from OTHERS


def run_apart(driver, module, only=()):
    """The rows of a module, in a process of its own; a hang or a crash is a row of the test that ran."""
    with tempfile.TemporaryDirectory() as folder:
        out, said = os.path.join(folder, 'rows'), os.path.join(folder, 'said')
        command = [sys.executable, os.path.abspath(__file__), '--one', module, '--out', out]
        for name in only:
            command += ['--only', name]
        with open(said, 'w') as log:
            try:
                status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, check=False,
                                        env=dict(os.environ, EDDY_DRIVER=driver), timeout=SECONDS).returncode
            except subprocess.TimeoutExpired:
                status = 'still running after %d s' % SECONDS
        rows = []
        if os.path.exists(out):
            with open(out, encoding='utf-8') as file:
                rows = [json.loads(line) for line in file]
        if status != 0:
            with open(said, errors='replace') as log:
                lines = log.read().split('\n')
            begun = [line.split(' ', 1)[1] for line in lines if line.startswith('START ')]
            rows.append([begun[-1] if begun else module, BROKE_OFF, True, 'status %s\n' % status + '\n'.join(lines[-30:])])
    return rows


def run_again(results):
    """Tests that failed, and modules that broke off, whose other tests have not run."""
    for (driver, module, name), row in list(results.items()):
        if row[0] == 'failed':
            again = {test: rest for test, *rest in run_apart(driver, module, [name])}
            if again.get(name, ['failed'])[0] == 'ok':
                print('passed when it ran alone: %s on %s' % (name, driver))
                results[driver, module, name] = again[name]
    for driver, module in {key[:2] for key, row in results.items() if row[0] == BROKE_OFF}:
        print('broke off, and runs alone: %s on %s' % (module, driver))
        for key in [key for key in results if key[:2] == (driver, module)]:
            del results[key]
        for name, verdict, *row in run_apart(driver, module):
            results[driver, module, name] = ['failed' if verdict == BROKE_OFF else verdict, *row]


def run_all(drivers, names):
    """{(driver, module, test): (verdict, on the loop, why)}; what failed has run twice."""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as pool:
        runs = {(driver, module): pool.submit(run_apart, driver, module) for driver in drivers for module in names}
        for (driver, module), run in runs.items():
            for name, *row in run.result():
                results[driver, module, name] = row
    run_again(results)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('modules', nargs='*')
    parser.add_argument('--driver', action='append', help='uring and epoll if none is given')
    for option in ('--one', '--out'):
        parser.add_argument(option, help=argparse.SUPPRESS)
    parser.add_argument('--only', action='append', default=[], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run_module(options.one, options.out, options.only)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # perhaps ignored; tests send it to themselves
    results = run_all(options.driver or ['uring', 'epoll'], options.modules or list(modules()))
    counts = {'ok': 0, 'failed': 0, 'skipped': 0}
    for (driver, _, name), (verdict, _, why) in results.items():
        counts[verdict] += 1
        if verdict == 'failed':
            print('FAILED %s on %s\n%s' % (name, driver, '\n'.join('    ' + line for line in why.split('\n')[-30:])))
    on_loop = {}
    for (driver, _, _), (verdict, made, _) in results.items():
        on_loop[driver] = on_loop.get(driver, 0) + (made and verdict == 'ok')
    for driver, count in on_loop.items():
        print('%s: %d tests passed on a loop of Eddy\'s, %d are left out by name' % (driver, count, len(set(exclusions()))))
        if not options.modules and count < FEWEST_ON_LOOP:
            print('%s: fewer than %d: the tests made other loops' % (driver, FEWEST_ON_LOOP))
            counts['failed'] += 1
    print('CPython skips %d tests of its own on this machine' % counts['skipped'])
    print('%d passed, %d failed, 0 skipped' % (counts['ok'], counts['failed']))
    return 1 if counts['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
