#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_cache_users.py: the cache of `eddy run` between two users, one of whom tries to choose what the other runs.

Needs root and setpriv; 77 is a skip.
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get('EDDY_BUILD') or os.path.join(HERE, '..', '..', 'build'))
COMPILER = os.environ.get('CC') or 'cc'
# Nobody's; and of each run its own, for the default place is /tmp/eddy-UID.
VICTIM = 1000000 + os.getpid()
OTHER = 2000000 + os.getpid()
GROUP = 3000000 + os.getpid()
SEVEN = 'int main(void) { return 7; }\n'
PLANTED = '#!/bin/sh\nexit 66\n'
failures = 0


def check(what, condition, detail=''):
    global failures
    print('%s  %s' % ('ok  ' if condition else 'FAIL', what))
    if not condition:
        failures += 1
        print('      ' + str(detail))


def run_as(user, *words, env=None):
    environment = {'PATH': os.environ.get('PATH', '/usr/bin:/bin'), 'LC_ALL': 'C'}
    environment.update(env or {})
    return subprocess.run(['setpriv', '--reuid=%d' % user, '--regid=%d' % user, '--groups=%d' % GROUP, *words],
                          env=environment, cwd='/', capture_output=True, text=True, timeout=60, check=False)


def make(path, owner, mode=0o755, group=None):
    os.makedirs(path, exist_ok=True)
    os.chown(path, owner, owner if group is None else group)
    os.chmod(path, mode)
    return path


def write(path, text, owner, mode=0o755):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chown(path, owner, owner)
    os.chmod(path, mode)


class Room:
    """A folder that both can reach, with the source and a copy of the command that both can execute."""

    def __init__(self, folder):
        self.folder = folder
        os.chmod(folder, 0o755)
        prefix = os.path.join(folder, 'prefix')
        for part, source in (('bin', 'eddy'), ('lib', 'libeddy.a')):
            os.makedirs(os.path.join(prefix, part))
            shutil.copy(os.path.join(BUILD, source), os.path.join(prefix, part))
        shutil.copytree(os.path.join(HERE, '..', '..', 'include'), os.path.join(prefix, 'include'))
        self.eddy = os.path.join(prefix, 'bin', 'eddy')
        self.source = os.path.join(folder, 'seven.c')
        write(self.source, SEVEN, 0, 0o644)
        # A compiler may want a home; the command must have none, to take the default place.
        home = make(os.path.join(folder, 'home'), VICTIM)
        self.compiler = os.path.join(folder, 'compiler')
        write(self.compiler, '#!/bin/sh\nHOME=%s exec %s "$@"\n' % (home, COMPILER), 0)

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, cache, **env):
        if cache:
            env['EDDY_CACHE'] = cache
        env.setdefault('CC', self.compiler)
        return run_as(VICTIM, self.eddy, 'run', self.source, env=env)


def refuses(what, result, words):
    check(what, result.returncode == 1 and words in result.stderr, (result.returncode, result.stdout, result.stderr))


def plant(cache):
    """What an attacker who owns the folder would do: exchange the program in each entry."""
    for name in os.listdir(cache):
        program = os.path.join(cache, name, 'program')
        if os.path.exists(program):
            write(program, PLANTED, OTHER)


def test_refused_folders(room):
    refuses('a folder that the group can write', room.run(make(room.path('grouped'), VICTIM, 0o2775, GROUP)),
            'other users can write to it')
    refuses('a folder of another user', room.run(make(room.path('others'), OTHER)), "it is another user's")
    make(room.path('open'), 0, 0o777)
    refuses('a folder in one that all can write', room.run(make(room.path('open/cache'), VICTIM, 0o700)),
            'other users can write to a folder on the way')
    make(room.path('mine'), VICTIM, 0o700)
    os.symlink(room.path('mine'), room.path('link'))
    os.lchown(room.path('link'), OTHER, OTHER)
    refuses('a link of another user', room.run(room.path('link')), 'a symbolic link of another user')
    os.lchown(room.path('link'), 1, 1)
    refuses('a link of the first user after root', room.run(room.path('link')), 'a symbolic link of another user')
    os.lchown(room.path('link'), 0, 0)
    check('a link of root is followed', room.run(room.path('link')).returncode == 7)


def test_default_place(room):
    place = '/tmp/eddy-%d' % VICTIM
    try:
        os.symlink(make(room.path('lure'), VICTIM, 0o700), place)
        os.lchown(place, OTHER, OTHER)
        refuses('the default place, taken by a link of another user', room.run(None), 'a symbolic link of another user')
        os.unlink(place)
        make(place, OTHER)
        refuses('the default place, taken by a folder of another user', room.run(None), "it is another user's")
        os.rmdir(place)
        check('the default place, when it is free', room.run(None).returncode == 7)
    finally:
        if os.path.islink(place):
            os.unlink(place)
        shutil.rmtree(place, ignore_errors=True)


def test_planted_entries(room):
    cache = make(room.path('cache'), VICTIM, 0o700)
    check('the first run', room.run(cache).returncode == 7)
    plant(cache)
    result = room.run(cache)
    check('a program of another user is not run', result.returncode == 7, (result.returncode, result.stderr))
    for name in os.listdir(cache):
        if name.startswith('program-'):
            os.chown(os.path.join(cache, name), OTHER, OTHER)
    result = room.run(cache)
    check('an entry of another user is not used', result.returncode == 7, (result.returncode, result.stderr))
    for name in os.listdir(cache):
        if name.startswith('depends-'):
            os.chmod(os.path.join(cache, name), 0o666)
    result = room.run(cache)
    check('a list that others can write is not believed', result.returncode == 7, (result.returncode, result.stderr))


def test_link_changed_meanwhile(room):
    """While the compiler runs, and between its calls, the path of the cache leads to a folder of planted files."""
    real, evil = make(room.path('real'), VICTIM, 0o700), make(room.path('evil'), VICTIM, 0o700)
    way = room.path('way')
    os.symlink(real, way)
    swap = room.path('swapping-cc')
    write(swap, '#!/bin/sh\nln -sfn %s %s/way 2>/dev/null\nexec %s "$@"\n' % (evil, room.folder, room.compiler), VICTIM)
    os.chown(room.folder, VICTIM, VICTIM)  # so that the compiler of this test may change the link
    result = room.run(way, CC=swap)
    check('the program is the one that was compiled', result.returncode == 7, (result.returncode, result.stderr))
    check('nothing lies where the link leads now', os.readlink(way) == evil and os.listdir(evil) == [], os.listdir(evil))
    check('the entry lies where the link led', any(name.startswith('program-') for name in os.listdir(real)))
    os.chown(room.folder, 0, 0)


def main():
    if os.geteuid() != 0 or not shutil.which('setpriv'):
        print('needs root and setpriv')
        return 77
    folder = tempfile.mkdtemp(prefix='eddy-cache-users-', dir='/tmp')
    try:
        room = Room(folder)
        if room.run(make(room.path('first'), VICTIM, 0o700)).returncode != 7:
            print('another user cannot run a copy of the command here: %s' % room.run(room.path('first')).stderr)
            return 77
        for test in (test_refused_folders, test_default_place, test_planted_entries, test_link_changed_meanwhile):
            test(room)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print('%d failed' % failures)
    return 1 if failures else 0


sys.exit(main())
