#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_seeds.py [EDDY]: `eddy run --seeds`."""
import os
import re
import signal
import subprocess
import sys
import time

from command import EDDY, LIMIT, SEVEN, check, complains, contains, doctor_rows, ends, main, same

LUCK = '''#include <eddy/keywords.h>
#include <stdio.h>
static int order = 1;
async(void, first) { await(eddy_sleep(0)); order = order * 2; }
async(void, second) { await(eddy_sleep(0)); order = order + 1; }
async(void, in_order) {
    struct first *a = spawn(first());
    struct second *b = spawn(second());
    await(a);
    await(b);
    if (order != 3)
        throw(EDDY_INVALID_STATE, "the order was another");
}
async(int, main_task) { puts("begun"); await(in_order()); return 0; }
int main(void) { return eddy_run(main_task()); }
'''
SEED = '''#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int argc, char **argv)
{
    const char *weather = getenv("EDDY_SIM_WEATHER");
    printf("%s %s\\n", argv[argc - 1], weather ? weather : "-");
    fflush(stdout);
    if (strcmp(getenv("EDDY_DRIVER"), "sim") != 0)
        return 9;
    if (atoi(getenv("EDDY_SEED")) >= 7)
        abort();
    return 0;
}
'''
ENVIRONMENT = '''#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern char **environ;
static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }
int main(void)
{
    int count = 0;
    while (environ[count])
        count++;
    qsort(environ, count, sizeof *environ, compare);
    for (int i = 0; i < count; i++)
        if (strncmp(environ[i], "EDDY_", 5) == 0 && strncmp(environ[i], "EDDY_CACHE", 10) != 0)
            puts(environ[i]);
    return 1;
}
'''
# Fails with the seeds 3 to 9; a higher seed fails sooner.
ORDER = '''#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
    int seed = atoi(getenv("EDDY_SEED"));
    printf("seed %d\\n", seed);
    usleep(seed < 10 ? (10 - seed) * 20000 : 0);
    return seed >= 3 && seed < 10 ? seed : 0;
}
'''
LOUD = '''#include <stdio.h>
#include <string.h>
static char line[1 << 20];
int main(void)
{
    memset(line, 'x', sizeof line - 1);
    for (int i = 0; i < 4; i++)
        puts(line);
}
'''
HANGS = '''#include <eddy/keywords.h>
async(int, waits) { eddy_event never = {0}; await(eddy_event_wait(&never)); return 0; }
async(int, main_task) { return await(waits()); }
int main(void) { return eddy_run(main_task()); }
'''


def sanitized(place):
    return doctor_rows(place.eddy('doctor'))['sanitizers'].startswith('-')


@check
def seeds_find_luck_and_tell_how_to_repeat_it(place):
    place.write('luck.c', LUCK)
    result = place.eddy('run', '--seeds', '100', 'luck.c')
    ends(result, 1, stdout='')
    contains(result.stderr, 'begun\n')
    contains(result.stderr, 'luck.c:12 in in_order')
    again = re.search(r'\n    EDDY_DRIVER=sim EDDY_SEED=(\d+) eddy run luck.c\n$', result.stderr)
    if not again:
        raise AssertionError(result.stderr)
    for seed in range(1, int(again.group(1)) + 1):  # it is the first one
        repeated = place.eddy('run', 'luck.c', env={'EDDY_DRIVER': 'sim', 'EDDY_SEED': str(seed)})
        same(repeated.returncode, int(seed == int(again.group(1))), 'status with seed %d' % seed)


@check
def seeds_that_all_go_well_say_so(place):
    place.write('seed.c', SEED)
    place.eddy('run', '--seeds', '1', 'seed.c')
    place.counting_compiler()
    ends(place.eddy('run', '--seeds', '6', 'seed.c', env={'EDDY_DRIVER': 'epoll', 'EDDY_SEED': '9'}), 0,
         '6 seeds, each well\n', '')
    calls = place.calls()
    ends(place.eddy('run', '--seeds', '5', 'seed.c'), 0, '5 seeds, each well\n', '')
    same(place.calls(), calls, 'calls of the compiler for a program that is known')


@check
def seeds_tell_a_crash_with_its_weather_and_arguments(place):
    place.write('seed.c', SEED)
    result = place.eddy('run', '--weather', 'storm reset=0.5', '--seeds', '20', 'seed.c', '--', 'a', "it's")
    ends(result, 128 + signal.SIGABRT, stdout='')
    contains(result.stderr, "it's storm reset=0.5\n")
    contains(result.stderr, 'with seed 7 the program ends by signal 6')
    contains(result.stderr, "    EDDY_DRIVER=sim EDDY_SEED=7 EDDY_SIM_WEATHER='storm reset=0.5' eddy run seed.c "
                            "-- a 'it'\\''s'\n")


@check
def seeds_tell_words_as_a_shell_reads_them(place):
    place.write('-', '')
    place.write('a b.c', 'int main(void) { return 3; }\n')
    result = place.eddy('run', '--seeds', '1', '--weather', 'slow', 'a b.c', '--', '', 'aZ09_./-+=,:', '*', '$x')
    ends(result, 3, '', "eddy: with seed 1 the program ends with status 3; again:\n    EDDY_DRIVER=sim EDDY_SEED=1 "
                        "EDDY_SIM_WEATHER=slow eddy run 'a b.c' -- '' aZ09_./-+=,: '*' '$x'\n")


@check
def seeds_run_the_program_with_the_environment_of_the_user(place):
    place.write('env.c', ENVIRONMENT)
    result = place.eddy('run', '--seeds', '1', 'env.c', env={'EDDY_SEED': '5', 'EDDY_DRIVER': 'x', 'EDDY_OTHER': '1',
                                                             'EDDY_SIM_WEATHER': 'fine', 'EDDY_SEEDS': '2'})
    ends(result, 1, '')
    said = result.stderr.split('eddy: with')[0]
    same(said, 'EDDY_DRIVER=sim\nEDDY_OTHER=1\nEDDY_SEED=1\nEDDY_SEEDS=2\n', 'what the program sees')


@check
def seeds_tell_the_lowest_that_fails(place):
    place.write('order.c', ORDER)
    result = place.eddy('run', '--seeds', '30', 'order.c')
    ends(result, 3, '')
    contains(result.stderr, 'seed 3\neddy: with seed 3 the program ends with status 3')


@check
def seeds_leave_nothing_open_and_keep_no_output(place):
    place.write('loud.c', LOUD)
    ends(place.eddy('run', '--seeds', '1', 'loud.c'), 0)
    limits = 'ulimit -n 60 && ' + ('' if sanitized(place) else 'ulimit -v 400000 && ')
    ends(place.start('sh', '-c', limits + 'exec "$0" run --seeds 150 loud.c', EDDY), 0, '150 seeds, each well\n', '')


@check
def seeds_end_what_writes_without_end(place):
    place.write('endless.c', '#include <stdio.h>\nint main(void) { for (;;) puts("more and more and more and more"); }\n')
    result = place.eddy('run', '--seeds', '1', '--limit', '50', 'endless.c')
    ends(result, 124, '')
    contains(result.stderr[-300:], 'with seed 1 the program has not ended after 50 seconds; again:\n')


@check
def seeds_can_be_interrupted(place):
    place.write('hangs.c', '#include <unistd.h>\nint main(void) { close(open("begun", 0101, 0600)); pause(); }\n'
                           .replace('<unistd.h>', '<fcntl.h>\n#include <unistd.h>'))
    with subprocess.Popen([EDDY, 'run', '--seeds', '2', 'hangs.c'], cwd=place.folder, env=place.environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        while run.poll() is None and not os.path.exists(place.path('begun')):
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=LIMIT)
        same((run.returncode, out, err), (130, b'', b''), 'status and words')


@check
def seeds_end_what_hangs_and_tell_where(place):
    place.write('hangs.c', HANGS)
    result = place.eddy('run', '--limit', '0.5', '--seeds', '1', 'hangs.c')
    ends(result, 124, stdout='')
    contains(result.stderr, 'with seed 1 the program has not ended after 0.5 seconds; again:\n')
    contains(result.stderr, 'hangs.c:2 in waits\n')


@check
def seeds_refuse_what_they_cannot_read(place):
    place.write('seven.c', SEVEN)
    complains(place.eddy('run', '--seeds', '0', 'seven.c'), 2, '--seeds', '"0"')
    complains(place.eddy('run', '--seeds', '-1', 'seven.c'), 2, '--seeds', '"-1"')
    complains(place.eddy('run', '--seeds', '3x', 'seven.c'), 2, '--seeds')
    complains(place.eddy('run', '--seeds'), 2, '--seeds needs a word')
    complains(place.eddy('run', '--seeds', '3', '--weather', 'rain', 'seven.c'), 2, 'no weather "rain"')
    complains(place.eddy('run', '--weather', 'storm', 'seven.c'), 2, '--seeds N')
    complains(place.eddy('run', '--seeds', '3'), 2, 'run what?')
    complains(place.eddy('run', '--limit', '3', 'seven.c'), 2, '--seeds N')
    for number in ('18446744073709551616', '', ' 3', '+3', 'x'):
        complains(place.eddy('run', '--seeds', number, 'seven.c'), 2, '--seeds needs a number', '"%s"' % number)
    for limit in ('0', '-1', 'x', '3x', ''):
        complains(place.eddy('run', '--seeds', '3', '--limit', limit, 'seven.c'), 2, '--limit needs', '"%s"' % limit)
    for option in ('--weather', '--limit'):
        complains(place.eddy('run', '--seeds', '3', option), 2, option + ' needs a word')
    complains(place.eddy('run', 'seven.c', '--seeds', '3'), 2, 'no option "--seeds"')


sys.exit(main())
