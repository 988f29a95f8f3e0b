# The front door; Meson does the work (meson.build), tools/*.sh hold the logic. `make help` lists the targets.

.DEFAULT_GOAL := build
.PHONY: build run run-http run-jobs run-nats run-pg run-redis test check model soak jobs-kill jobs-cut jobs-million fuzz flags faults bench bench-quick bench-micro bench-io bench-cores bench-growth bench-http bench-jobs bench-pg bench-redis docs \
    python amalgamation test-python wheel bench-python install uninstall clean help

build:      ## set up what is missing and build; the command lands at build/eddy
	@tools/build.sh

run:        ## build, then run the full example (a crawler) on a small site of its own
	@tools/build.sh curl
	@build/examples/areq

run-http:   ## build, then run the example of a server of HTTP on port 8080
	@tools/build.sh curl
	@build/examples/web 8080

run-pg:     ## the example of the module eddy-pg, with a PostgreSQL of its own
	@tools/build.sh curl
	@. tools/setup.sh && tools/need.sh $$need_for_modules && tests/pg/with_pg.py build/examples/shop

run-jobs:   ## the example of the module eddy-jobs, with a NATS server and three workers of its own
	@tools/build.sh
	@. tools/setup.sh && tools/need.sh $$need_for_modules && \
	    tests/nats/with_nats.py tests/jobs/with_workers.sh build/examples/render build/examples/render

run-nats:   ## the example of the module eddy-nats, with a NATS server of its own
	@tools/build.sh
	@. tools/setup.sh && tools/need.sh $$need_for_modules && tests/nats/with_nats.py build/examples/votes

run-redis:  ## the example of the module eddy-redis, with a Redis of its own
	@tools/build.sh
	@. tools/setup.sh && tools/need.sh $$need_for_modules && tests/redis/with_redis.py build/examples/visits

test:       ## unit, language, compile-fail and conformance tests; under three minutes
	@tools/test.sh

check:      ## everything else: the other compiler, sanitizers, Valgrind, servers, long seeds
	@tools/check.sh

model:      ## 100 000 random programs in the simulation; EDDY_MODEL_SEEDS, EDDY_SIM_WEATHER
	@tools/model.sh

soak:       ## hostile load, EDDY_SOAK_SECONDS (1200) on each driver, then `make model`
	@EDDY_SOAK_SECONDS=$${EDDY_SOAK_SECONDS:-1200} tools/check.sh load && tools/model.sh

jobs-kill:  ## kill -9 of workers under jobs, EDDY_JOBS_KILLS times (200), and loss of servers of a cluster; three minutes
	@tools/build.sh tests
	@. tools/setup.sh && tools/need.sh $$need_for_modules && EDDY_NATS_PATIENCE=1200 EDDY_JOBS_KILLS=$${EDDY_JOBS_KILLS:-200} \
	    tests/nats/with_nats.py build/tests/jobs/kill_workers && \
	    EDDY_JOBS_KILLS=8 tests/nats/with_nats.py --cluster build/tests/jobs/kill_workers servers

jobs-cut:   ## a cluster on three hosts (network namespaces, as root), of which one is cut off, EDDY_JOBS_CUTS times (6); two minutes
	@tools/build.sh tests
	@. tools/setup.sh && tools/need.sh $$need_for_modules iproute2=cmd:ip && EDDY_NATS_PATIENCE=1800 \
	    tests/nats/with_nats.py --hosts build/tests/jobs/cut_hosts

jobs-million: ## a million jobs by one worker with flat memory; EDDY_JOBS_COUNT; some minutes
	@tools/build.sh tests
	@. tools/setup.sh && tools/need.sh $$need_for_modules && EDDY_NATS_PATIENCE=3600 \
	    EDDY_JOBS_COUNT=$${EDDY_JOBS_COUNT:-1000000} tests/nats/with_nats.py build/tests/jobs/many_jobs

fuzz:       ## foreign bytes into streams, TLS, HTTP, NATS, Redis, jobs, addresses, errors, the cache; EDDY_FUZZ_SECONDS each (45)
	@tools/fuzz.sh

flags:      ## the language tests under all flags with both compilers; a quarter of an hour
	@EDDY_FLAGS=all tests/portability/flags.sh

faults:     ## every fault that can be injected, at every place; an hour or two
	@EDDY_FAULTS_PICKS=0 tools/check.sh faults completions
	@EDDY_BELOW_PICKS=0 EDDY_BUILD=$(CURDIR)/build tests/stress/below.py

bench:      ## the three that follow bench-quick, then docs/benchmarks.md with its pictures; an hour at most
	@tools/bench.sh all --minutes 30

bench-quick: ## the same with three rounds; a quarter of an hour
	@tools/bench.sh all --rounds 3 --minutes 8

bench-micro: ## what the primitives cost here, beside others; half an hour, and 6 GB of memory for a million tasks
	@tools/bench.sh micro

bench-io:   ## what servers cost a request, beside others and C by hand; half an hour
	@tools/bench.sh traffic

bench-cores: ## a server of one core and of two, and messages between cores, beside tokio and Go; three minutes
	@tools/bench.sh cores

bench-growth: ## whether one of a million costs more than one of a thousand; some minutes, and 2 GB of memory
	@tools/bench.sh growth

bench-http: ## CPU time a request of eddy-http beside nginx; two minutes
	@tools/bench.sh http

bench-pg:   ## queries by eddy-pg beside libpq and asyncpg; a minute
	@tools/bench.sh pg

bench-redis: ## commands by eddy-redis beside hiredis; a minute
	@tools/bench.sh redis

bench-jobs: ## jobs by eddy-jobs on NATS beside Celery on Redis; a minute
	@tools/build.sh tests
	@. tools/setup.sh && tools/need.sh $$need_for_modules $$need_for_bench_jobs && bench/jobs.py build

docs:       ## the reference and the guide as a site and as man pages, in build/docs
	@tools/docs.sh

amalgamation: ## the library as eddy.c, eddy.h, eddy-keywords.h in build/amalgamation
	@tools/amalgamate.py build/amalgamation

python:     ## the Python package eddyloop, in build-python; PYTHON=PATH for another interpreter than /usr/bin/python3
	@tools/python.sh build

test-python: ## CPython's own tests of asyncio on it, its own tests, programs of others; two minutes
	@tools/python.sh test

wheel:      ## eddyloop as a wheel with the library inside, in build-python/dist
	@tools/python.sh wheel

bench-python: ## eddyloop beside asyncio and uvloop; EDDY_BENCH_ROUNDS (15), half an hour
	@tools/python.sh bench

install:    ## install under /usr/local (meson configure build --prefix ... changes it); DESTDIR works
	@tools/install.sh

uninstall:  ## remove what install puts there
	@tools/install.sh uninstall

clean:      ## remove every build folder
	@rm -rf build build-*/

help:       ## this list
	@sed -n 's/^\([a-z-]*\): *## /  make \1\t/p' Makefile
