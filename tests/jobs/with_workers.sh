#!/bin/bash
# SPDX-License-Identifier: MIT
# with_workers.sh PROGRAM COMMAND...: runs a command beside three workers (PROGRAM worker), under with_nats.py.
set -u
export EDDY_JOBS=$NATS_URL EDDY_DRIVER=${EDDY_WORKER_DRIVER:-}
[ -n "$EDDY_DRIVER" ] || unset EDDY_DRIVER
workers=()
trap 'kill -TERM "${workers[@]}" 2>/dev/null' EXIT
trap 'exit 1' TERM INT HUP
for _ in 1 2 3; do
    "$1" worker &
    workers+=($!)
done
"${@:2}"
status=$?
kill -TERM "${workers[@]}"
wait "${workers[@]}" || status=1
exit $status
