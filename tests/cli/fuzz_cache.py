#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fuzz_cache.py: whatever happened to the files of its cache, `eddy run` runs the program, and its messages are true.

EDDY_CACHE_ROUNDS (30) damages, drawn from EDDY_CACHE_SEED (1): garbage, cuts, other kinds of files, modes, things that
have gone.  Files that are not the cache's lie beside it, and must still be there at the end.
"""
import os
import random
import shutil
import stat
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get('EDDY_BUILD') or os.path.join(HERE, '..', '..', 'build')
EDDY = os.path.abspath(os.path.join(BUILD, 'eddy'))
ROUNDS = int(os.environ.get('EDDY_CACHE_ROUNDS') or 30)
SEED = int(os.environ.get('EDDY_CACHE_SEED') or 1)
LINES = b'+/dev/zero\n+/proc/self/mem\n-/\n+\n-\n*\n' # what a list must not be followed to


def overwrite(path, data):
    with open(path, 'wb') as file:
        file.write(data)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def cut(path, luck):
    data = read(path)
    overwrite(path, data[:luck.randrange(len(data) + 1)])


def flip(path, luck):
    data = bytearray(read(path) or b'\0')
    data[luck.randrange(len(data))] ^= 1 << luck.randrange(8)
    overwrite(path, data)


def replaced_by(make):
    def damage(path, luck):
        remove(path)
        make(path)
    return damage


def allow(path, mode):
    """Links are not followed: their target may be a device."""
    if not os.path.islink(path):
        os.chmod(path, mode)


DAMAGES = {
    'random bytes': lambda path, luck: overwrite(path, luck.randbytes(luck.randrange(2000))),
    'cut': cut,
    'a bit': flip,
    'lines': lambda path, luck: overwrite(path, read(path) + LINES),
    'no ends of lines': lambda path, luck: overwrite(path, read(path).replace(b'\n', b'\0')),
    'many lines': lambda path, luck: overwrite(path, read(path)[:19] + b'\n' * 50000),
    'a long line': lambda path, luck: overwrite(path, read(path)[:19] + b'+/' + b'x/' * 50000),
    'gone': lambda path, luck: remove(path),
    'a folder': replaced_by(os.mkdir),
    'a link': replaced_by(lambda path: os.symlink('/dev/zero', path)),
    'a link to nowhere': replaced_by(lambda path: os.symlink('nowhere', path)),
    'a link to itself': replaced_by(lambda path: os.symlink(os.path.basename(path), path)),
    'a pipe': replaced_by(os.mkfifo),
    'an empty file': replaced_by(lambda path: overwrite(path, b'')),
    'no rights': lambda path, luck: allow(path, 0),
    'rights for all': lambda path, luck: allow(path, 0o777),
    'a second name': lambda path, luck: os.link(path, path + '-too'),
}


def main():
    luck = random.Random(SEED)
    work = tempfile.mkdtemp(prefix='eddy-cache-fuzz-')
    cache, source = os.path.join(work, 'cache'), os.path.join(work, 'hello.c')
    environment = dict(os.environ, EDDY_CACHE=cache, LC_ALL='C')
    overwrite(source, b'#include <stdio.h>\nint main(void) { puts("hello"); return 5; }\n')
    failed = 0

    def runs(what):
        nonlocal failed
        try:
            done = subprocess.run([EDDY, 'run', source], env=environment, cwd=work, capture_output=True, timeout=60,
                                  check=False)
            answer = (done.returncode, done.stdout, done.stderr)
        except subprocess.TimeoutExpired:
            answer = 'nothing for a minute'
        if answer != (5, b'hello\n', b''):
            failed += 1
            print('after %s: %s' % (what, answer))
            print('again: EDDY_CACHE_SEED=%d EDDY_CACHE_ROUNDS=%d %s' % (SEED, ROUNDS, os.path.abspath(__file__)))

    runs('nothing')
    keep = {os.path.join(cache, name) for name in ('work-of-years', 'program-notes', 'depends-' + 'f' * 39)}
    for path in keep:
        overwrite(path, b'not the cache\'s')
    for number in range(ROUNDS):
        paths = [os.path.join(here, name) for here, folders, files in os.walk(cache) for name in folders + files]
        path, what = luck.choice(sorted(set(paths) - keep)), luck.choice(sorted(DAMAGES))
        kind = os.lstat(path).st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind): # a link leads out of here, and a pipe is waited for
            what = 'gone'
        try:
            DAMAGES[what](path, luck)
        except OSError: # it does not fit a folder
            pass
        runs('round %d, %s at %s' % (number, what, os.path.relpath(path, cache)))
        if len(os.listdir(cache)) > 12: # names are taken by what is not the cache's own: begin anew
            for name in os.listdir(cache):
                if os.path.join(cache, name) not in keep:
                    remove(os.path.join(cache, name))
            runs('emptying')
    missing = [path for path in keep if not os.path.exists(path)]
    for path in missing:
        print('%s was deleted' % path)
    shutil.rmtree(work, ignore_errors=True)
    print('%d rounds, %d failed' % (ROUNDS, failed + len(missing)))
    return 1 if failed or missing else 0


sys.exit(main())
