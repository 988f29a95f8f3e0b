# SPDX-License-Identifier: MIT
"""eddyloop.testing: pytest in virtual time, whose failures say their seed and repeat by it."""
import os
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

CONFTEST = "pytest_plugins = ['eddyloop.testing']\n"
SUITE = '''
    import asyncio, time, unittest
    import pytest

    pytestmark = pytest.mark.asyncio

    async def test_hours_pass():
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(7200)
        assert 7200 <= loop.time() - began < 7201

    async def test_race():
        order = []
        async def one(name):
            await asyncio.sleep(1)
            order.append(name)
        await asyncio.gather(*[one(name) for name in 'abcdefgh'])
        assert order[0] == 'a', ''.join(order)

    @pytest.mark.eddy_real_time
    async def test_real_time():
        assert asyncio.get_running_loop().eddy_driver != 'sim'

    @pytest.mark.eddy_seeds(5)
    async def test_five_orders():
        await asyncio.sleep(1)

    class Cases(unittest.IsolatedAsyncioTestCase):
        async def test_unittest(self):
            assert asyncio.get_running_loop().eddy_driver == 'sim'
            await asyncio.sleep(3600)

    def test_plain(eddy_loop, eddy_seed):
        assert eddy_seed > 0
        eddy_loop.run_until_complete(asyncio.sleep(3600))
    '''


class Plugin(unittest.TestCase):
    def pytest(self, *words, seed=None):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('EDDY_')}
        if seed is not None:
            environment['EDDY_SEED'] = str(seed)
        with tempfile.TemporaryDirectory() as folder:
            for name, text in (('conftest.py', CONFTEST), ('test_suite.py', textwrap.dedent(SUITE))):
                with open(os.path.join(folder, name), 'w') as file:
                    file.write(text)
            return subprocess.run([sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', *words], cwd=folder,
                                  env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  timeout=120, check=False).stdout

    def test_suite_runs_in_virtual_time(self):
        said = self.pytest('-k', 'not race')
        self.assertRegex(said, r'\b9 passed', said)

    def test_failure_says_its_seed_and_repeats(self):
        for _ in range(20):
            said = self.pytest('-k', 'race', '-v')
            if '1 failed' in said:
                break
        self.assertIn('1 failed', said)
        seed = int(re.search(r'with seed (\d+)', said).group(1))
        self.assertIn('EDDY_SEED=%d pytest' % seed, said)
        order = re.search(r'AssertionError: (\w+)', said).group(1)
        for _ in range(2):
            self.assertIn('AssertionError: ' + order, self.pytest('-k', 'race', seed=seed))

    def test_many_orders(self):
        said = self.pytest('-k', 'race', '--eddy-seeds', '8', '--eddy-seed', '3')
        failed, passed = re.search(r'(\d+) failed', said), re.search(r'(\d+) passed', said)
        self.assertIsNotNone(failed, said)
        self.assertEqual(int(failed.group(1)) + int(passed.group(1) if passed else 0), 8)


class Guide(unittest.TestCase):
    def test_the_suite_of_the_guide(self):
        """The files of docs/python.md: nearly a minute, which takes no time."""
        source = os.environ.get('EDDY_SOURCE', os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
        with open(os.path.join(source, 'docs', 'python.md'), encoding='utf-8') as guide:
            files = re.findall(r'```python\n# (\w+\.py)\n(.*?)```', guide.read(), re.S)
        self.assertEqual(sorted(name for name, _ in files), ['conftest.py', 'shop.py', 'test_shop.py'])
        environment = {name: value for name, value in os.environ.items() if not name.startswith('EDDY_')}
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files:
                with open(os.path.join(folder, name), 'w') as file:
                    file.write(text)
            said = subprocess.run([sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider'], cwd=folder, env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False).stdout
        self.assertRegex(said, r'1 passed', said)


if __name__ == '__main__':
    unittest.main()
