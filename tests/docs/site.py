#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""site.py FOLDER: the built site loads nothing from elsewhere, its links lead somewhere, and its search finds eddy_lock.

The last is asked of a headless Chromium, by WebDriver; the site is served on a port of 127.0.0.1 that the kernel picks.
"""
import functools
import html.parser
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

LOADS = {('script', 'src'), ('link', 'href'), ('img', 'src'), ('iframe', 'src'), ('source', 'src')}
ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'  # a WebDriver constant
DEADLINE = 120


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads = set(), [], []
        with open(path, encoding='utf-8') as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            if name in ('id', 'name'):
                self.ids.add(value)
            if tag == 'a' and name == 'href':
                self.links.append(value)
            if (tag, name) in LOADS and ('rel', 'canonical') not in attrs:
                self.loads.append(value)


def read_pages(folder):
    return {os.path.join(place, name): Page(os.path.join(place, name))
            for place, _, names in os.walk(folder) for name in names if name.endswith('.html')}


def elsewhere(address):
    return re.match(r'(\w+:)?//', address)


def bad_links(pages):
    for path, page in pages.items():
        if os.path.basename(path) == '404.html':  # its links are those of the top
            continue
        for link in page.links:
            target, _, part = urllib.parse.unquote(link).partition('#')
            full = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
            if elsewhere(link) or link.startswith('mailto:'):
                continue
            if os.path.isdir(full):
                full = os.path.join(full, 'index.html')
            if not os.path.exists(full):
                yield '%s: the link to %s leads to no file' % (path, link)
            elif part and full in pages and part not in pages[full].ids and part != '__skip':
                yield '%s: the link to %s leads to no heading' % (path, link)


def foreign_loads(folder, pages):
    for path, page in pages.items():
        yield from ('%s loads %s' % (path, load) for load in page.loads if elsewhere(load))
    for place, _, names in os.walk(folder):
        for name in names:
            if name.endswith('.css'):
                with open(os.path.join(place, name), encoding='utf-8') as file:
                    for load in re.findall(r'(?:url\(|@import )["\']?((?:https?:)?//[^"\')]+)', file.read()):
                        yield '%s loads %s' % (name, load)


# --- the browser ------------------------------------------------------------------------------------------------------

class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Driver:
    """A session of chromedriver."""

    def __init__(self, profile):
        self.process = subprocess.Popen(['chromedriver', '--port=0'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.session = ''
        try:
            line = next(line for line in self.process.stdout if 'started successfully on port' in line)
            self.base = 'http://127.0.0.1:%s' % re.search(r'on port (\d+)', line).group(1)
            arguments = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
                         '--disable-background-networking', '--user-data-dir=' + profile,
                         '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']
            options = {'capabilities': {'alwaysMatch': {'goog:chromeOptions': {'args': arguments}}}}
            self.session = '/session/' + self.call('/session', options)['sessionId']
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def call(self, path, body=None, method='POST'):
        request = urllib.request.Request(self.base + self.session + path, method=method, data=json.dumps(body or {}).encode(),
                                         headers={'Content-Type': 'application/json'})
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()[:500]) from error

    def script(self, text):
        return self.call('/execute/sync', {'script': text, 'args': []})

    def close(self):
        try:
            self.call('', method='DELETE')
        finally:
            self.process.terminate()
            self.process.wait(30)


def wait_for(driver, text, what):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = driver.script(text)
        if found:
            return found
        time.sleep(0.2)
    raise RuntimeError('%s did not come within %d s' % (what, DEADLINE))


def search(driver, address):
    """Types eddy_lock into the search box; what goes wrong."""
    driver.call('/url', {'url': address})
    box = driver.call('/element', {'using': 'css selector', 'value': 'input.md-search__input'})[ELEMENT]
    driver.script('document.querySelector("input.md-search__input").focus()')
    driver.call('/element/%s/value' % box, {'text': 'eddy_lock'})
    found = wait_for(driver, 'return Array.from(document.querySelectorAll(".md-search-result__link")).map(a => a.href)',
                     'a result of the search')
    if not any('/docs/reference/eddy_lock.html' in link for link in found):
        yield 'the search for eddy_lock finds %s' % found
    loaded = driver.script('return performance.getEntriesByType("resource").map(e => e.name)')
    yield from ('the page loads %s' % name for name in loaded if not name.startswith(address))


def ask_browser(folder):
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        driver = Driver(profile)
        try:
            return list(search(driver, 'http://127.0.0.1:%d/' % server.server_port))
        finally:
            driver.close()
            server.shutdown()
            server.server_close()


def main():
    folder = os.path.abspath(sys.argv[1])
    pages = read_pages(folder)
    troubles = list(bad_links(pages)) + list(foreign_loads(folder, pages)) + ask_browser(folder)
    print('\n'.join(troubles) or '%d pages: links, loads and search are right' % len(pages))
    return 1 if troubles or len(pages) < 150 else 0


if __name__ == '__main__':
    sys.exit(main())
