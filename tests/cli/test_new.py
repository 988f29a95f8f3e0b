#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_new.py [EDDY]: `eddy new`."""
import os
import shutil
import stat
import sys

from command import COMPILER, EDDY, Skip, check, complains, contains, doctor_rows, ends, main, same


def build_flags(place):
    """What a program needs to link with a library that was built with sanitizers."""
    flags = doctor_rows(place.eddy('doctor'))['sanitizers']
    return flags if flags.startswith('-') else ''


def uninstalled():
    """The folder of the build's own pkg-config file, when there is one."""
    folder = os.path.join(os.path.dirname(EDDY), 'meson-uninstalled')
    if not os.path.exists(os.path.join(folder, 'eddy-uninstalled.pc')):
        raise Skip('no build folder of Meson')
    if not shutil.which('pkg-config'):
        raise Skip('pkg-config is not installed')
    return folder


GREETINGS = '''Hello Paula
Hello Thomas
Hello Lewis
one after the other: 0.3 s
Hello Paula
Hello Thomas
Hello Lewis
all at once: 0.1 s
'''


@check
def new_writes_a_project(place):
    result = place.eddy('new', 'hello')
    ends(result, 0, stderr='')
    contains(result.stdout, 'eddy run main.c')
    same(sorted(os.listdir(place.path('hello'))), ['.gitignore', 'README.md', 'main.c', 'meson.build'], 'files')
    with open(place.path('hello/README.md'), encoding='utf-8') as readme:
        text = readme.read()
    contains(text, 'meson setup build && ninja -C build')
    contains(text, 'cc main.c $(pkg-config --cflags --libs eddy) -o hello')
    for name in os.listdir(place.path('hello')):
        with open(place.path('hello/' + name), encoding='utf-8') as file:
            same('@' in file.read(), False, 'a mark left in ' + name)


@check
def new_project_runs(place):
    ends(place.eddy('new', 'hello'), 0)
    result = place.eddy('run', 'main.c', cwd=place.path('hello'), env={'EDDY_DRIVER': 'sim'})
    ends(result, 0, GREETINGS, '')


@check
def new_project_builds_with_cc(place):
    folder = uninstalled()
    result = place.eddy('new', 'hello')
    contains(result.stdout, 'export PKG_CONFIG_PATH="%s"' % folder)
    contains(result.stdout, 'export LD_LIBRARY_PATH="%s"' % os.path.dirname(folder))
    command = '%s %s main.c $(pkg-config --cflags --libs eddy) -o hello' % (COMPILER, build_flags(place))
    build = place.start('sh', '-c', command, cwd=place.path('hello'), env={'PKG_CONFIG_PATH': folder})
    ends(build, 0)
    ends(place.start('./hello', cwd=place.path('hello'),
                     env={'EDDY_DRIVER': 'sim', 'LD_LIBRARY_PATH': os.path.dirname(folder)}), 0, GREETINGS)


@check
def new_project_builds_with_meson(place):
    folder = uninstalled()
    if not shutil.which('meson'):
        raise Skip('meson is not installed')
    ends(place.eddy('new', 'hello'), 0)
    build = place.start('sh', '-c', 'meson setup build && ninja -C build', cwd=place.path('hello'),
                        env={'PKG_CONFIG_PATH': folder, 'CFLAGS': build_flags(place)})
    ends(build, 0)
    same('warning: ' in build.stdout, False, 'a compiler warning in %s' % build.stdout)
    ends(place.start('build/hello', cwd=place.path('hello'),
                     env={'EDDY_DRIVER': 'sim', 'LD_LIBRARY_PATH': os.path.dirname(folder)}), 0, GREETINGS)


@check
def new_refuses_names(place):
    for name in ('', '7up', '-x', 'a/b', 'a b', '../up', 'dot.dot', 'caf\u00e9'):
        complains(place.eddy('new', name), 2, 'is not a name for a project')
    for name in ('test', 'all', 'meson-x'):
        complains(place.eddy('new', name), 2, 'Meson keeps that word')
    complains(place.eddy('new'), 2, 'eddy new NAME')
    complains(place.eddy('new', 'a', 'b'), 2, 'eddy new NAME')
    same(sorted(os.listdir(place.folder)), ['home'], 'folders made')


@check
def new_takes_every_other_name(place):
    for name in ('a', 'Z', 'a0_-', 'tests', 'mesonx'):
        ends(place.eddy('new', name), 0, stderr='')
        with open(place.path(name + '/meson.build'), encoding='utf-8') as file:
            contains(file.read(), "project('%s', 'c'" % name)
    for name in ('benchmark', 'build', 'clean', 'coverage', 'dist', 'distcheck', 'install', 'main', 'phony', 'reconfigure',
                 'scan-build', 'uninstall', 'meson-'):
        complains(place.eddy('new', name), 2, 'Meson keeps that word')


@check
def new_says_how_to_find_what_is_not_installed(place):
    uninstalled()
    contains(place.eddy('new', 'here').stdout, '\n    export PKG_CONFIG_PATH="')
    same(place.start(place.install(), 'new', 'there').stdout,
         'there: main.c, meson.build, README.md, .gitignore\n\n    cd there && eddy run main.c\n', 'what an installed one says')


@check
def new_tells_what_it_cannot_write(place):
    result = place.start('sh', '-c', 'trap "" XFSZ; ulimit -f 0; exec "$0" new hello', EDDY)
    complains(result, 1, 'cannot write "hello/main.c": File too large')


@check
def new_refuses_what_exists(place):
    place.write('hello/mine.txt', 'precious\n')
    complains(place.eddy('new', 'hello'), 1, '"hello" exists already')
    same(os.listdir(place.path('hello')), ['mine.txt'], 'the folder that was there')


@check
def new_tells_where_it_cannot_write(place):
    if os.geteuid() == 0:
        folder = '/proc'
    else:
        folder = place.path('shut')
        os.mkdir(folder, stat.S_IRUSR | stat.S_IXUSR)
    complains(place.eddy('new', 'hello', cwd=folder), 1, 'cannot make the folder "hello"')


sys.exit(main())
