#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_seeds.py [EDDY]: `eddy run --seeds`."""
import re
import signal
import sys

from command import SEVEN, check, complains, contains, ends, main, same


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
HANGS = '''#include <eddy/keywords.h>
async(int, waits) { eddy_event never = {0}; await(eddy_event_wait(&never)); return 0; }
async(int, main_task) { return await(waits()); }
int main(void) { return eddy_run(main_task()); }
'''


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


sys.exit(main())
