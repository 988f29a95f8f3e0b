#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""standards.py [COMPILER...]: every program of this folder compiles without a warning, whatever the standard.

gcc and clang (those that are there), -std=gnu11 with -O0 and with -O2 in full (some warnings come with optimisation
only), -std=gnu17 and -std=gnu2x as far as the syntax; -Wall -Wextra -Wshadow -Werror always.
"""
import concurrent.futures
import glob
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = os.path.join(HERE, '..', '..', 'include')
WAYS = (
    ['-std=gnu11', '-O0', '-c'],
    ['-std=gnu11', '-O2', '-c'],
    ['-std=gnu17', '-O0', '-fsyntax-only'],
    ['-std=gnu2x', '-O2', '-fsyntax-only'],
)
STRICT = ['-Wall', '-Wextra', '-Wshadow', '-Werror', '-I' + INCLUDE, '-o', os.devnull]


def compile_one(compiler, way, path):
    """None, or what went wrong."""
    command = [compiler] + way + STRICT + [path]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env=dict(os.environ, LC_ALL='C'))
    if done.returncode == 0 and not done.stdout:
        return None
    return ' '.join(command) + '\n' + '\n'.join(done.stdout.split('\n')[:8])


def main():
    compilers = sys.argv[1:] or [name for name in ('gcc', 'clang') if shutil.which(name)]
    jobs = [(compiler, way, path) for path in sorted(glob.glob(os.path.join(HERE, '*.c')))
            for compiler in compilers for way in WAYS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: compile_one(*job), jobs))
    failures = [result for result in results if result]
    for failure in failures:
        print(failure)
    print('%d passed, %d failed, 0 skipped' % (len(results) - len(failures), len(failures)))
    return 1 if failures or not results else 0


if __name__ == '__main__':
    sys.exit(main())
