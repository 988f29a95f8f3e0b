#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""jobs.py BUILD [--rounds N] [--scale X]: jobs that add two numbers, by eddy-jobs on NATS and by Celery on Redis, both of Debian.

Starts servers of its own, lets the two take turns, and prints the medians: jobs a second, and microseconds of CPU time
a job, of the caller, the worker and the server. 256 calls are under way at a time; then one, for the time of a call.
Each job's result comes back. Eddy's worker is one process with one thread for jobs; Celery's is its default, a process
for each core. JetStream writes jobs and results to files, Redis keeps them in memory. BUILD holds tests/jobs/many_jobs.
"""
import argparse
import contextlib
import importlib.util
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = '/usr/bin/python3'
JOBS = {'eddy-jobs': {256: 20000, 1: 2000}, 'celery': {256: 3000, 1: 300}}
WARM = 20  # jobs of Celery's caller that are not counted
TASKS = '''
import os
from celery import Celery
app = Celery('tasks', broker=os.environ['CELERY_URL'], backend=os.environ['CELERY_URL'])
@app.task
def add(a, b):
    return a + b
'''


def module(path):
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def cpu_of(pid):
    """Seconds of a process, and of its children that still live."""
    with open('/proc/%d/stat' % pid, encoding='ascii') as file:
        fields = file.read().rpartition(')')[2].split()
    with open('/proc/%d/task/%d/children' % (pid, pid), encoding='ascii') as file:
        children = [int(child) for child in file.read().split()]
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK') + sum(map(cpu_of, children))


def eddy(build, server, calls, count):
    environment = dict(os.environ, NATS_URL='nats://127.0.0.1:%d' % server.port, EDDY_JOBS_COUNT=str(count),
                       EDDY_JOBS_CALLERS=str(calls))
    before = cpu_of(server.process.pid)
    output = subprocess.run([os.path.join(build, 'tests', 'jobs', 'many_jobs')], env=environment, check=True,
                            capture_output=True, text=True).stdout
    rate, caller, worker = re.search(r', (\d+) a second.*caller (\d+) us, worker (\d+) us', output).groups()
    return float(rate), float(caller), float(worker), (cpu_of(server.process.pid) - before) / count * 1e6


def call_celery(calls, count):
    """In a process of its own: prints seconds and CPU seconds."""
    sys.path[0] = os.getcwd()  # and not bench, whose files have names of the standard library
    from tasks import add
    for answer in [add.delay(n, 1) for n in range(WARM)]:
        answer.get()
    began, before = time.monotonic(), time.process_time()
    for first in range(0, count, calls):
        answers = [(n, add.delay(n, 1)) for n in range(first, min(first + calls, count))]
        for n, answer in answers:
            if answer.get() != n + 1:
                raise ValueError('a wrong answer')
    print(time.monotonic() - began, time.process_time() - before)


class Celery:
    """A Redis and a worker."""

    def __init__(self, folder):
        redis, path = module(TOP + '/tests/redis/with_redis.py'), folder + '/redis.sock'
        port = str(redis.free_port())
        self.folder = folder
        self.environment = dict(os.environ, CELERY_URL='redis://127.0.0.1:' + port, C_FORCE_ROOT='1')
        with open(folder + '/tasks.py', 'w', encoding='ascii') as file:
            file.write(TASKS)
        self.log = open(folder + '/log', 'ab')
        self.redis = self.start('redis-server', '--port', port, '--unixsocket', path, '--dir', folder, '--save', '')
        redis.wait_for(path, self.redis)
        self.worker = self.start(PYTHON, '-m', 'celery', '-A', 'tasks', 'worker', '--loglevel', 'WARNING')

    def start(self, *words):
        return subprocess.Popen(words, cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log)

    def measure(self, calls, count):
        before = cpu_of(self.worker.pid), cpu_of(self.redis.pid)
        output = subprocess.run([PYTHON, __file__, '--celery', str(calls), str(count), '.'], env=self.environment,
                                cwd=self.folder, check=True, capture_output=True, text=True).stdout
        seconds, caller = (float(word) for word in output.split())
        each = 1e6 / (count + WARM)  # with those that warm it up
        return (count / seconds, caller / count * 1e6, (cpu_of(self.worker.pid) - before[0]) * each,
                (cpu_of(self.redis.pid) - before[1]) * each)

    def stop(self):
        for process in (self.worker, self.redis):
            process.terminate()
            process.wait(30)
        self.log.close()


def compare(build, server, celery, rounds, scale):
    runs = {'eddy-jobs': lambda calls, count: eddy(build, server, calls, count), 'celery': celery.measure}
    for calls in (256, 1):
        found = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                found[name].append(run(calls, max(10, int(JOBS[name][calls] * scale))))
        medians = {name: [statistics.median(column) for column in zip(*values)] for name, values in found.items()}
        print('%d call%s at a time' % (calls, '' if calls == 1 else 's'))
        for name, (rate, caller, worker, of_server) in medians.items():
            print('  %-10s %7.0f jobs/s %7.2f ms a call   us of CPU a job: caller %5.0f, worker %5.0f, server %5.0f'
                  % (name, rate, calls / rate * 1e3, caller, worker, of_server))
        ours, theirs = medians['eddy-jobs'], medians['celery']
        print('  eddy-jobs / celery: %.1f times the jobs a second, %.2f times the CPU a job'
              % (ours[0] / theirs[0], sum(ours[1:]) / sum(theirs[1:])))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--scale', type=float, default=1, help='of the numbers of jobs')
    parser.add_argument('--celery', type=int, nargs=2, help='one run of the caller: calls at a time, and jobs')
    arguments = parser.parse_args()
    if arguments.celery:
        call_celery(*arguments.celery)
        return
    folder = tempfile.mkdtemp(prefix='eddy-bench-jobs-')
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        server = module(TOP + '/tests/nats/with_nats.py').Server(folder, 'nats', '')
        stack.callback(server.stop)
        server.wait()
        celery = Celery(folder)
        stack.callback(celery.stop)
        compare(os.path.abspath(arguments.build), server, celery, arguments.rounds, arguments.scale)


if __name__ == '__main__':
    main()
