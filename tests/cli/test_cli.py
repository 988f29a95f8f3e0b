#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_cli.py [EDDY]: the `eddy` command, and `eddy run` as far as it is not about the cache."""
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from command import ASYNC, COMPILER, EDDY, LIMIT, SEVEN, check, complains, contains, doctor_rows, ends, main, same

ECHO = '''#include <stdio.h>
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        printf("[%s]", argv[i]);
    printf(" %s\\n", __FILE__);
    return 0;
}
'''


# ---- the command itself ----

@check
def usage_without_a_command(place):
    result = place.eddy()
    ends(result, 2, stdout='')
    contains(result.stderr, 'usage: eddy COMMAND')


@check
def version_is_printed(place):
    result = place.eddy('--version')
    ends(result, 0, stderr='')
    if not re.fullmatch(r'eddy \d+\.\d+\.\d+\n', result.stdout):
        raise AssertionError(result.stdout)


@check
def help_lists_and_explains_every_command(place):
    overview = place.eddy('help')
    ends(overview, 0, stderr='')
    same(place.eddy('--help').stdout, overview.stdout, 'eddy --help')
    for name in ('run', 'new', 'tour', 'doctor'):
        contains(overview.stdout, '\n  %s ' % name)
        page = place.eddy('help', name)
        ends(page, 0, stderr='')
        contains(page.stdout, 'usage: eddy ' + name)
        contains(page.stdout, 'exit status: ')
        same(place.eddy(name, '--help').stdout, page.stdout, name + ' --help')
        same(place.eddy(name, '-h').stdout, page.stdout, name + ' -h')
    same(place.eddy('-h').stdout, overview.stdout, 'eddy -h')
    same(place.eddy('-V').stdout, place.eddy('--version').stdout, 'eddy -V')


@check
def unknown_command_is_told(place):
    complains(place.eddy('walk'), 2, 'no command "walk"')
    complains(place.eddy('help', 'walk'), 2, 'no command "walk"')


# ---- external commands ----

SAYS = '#!/bin/sh\necho "$0"\nprintf "[%s]" "$@"\nexit 7\n'


def program(folder, name, text=SAYS):
    path = os.path.join(folder, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


@check
def unknown_name_runs_a_program_from_the_path(place):
    folder = place.path('programs')
    os.makedirs(folder)
    said = program(folder, 'eddy-walk')
    env = {'PATH': folder + ':' + os.environ['PATH']}
    ends(place.eddy('walk', 'a b', '--help', '', env=env), 7, stdout=said + '\n[a b][--help][]', stderr='')
    ends(place.eddy('help', 'walk', env=env), 7, stdout=said + '\n[--help]', stderr='')
    program(folder, 'eddy-version')
    contains(place.eddy('--version', env=env).stdout, 'eddy ')
    program(folder, 'eddy-run', '#!/bin/sh\nexit 9\n')  # no program takes the place of a command
    ends(place.eddy('run', env=env), 2)
    complains(place.eddy('-walk', env=env), 2, 'no command "-walk"')
    complains(place.eddy('../programs/eddy-walk', env=env), 2, 'no command')
    os.chmod(said, 0o644)
    complains(place.eddy('walk', env=env), 2, 'no command "walk"')
    program(folder, 'eddy-broken', '#!/no/such/shell\n')
    complains(place.eddy('broken', env=env), 1, 'cannot be executed')


@check
def unknown_name_runs_a_program_beside_eddy(place):
    folder = place.path('prefix')
    os.makedirs(folder)
    eddy = shutil.copy(EDDY, os.path.join(folder, 'eddy'))
    said = program(folder, 'eddy-walk')
    result = subprocess.run([eddy, 'walk', 'x'], capture_output=True, text=True, timeout=LIMIT, check=False,
                            env={**os.environ, 'PATH': '/usr/bin:/bin'})
    ends(result, 7, stdout=said + '\n[x]', stderr='')


@check
def full_device_is_a_failure(place):
    with open('/dev/full', 'w', encoding='utf-8') as full:
        result = subprocess.run([EDDY, 'help'], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    complains(result, 1, 'cannot write to standard output')


# ---- run: the program ----

@check
def run_passes_the_exit_status_on(place):
    place.write('seven.c', SEVEN)
    ends(place.eddy('run', 'seven.c'), 7, '', '')


@check
def run_passes_death_by_a_signal_on(place):
    place.write('dies.c', '#include <signal.h>\nint main(void) { return raise(SIGTERM); }\n')
    ends(place.eddy('run', 'dies.c'), -signal.SIGTERM)


@check
def run_passes_the_arguments_after_dashes(place):
    place.write('echo.c', ECHO)
    ends(place.eddy('run', 'echo.c', '--', 'a', 'b c', '', '-x', '--', 'y.c'), 0,
         '[a][b c][][-x][--][y.c] echo.c\n')


@check
def run_keeps_the_path_as_spelled(place):
    place.write('deep/echo.c', ECHO)
    ends(place.eddy('run', './deep/../deep/echo.c'), 0, ' ./deep/../deep/echo.c\n')


@check
def run_copes_with_blanks_and_dollars_in_names(place):
    place.write('a folder/it\'s $x #1.c', '#include "own \\header$.h"\nint main(void) { return N; }\n'.replace('\\', ''))
    place.write('a folder/own header$.h', '#define N 4\n')
    ends(place.eddy('run', 'a folder/it\'s $x #1.c'), 4)
    place.write('a folder/own header$.h', '#define N 6\n')
    ends(place.eddy('run', 'a folder/it\'s $x #1.c'), 6)


@check
def run_names_the_program_after_the_source(place):
    place.write('name.c', '#include <stdio.h>\nint main(int n, char **v) { (void)n; puts(v[0]); }\n')
    ends(place.eddy('run', './name.c'), 0, './name\n')


@check
def run_passes_standard_input_through(place):
    place.write('upper.c', '#include <stdio.h>\n#include <ctype.h>\n'
                           'int main(void) { for (int c; (c = getchar()) != EOF;) putchar(toupper(c)); }\n')
    ends(place.eddy('run', 'upper.c', input='quiet\n'), 0, 'QUIET\n')


@check
def run_reads_a_source_from_standard_input(place):
    for _ in range(2):
        ends(place.eddy('run', '-', '--', 'x', input=ECHO), 0, '[x] <stdin>\n')
    ends(place.eddy('run', '-', input='#include <stdio.h>\nint main(int n, char **v) { (void)n; puts(v[0]); }\n'), 0,
         'stdin\n')
    ends(place.eddy('run', '-', input=''), 1)


@check
def run_builds_several_sources(place):
    place.write('one.c', 'int other(void);\nint main(void) { return other(); }\n')
    place.write('two.c', 'int other(void);\nint other(void) { return 9; }\n')
    ends(place.eddy('run', 'one.c', 'two.c'), 9)


@check
def run_compiles_async_functions(place):
    place.write('async.c', ASYNC)
    ends(place.eddy('run', 'async.c', env={'EDDY_DRIVER': 'sim'}), 5, '42\n', '')


@check
def run_has_debug_info_and_honours_flags(place):
    place.write('flags.c', 'int main(void) { return N; }\n')
    ends(place.eddy('run', 'flags.c', env={'CFLAGS': '-DN=3'}), 3)
    ends(place.eddy('run', 'flags.c', env={'CFLAGS': ' -DN=4  -O0 '}), 4)
    ends(place.eddy('run', 'flags.c', env={'CFLAGS': None, 'CC': COMPILER + ' -DN=5'}), 5)
    programs = [os.path.join(here, 'program') for here, _, names in os.walk(place.path('cache')) if 'program' in names]
    with open(programs[0], 'rb') as program:
        contains(program.read(), b'.debug_line')


@check
def run_links_the_libraries_of_the_user(place):
    place.write('uses.c', 'int mine(void);\nint main(void) { return mine(); }\n')
    for number in (3, 4):
        place.write('mine.c', 'int mine(void);\nint mine(void) { return %d; }\n' % number)
        ends(place.start('sh', '-c', '%s -c mine.c && ar rcs libmine.a mine.o' % COMPILER), 0)
        ends(place.eddy('run', 'uses.c', env={'LDLIBS': './libmine.a'}), number)


@check
def run_links_libcurl_when_it_is_used(place):
    if doctor_rows(place.eddy('doctor'))['eddy-curl'] != 'not built':
        place.write('fetches.c', '#include <eddy/curl.h>\n#include <curl/curl.h>\n'
                                 'int main(void) { return curl_version() == 0; }\n')
        ends(place.eddy('run', 'fetches.c'), 0)
        return
    place.write('eddy/curl.h', '')
    place.write('fetches.c', '#include <eddy/curl.h>\nint main(void) { return 0; }\n')
    complains(place.eddy('run', 'fetches.c', env={'CFLAGS': '-I' + place.folder}), 1,
              '<eddy/curl.h> needs the module eddy-curl')


def links_if_built(place, module, source, complaint):
    place.write('uses.c', source)
    is_built = doctor_rows(place.eddy('doctor'))[module] != 'not built'
    result = place.eddy('run', 'uses.c')
    if is_built:
        ends(result, 0)
    else:
        complains(result, 1, complaint)


@check
def run_links_http_when_it_is_used(place):
    # A server's archive needs zlib, and wslay if it was built with it.
    links_if_built(place, 'eddy-http', '#include <eddy/http.h>\n'
                                       'void *volatile both[] = {(void *)eddy_http_websocket_free, (void *)eddy_http_server_close};\n'
                                       'int main(void) { return !both[0]; }\n',
                   '<eddy/http.h> needs the module eddy-http')


@check
def run_links_pg_when_it_is_used(place):
    links_if_built(place, 'eddy-pg', '#include <eddy/pg.h>\nint main(void) { eddy_pg_free(NULL); return 0; }\n',
                   '<eddy/pg.h> needs the module eddy-pg')


@check
def run_links_jobs_when_it_is_used(place):
    links_if_built(place, 'eddy-jobs', '#include <eddy/keywords.h>\n#include <eddy/jobs.h>\n'
                                       'remote_async(int, square, (int, n)) { return n * n; }\n'
                                       'async(int, main_task) { return await(eddy_remote(square(3))) - 9; }\n'
                                       'int main(void) { return eddy_run(main_task()); }\n',
                   '<eddy/jobs.h> needs the module eddy-jobs')


@check
def run_links_nats_when_it_is_used(place):
    links_if_built(place, 'eddy-nats', '#include <eddy/nats.h>\nint main(void) { eddy_nats_free(NULL); return 0; }\n',
                   '<eddy/nats.h> needs the module eddy-nats, which was not built; enable it')


@check
def a_program_may_have_functions_named_like_internals(place):
    names = ('current', 'memory_alloc', 'shuffle', 'stack_take', 'stream_close', 'task_wake', 'timer_set', 'turn')
    place.write('names.c', '#include <eddy/keywords.h>\n#include <stdio.h>\n' +
                ''.join(f'int {name}(void);\nint {name}(void) {{ puts("{name}"); return 1; }}\n' for name in names) +
                'async(int, main_task)\n{\n    eddy_stream *pair[2];\n    await(eddy_stream_pair(pair));\n'
                '    await(eddy_stream_write(pair[0], "x", 1));\n    await(eddy_sleep(0.01));\n'
                '    char text[2];\n    int size = (int)await(eddy_stream_read(pair[1], text, 2));\n'
                '    await(eddy_stream_close(pair[0]));\n'
                '    await(eddy_stream_close(pair[1]));\n    return size + ' +
                ' + '.join(f'{name}()' for name in names) + ';\n}\n'
                'int main(void) { return eddy_run(main_task()); }\n')
    ends(place.eddy('run', 'names.c'), 9, ''.join(name + '\n' for name in names))


@check
def run_links_several_modules(place):
    # They have functions of the same name, of which none is the program's.
    rows = doctor_rows(place.eddy('doctor'))
    built = [name for name in ('nats', 'pg', 'redis') if rows[f'eddy-{name}'] != 'not built']
    calls = ''.join(f'    eddy_{name}_free(await(eddy_{name}_open("x"), &err));\n    printf("%d\\n", err.code);\n'
                    for name in built)
    place.write('several.c', ''.join(f'#include <eddy/{name}.h>\n' for name in built) +
                '#include <eddy/keywords.h>\n#include <stdio.h>\n'
                'void link_delay(void);\nvoid link_delay(void) { puts("mine"); }\n'
                'async(void, main_task)\n{\n    eddy_error err;\n    link_delay();\n' + calls +
                '}\nint main(void) { return eddy_run(main_task()); }\n')
    ends(place.eddy('run', 'several.c'), 0, 'mine\n' + f'{errno.EINVAL}\n' * len(built))


@check
def run_links_redis_when_it_is_used(place):
    links_if_built(place, 'eddy-redis', '#include <eddy/redis.h>\nint main(void) { eddy_redis_free(NULL); return 0; }\n',
                   '<eddy/redis.h> needs the module eddy-redis, which was not built; enable it')


@check
def run_links_sqlite_when_it_is_used(place):
    links_if_built(place, 'eddy-sqlite', '#include <eddy/keywords.h>\n#include <eddy/sqlite.h>\n'
                                         'async(void, main_task)\n{\n'
                                         '    await(eddy_sqlite_close(await(eddy_sqlite_open(":memory:"))));\n}\n'
                                         'int main(void) { return eddy_run(main_task()); }\n',
                   '<eddy/sqlite.h> needs the module eddy-sqlite')


# ---- run: what the compiler says ----

@check
def run_shows_compiler_errors_unchanged(place):
    place.write('bad.c', 'int main(void) { return nothing; }\n')
    flags = '-std=gnu11 -O2 -g -Wall -Wextra -Wfatal-errors -c -o /dev/null'.split()
    plain = place.start(*COMPILER.split(), *flags, 'bad.c')
    result = place.eddy('run', 'bad.c')
    said = [line for line in plain.stderr.split('\n') if ': In function ' not in line]
    ends(result, 1, '', '\n'.join(said))
    contains(result.stderr, 'nothing')
    same([name for name in os.listdir(place.path('cache'))], [], 'the cache')


MISTAKES = {
    'parameter': ('async(int, g, int n) { return n; }', 'a parameter is a type and a name in parentheses'),
    'no_type': ('async(g, (int, n)) { return n; }', 'this needs a type, a name that is no keyword, then the parameters'),
    'context': ('int g(void) { return await(f(1)); }', 'await_outside_async_function'),
    'operand': ('async(int, g) { return await(5); }', 'await needs a coroutine'),
    'error': ('async(int, g) { eddy_error err; return await(f(1), err); }', 'the address of an eddy_error: &err'),
    'loop': ('async(int, g) { for_each (x, f(1)) (void)x; return 0; }', 'for_each needs a generator'),
    'block': ('async(int, g) { async_with (x, f(1)) { } return 0; }', 'async_with needs a block'),
    'spawn': ('async(int, g) { eddy_detach(spawn(f)); return 0; }', 'spawn needs a coroutine value'),
    'count': ('async(int, g) { return await(f(1, 2)); }', 'too many arguments'),
    'typo': ('async(int, g) { int count = 1; return await(f(cuont)); }', 'cuont'),
}


@check
def run_says_a_mistake_in_ten_lines(place):
    for name, (mistake, rule) in MISTAKES.items():
        place.write(name + '.c', '#include <eddy/keywords.h>\nasync(int, f, (int, n)) { return n; }\n%s\n'
                                 'int main(void) { return eddy_run(f(1)); }\n' % mistake)
        result = place.eddy('run', name + '.c')
        ends(result, 1, '')
        lines = result.stderr.rstrip('\n').split('\n')
        if len(lines) > 10 or not lines[0].startswith(name + '.c:3:') or rule not in lines[0]:
            raise AssertionError(result.stderr)
        everything = place.eddy('run', name + '.c', env={'EDDY_ALL_MESSAGES': '1'}).stderr
        if len(everything) < len(result.stderr):
            raise AssertionError('EDDY_ALL_MESSAGES=1 shows less: ' + everything)


@check
def run_names_the_header_of_the_keywords(place):
    place.write('early.c', '/* */\n#include <eddy.h>\nasync(int, f, (int, n)) { return n; }\n'
                           'int main(void) { return eddy_run(f(0)); }\n')
    result = place.eddy('run', 'early.c')
    ends(result, 1, '')
    contains(result.stderr, 'early.c:2: error: async, await and the other keywords are in <eddy/keywords.h>')
    place.write('none.c', '#include <stdio.h>\nasync(int, f, (int, n)) { return n; }\nint main(void) { }\n')
    contains(place.eddy('run', 'none.c').stderr, 'none.c:1: error: async, await and the other keywords are in')
    place.write('own.c', '#include <eddy.h>\neddy_async(int, f, (int, n)) { return n }\n'
                         'int main(void) { return eddy_run(f(0)); }\n')
    result = place.eddy('run', 'own.c')
    ends(result, 1, '')
    contains(result.stderr, 'own.c:2')
    place.write('keywords_too.h', '#include <eddy/keywords.h>\n')
    place.write('hidden.c', '#include <eddy.h>\n#include "keywords_too.h"\nasync(int, f, (int, n)) { return await(5); }\n'
                            'int main(void) { return eddy_run(f(0)); }\n')
    contains(place.eddy('run', 'hidden.c').stderr, 'await needs a coroutine')


@check
def run_shows_warnings_each_time(place):
    place.counting_compiler()
    place.write('warns.c', 'int main(void) { int unused; return 0; }\n')
    first = place.eddy('run', 'warns.c')
    ends(first, 0, '')
    contains(first.stderr, 'unused')
    made = place.calls()
    ends(place.eddy('run', 'warns.c'), 0, '', first.stderr)
    same(place.calls(), made, 'calls of the compiler')


@check
def run_reports_an_undefined_function(place):
    place.write('loose.c', 'int missing_function(void);\nint main(void) { return missing_function(); }\n')
    result = place.eddy('run', 'loose.c')
    ends(result, 1, '')
    contains(result.stderr, 'missing_function')


# ---- run: complaints ----

@check
def missing_file_is_told(place):
    complains(place.eddy('run', 'nowhere.c'), 1, 'cannot read "nowhere.c": No such file or directory')
    os.mkdir(place.path('folder.c'))
    complains(place.eddy('run', 'folder.c'), 1, 'cannot read "folder.c": Is a directory')
    place.write('seven.c', SEVEN)
    complains(place.eddy('run', 'seven.c', 'nowhere.c'), 1, 'nowhere.c')


@check
def missing_compiler_is_told(place):
    place.write('seven.c', SEVEN)
    complains(place.eddy('run', 'seven.c', env={'CC': 'no-such-compiler -m64'}), 1,
              'no C compiler: "no-such-compiler" was not found; install gcc or set CC')
    complains(place.eddy('run', 'seven.c', env={'CC': None, 'PATH': place.home}), 1,
              'no C compiler: "cc" was not found; install gcc or set CC')


@check
def compiler_that_cannot_start_is_told(place):
    place.write('seven.c', SEVEN)
    place.write('broken-cc', '#!/no/such/interpreter\n')
    os.chmod(place.path('broken-cc'), 0o755)
    complains(place.eddy('run', 'seven.c', env={'CC': place.path('broken-cc')}), 1, 'cannot run the compiler')


@check
def wrong_command_lines_are_told(place):
    place.write('seven.c', SEVEN)
    complains(place.eddy('run'), 2, 'eddy run FILE.c... [-- ARGUMENTS]')
    complains(place.eddy('run', '--', 'seven.c'), 2, 'eddy run FILE.c')
    complains(place.eddy('run', '-O2', 'seven.c'), 2, 'no option "-O2"', 'CFLAGS')
    complains(place.eddy('run', 'seven.c', 'argument'), 2, '"argument" is not a C source', '"--"')
    for name in ('.c', 'c', 'seven.h', 'seven.c.'):
        complains(place.eddy('run', name), 2, '"%s" is not a C source' % name)
    place.write('x.c', SEVEN)
    ends(place.eddy('run', 'x.c'), 7)


@check
def interrupted_compiler_leaves_nothing_behind(place):
    place.write('slow-cc', '#!/bin/sh\ntouch started\nexec sleep 60\n')
    os.chmod(place.path('slow-cc'), 0o755)
    place.write('seven.c', SEVEN)
    with subprocess.Popen([EDDY, 'run', 'seven.c'], cwd=place.folder, start_new_session=True,
                          env=dict(place.environment, CC=place.path('slow-cc'))) as run:
        while not os.path.exists(place.path('started')) and run.poll() is None:
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)
        same(run.wait(timeout=LIMIT), 130, 'status')
    same(os.listdir(place.path('cache')), [], 'the cache')


# ---- where Eddy lies ----

@check
def installed_command_finds_its_library(place):
    place.write('async.c', ASYNC)
    for libraries in ('lib', 'lib/%s-linux-gnu' % os.uname().machine):
        command = place.install(libraries.replace('/', '-'), libraries)
        ends(place.start(command, 'run', 'async.c', env={'EDDY_DRIVER': 'sim'}), 5, '42\n', '')
    place.write('fetches.c', '#include <eddy/curl.h>\nint main(void) { return 0; }\n')
    place.write('eddy/curl.h', '')
    complains(place.start(command, 'run', 'fetches.c', env={'CFLAGS': '-I' + place.folder}), 1,
              '<eddy/curl.h> needs the module eddy-curl')


@check
def linked_command_finds_its_library(place):
    os.symlink(EDDY, place.path('linked'))
    place.write('seven.c', SEVEN)
    ends(place.start('./linked', 'run', 'seven.c'), 7)


@check
def command_without_its_library_is_told(place):
    shutil.copy(EDDY, place.path('alone'))
    place.write('seven.c', SEVEN)
    complains(place.start('./alone', 'run', 'seven.c'), 1, 'cannot find eddy.h and libeddy.a', 'run make')
    complains(place.start('./alone', 'tour'), 1, 'cannot find eddy.h and libeddy.a')


sys.exit(main())
