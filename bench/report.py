#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""report.py FOLDER: the figures of FOLDER/micro.json, traffic.json and cores.json become bench/results.json and the page.
report.py --write: the page anew from bench/results.json. report.py --check: fails if the page is not what that gives.

The page is docs/benchmarks.md: its text between two marks is made here, and a picture for each question in
docs/pictures/bench. What no run can know stands in peers.json: the newest releases, figures that were measured on other
machines, and why a peer is ahead.
"""
import datetime
import glob
import json
import os
import platform
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import cores            # noqa: E402
import micro            # noqa: E402
import traffic          # noqa: E402
from picture import CUT, Panel, Row, picture  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
RESULTS = os.path.join(HERE, 'results.json')
PAGE = os.path.join(TOP, 'docs', 'benchmarks.md')
PICTURES = os.path.join(TOP, 'docs', 'pictures', 'bench')
OLD, ELSEWHERE = '†', '‡'
FEW = 6  # rounds: with fewer there are no 95 % bounds

TITLES = {
    'await': 'Await of a coroutine that does not suspend', 'generator': 'An item of a generator',
    'delegation': 'An item through levels of yield_from', 'spawn': 'Spawn, run and join a task',
    'yield': 'Yield to the scheduler', 'queue': 'A round trip through two queues', 'lock': 'A lock handed over',
    'timer': 'Timers', 'cancel': 'A waiting task: spawn, cancel, join', 'failure': 'A failure through ten frames',
    'sleep': 'A million tasks asleep',
}
UNITS = {'sleep-seconds': 's', 'sleep-resident': 'bytes', 'sleep-tables': 'bytes'}


# --- what was measured, and where -------------------------------------------------------------------------------------

def output(*command):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return run.stdout.strip() if not run.returncode else ''


def package_version(package):
    """The upstream part of an installed Debian package's version."""
    said = output('dpkg-query', '-W', '-f', '${Version}', package)
    return re.sub(r'^\d+:|[-+~].*$', '', said)


def versions():
    """{peer: version}, of those that have a package."""
    packages = dict(micro.PACKAGES)
    packages.update((server, package) for server, (_, _, package) in traffic.SERVERS.items() if package)
    packages.update(python='python3', go='golang-1.19-go', tokio='librust-tokio-dev')
    found = {peer: package_version(package.split()[0]) for peer, package in packages.items()}
    return {peer: version for peer, version in found.items() if version}


def machine():
    with open('/proc/cpuinfo', encoding='utf-8') as file:
        model = re.search(r'^model name\s*: (.*)', file.read(), re.M)
    return {'date': datetime.date.today().isoformat(), 'processor': model.group(1) if model else platform.machine(),
            'processors': os.cpu_count(), 'kernel': re.match(r'[\d.]*', platform.release()).group(), 'c library': 'glibc ' + platform.libc_ver()[1],
            'compiler': 'gcc %s -O2' % output('gcc', '-dumpfullversion'),
            'load': round(os.getloadavg()[2], 1)}


def read(path):
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def write(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def collect(folder):
    """bench/results.json: what a run left in a folder. A part that was not run again keeps its older figures."""
    results = read(RESULTS) if os.path.exists(RESULTS) else {}
    for part in ('micro', 'traffic', 'cores'):
        path = os.path.join(folder, part + '.json')
        if os.path.exists(path):
            results[part] = dict(read(path), machine=machine(), versions=versions())
    text = json.dumps(results, indent=1, ensure_ascii=False)
    write(RESULTS, re.sub(r'\[\s+([-\d.e+]+),\s+([-\d.e+]+),\s+([-\d.e+]+)\s+\]', r'[\1, \2, \3]', text) + '\n')


# --- what is said about it --------------------------------------------------------------------------------------------

def parts(version):
    return [int(part) for part in re.findall(r'\d+', version)]


class Report:
    def __init__(self, results):
        self.results, self.known = results, read(os.path.join(HERE, 'peers.json'))
        self.pictures, self.unexplained = {}, []

    def is_old(self, part, peer):
        version, newest = self.results[part]['versions'].get(peer), self.known['newest'].get(peer)
        return bool(version and newest and parts(version)[:2] < parts(newest)[:2])

    def name(self, part, peer):
        name = micro.NAMES.get(peer) or traffic.SERVERS[peer][0].strip('*')
        version = self.results[part]['versions'].get(peer, '')
        if peer == 'raw-uring':
            return name
        version = '.'.join(version.split('.')[:2]) if peer != 'cpp20' else 'g++ ' + version.split('.')[0]
        return ' '.join(filter(None, [name, version])) + (' ' + OLD if self.is_old(part, peer) else '')

    def reason(self, table, measure, peer, name):
        found = self.known[table].get(measure) or self.known[table].get(measure.split('-')[0], {})
        said = found if isinstance(found, str) else found.get(peer, found.get('*', ''))
        if not said:
            self.unexplained.append('%s is ahead in `%s`' % (name, measure))
            said = 'The reason is not known yet.'
        return said

    # Primitives.

    def measures(self, question):
        return [name for name in micro.MEASURES if name in self.results['micro']['figures'] and name.split('-')[0] == question]

    def peers(self, measure):
        """(peer, entry), Eddy first, then the quickest first."""
        figures = self.results['micro']['figures'][measure]
        return sorted(figures.items(), key=lambda item: (item[0] != 'eddy', item[1]['value'][0]))

    def margin(self, part):
        """By how much a peer has to be better to count as ahead: bounds of a few rounds are only the extremes."""
        return 1.0 if self.results[part]['rounds'] >= FEW else 1.1

    def is_ahead(self, entry):
        return 'ratio' in entry and entry['ratio'][1] > self.margin('micro')

    def panel(self, measure):
        rows = []
        for peer, entry in sorted(self.peers(measure), key=lambda item: item[1]['value'][0]):
            kind = 'eddy' if peer == 'eddy' else 'ahead' if self.is_ahead(entry) else 'peer'
            name = 'Eddy' if peer == 'eddy' else self.name('micro', peer)
            rows.append(Row(name, kind, entry['value'], '%s %s' % (micro.number(entry['value'][0]), UNITS.get(measure, 'ns'))))
        others = ['%s %s ns where Eddy took %s' % (entry['peer'], entry['value'], entry['eddy'])
                  for entry in self.known['elsewhere'] if entry.get('measure') == measure]
        note = 'Measured elsewhere: ' + '; '.join(others) if others else ''
        return Panel(micro.MEASURES[measure], rows, note=note)

    def table(self, measure):
        unit = UNITS.get(measure, 'ns')
        lines = ['| %s | %s | Eddy is so many times that |' % (micro.MEASURES[measure], unit), '|---|---:|---:|']
        figure = lambda value: '%s [%s, %s]' % tuple(micro.number(part) for part in value)
        for peer, entry in self.peers(measure):
            if peer == 'eddy':
                lines.append('| **Eddy** | **%s** | |' % figure(entry['value']))
                continue
            lines.append('| %s | %s | %s |' % (self.name('micro', peer), figure(entry['value']), figure(entry['ratio'])))
        for entry in self.known['elsewhere']:
            if entry.get('measure') == measure:
                lines.append('| %s %s %s | %s, Eddy there %s | %s |' % (
                    entry['peer'], entry['version'], ELSEWHERE, entry['value'], entry['eddy'],
                    micro.number(entry['eddy'] / entry['value'])))
        return lines

    def reasons(self, measure):
        """{what is said: who is ahead for that reason}."""
        found = {}
        for peer, entry in self.peers(measure):
            if self.is_ahead(entry):
                name = micro.NAMES[peer]
                found.setdefault(self.reason('why', measure, peer, name), []).append(name)
        for entry in self.known['elsewhere']:
            if entry.get('measure') == measure and entry['eddy'] > entry['value']:
                found.setdefault(self.reason('why', measure, entry['peer'], entry['peer']), []).append(entry['peer'])
        return found

    def illustrated(self, question, title, panels):
        self.pictures[question] = picture(title, panels)
        return ['### ' + title, '', '![%s: bars, shorter is better](pictures/bench/%s.svg)' % (title, question), '']

    def primitives(self):
        out = []
        for question, title in TITLES.items():
            measures = self.measures(question)
            if not measures:
                continue
            out += self.illustrated(question, title, [self.panel(measure) for measure in measures])
            said = {}
            for measure in measures:
                out += self.table(measure) + ['']
                for reason, peers in self.reasons(measure).items():
                    said.setdefault(reason, []).extend(peer for peer in peers if peer not in said.get(reason, []))
            out += ['- Why %s ahead: %s' % (listed(peers), reason) for reason, peers in said.items()] + [''] * bool(said)
        return out

    # Servers.

    def server_rows(self, question, measure):
        figures = self.results['traffic']['figures'][question]
        return [(server, figures[server]) for server in traffic.SERVERS if measure in figures.get(server, {})]

    def server_is_ahead(self, entry, own, measure):
        least = min((mine[measure][1] for mine in own), default=0)
        return measure in entry and entry[measure][2] * self.margin('traffic') < least

    def server_table(self, question, measure, heading, unit):
        rows = self.server_rows(question, measure)
        own = [entry for server, entry in rows if server.startswith('eddy-')]
        figure = lambda value: '%s [%s, %s]' % tuple(micro.number(part) for part in value) if value else ''
        lines = ['| server | %s | %s | p50 µs | p99 µs | system calls |' % (unit, heading), '|---|---:|---:|---:|---:|---:|']
        drawn, ahead = [], []
        for server, entry in rows:
            is_own, hand = server.startswith('eddy-'), server.startswith('raw-')
            name = self.name('traffic', server)
            if not is_own and not hand and self.server_is_ahead(entry, own, measure):
                ahead.append(name.rstrip(' ' + OLD))
            value = entry.get(measure)
            kind = 'eddy' if is_own else 'ahead' if ahead[-1:] == [name.rstrip(' ' + OLD)] else 'peer'
            drawn.append(Row(name, kind, value, micro.number(value[0]) + (' ×' if measure == 'ratio' else ' bytes')))
            cells = ['**%s**' % name if is_own else name, micro.number(entry[unit_of(measure)][0]), figure(entry.get('ratio')),
                     *(micro.number(entry[part][0]) if part in entry else '' for part in ('p50', 'p99')),
                     '%.2f' % entry['calls'] if 'calls' in entry else '']
            lines.append('| ' + ' | '.join(cells) + ' |')
        return lines, drawn, ahead

    def servers(self):
        out = []
        for question, (title, _) in traffic.QUESTIONS.items():
            if question not in self.results['traffic']['figures']:
                continue
            measure = 'resident' if question == 'idle' else 'ratio'
            unit = 'bytes each' if question == 'idle' else 'ns of processor'
            lines, drawn, ahead = self.server_table(question, measure, '× C by hand', unit)
            title = title[0].upper() + title[1:]
            title = title if not title.startswith('The same') else previous + title[8:]
            previous = title
            drawn.sort(key=lambda row: row.value[0])
            out += self.illustrated(question, title, [Panel(title, drawn, 1.0 if measure == 'ratio' else None)])
            out += drop_empty_columns(lines) + ['']
            if ahead:
                out += ['- Why %s ahead: %s' % (listed(ahead), self.reason('why servers', question, '', ', '.join(ahead))), '']
        return out

    # Several cores.

    def cores(self):
        figures, figure = self.results['cores']['figures'], lambda value: '%s [%s, %s]' % tuple(map(micro.number, value))
        out = ['| echo server | requests/s, 1 core | 2 cores | ns of processor a request, 1 core | 2 cores | p50 µs | p99 µs |',
               '|---|---:|---:|---:|---:|---:|---:|']
        for server, entry in figures['servers'].items():
            name = '**%s**' % cores.SERVERS[server] if server.startswith('eddy-') else self.name('cores', server)
            out.append('| ' + ' | '.join([name, *(cell for measure in ('rate', 'cpu') for cell in (
                micro.number(entry[measure + '-1'][0]), '× ' + figure(entry[measure + '-ratio']))),
                *('%s, %s' % tuple(micro.number(entry['%s-%d' % (part, count)][0]) for count in (1, 2)) for part in ('p50', 'p99'))]) + ' |')
        out += ['', '| counted, of a request | 1 core | 2 cores | |', '|---|---:|---:|---:|']
        for key, entry in figures['counted'].items():
            server, what = key.split()
            out.append('| %s: %s | %s | %s | × %.3f |' % (
                cores.SERVERS[server], {'calls': 'system calls', 'instructions': 'user instructions'}[what],
                micro.number(entry['1']), micro.number(entry['2']), entry['2'] / entry['1']))
        who = {'eddy-uring': '**Eddy, io_uring**', 'eddy-epoll': '**Eddy, epoll**', 'eddy-epoll within': 'Eddy within one loop'}
        who.update((peer, self.name('cores', peer)) for peer in cores.PEERS)
        out += ['', '| ns of one | %s |' % ' | '.join(who.values()), '|---|' + '---:|' * len(who)]
        for message, title in cores.MESSAGES.items():
            own = figures['messages'][message]
            out.append('| %s | %s |' % (title, ' | '.join(figure(own[name]) if name in own else '' for name in who)))
        return out

    # All of it.

    def elsewhere(self):
        lines = ['| question | peer | it takes | Eddy in the same run |', '|---|---|---:|---:|']
        for entry in self.known['elsewhere']:
            question = entry.get('question') or micro.MEASURES[entry['measure']]
            lines.append('| %s | %s %s | %s %s | %s %s |' % (
                question, entry['peer'], entry['version'], entry['value'], entry['unit'], entry['eddy'], entry['unit']))
        return lines

    def origin(self):
        out = []
        for part, what in (('micro', 'Primitives'), ('traffic', 'Servers'), ('cores', 'Several cores')):
            if part not in self.results:
                continue
            of = self.results[part]['machine']
            out += ['%s: %d rounds on %s; %d processors, %s; Linux %s, %s, %s. Other work on the machine: a load of %s.' % (
                what, self.results[part]['rounds'], of['date'], of['processors'], of['processor'], of['kernel'],
                of['c library'], of['compiler'], of['load']), '']
        out += ['| peer | version | newest known in %s | |' % self.known['known'], '|---|---|---|---|']
        seen = {}
        for part in ('micro', 'traffic'):
            seen.update((peer, part) for peer in self.results.get(part, {}).get('versions', {}))
        for peer, part in seen.items():
            name = micro.NAMES.get(peer) or traffic.SERVERS[peer][0].replace('C, io_uring', 'liburing')
            out.append('| %s | %s | %s | %s |' % (name, self.results[part]['versions'][peer], self.known['newest'].get(peer, ''),
                                                OLD + ' older' if self.is_old(part, peer) else ''))
        return out

    def page(self, text):
        """The page with its marked parts written anew."""
        made = {'origin': self.origin(), 'elsewhere': self.elsewhere(),
                'primitives': self.primitives() if 'micro' in self.results else [],
                'servers': self.servers() if 'traffic' in self.results else [],
                'cores': self.cores() if 'cores' in self.results else []}
        for name, lines in made.items():
            block = '<!-- bench/report.py: %s -->\n%s\n<!-- end -->' % (name, '\n'.join(lines).strip('\n'))
            text, found = re.subn(r'<!-- bench/report\.py: %s -->\n.*?<!-- end -->' % name, lambda _: block, text, flags=re.S)
            if found != 1:
                sys.exit('docs/benchmarks.md has %d marks named %s instead of one' % (found, name))
        return text


def unit_of(measure):
    return 'resident' if measure == 'resident' else 'cpu'


def listed(names):
    return names[0] + ' is' if len(names) == 1 else '%s and %s are' % (', '.join(names[:-1]), names[-1])


def drop_empty_columns(lines):
    rows = [line.strip('|').split('|') for line in lines]
    kept = [at for at in range(len(rows[0])) if any(row[at].strip() for row in rows[2:])]
    return ['|' + '|'.join(row[at] for at in kept) + '|' for row in rows]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if not sys.argv[1].startswith('--'):
        collect(sys.argv[1])
    report = Report(read(RESULTS))
    with open(PAGE, encoding='utf-8') as file:
        before = file.read()
    page = report.page(before)
    paths = {os.path.join(PICTURES, name + '.svg'): drawn for name, drawn in report.pictures.items()}
    if sys.argv[1] == '--check':
        stale = [path for path, drawn in paths.items() if not os.path.exists(path) or open(path, encoding='utf-8').read() != drawn]
        stale += [path for path in glob.glob(os.path.join(PICTURES, '*')) if path not in paths]
        stale += [PAGE] * (page != before)
        for path in stale:
            print('%s is not what bench/results.json gives: run bench/report.py --write' % os.path.relpath(path, TOP))
        return len(stale) > 0
    os.makedirs(PICTURES, exist_ok=True)
    for path in glob.glob(os.path.join(PICTURES, '*')):
        if path not in paths:
            os.remove(path)
    for path, drawn in paths.items():
        write(path, drawn)
    write(PAGE, page)
    for line in report.unexplained:
        print('bench/peers.json does not say why: %s' % line)
    print('docs/benchmarks.md and %d pictures in docs/pictures/bench are written.' % len(paths))
    return 0


if __name__ == '__main__':
    sys.exit(main())
