# SPDX-License-Identifier: MIT
# Read by the scripts of this folder: a scratch folder, the program that is built against what was installed, verdicts.
set -eu
export LC_ALL=C
CC=${CC:-cc}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
flags="-std=gnu11 -Wall -Wextra -Wshadow -Werror"

fail() { echo "$(basename "$0"): $*" >&2; exit 1; }

# quiet COMMAND...: its output is shown only if it fails.
quiet() { "$@" >"$scratch/words" 2>&1 || { cat "$scratch/words" >&2; fail "status $?: $*"; }; }

# says WHAT OUTPUT: the program below prints 42.
says() { [ "$2" = 42 ] || fail "$1 printed '$2', not 42"; }

cat >"$scratch/hello.c" <<'C'
#include <eddy/keywords.h>
#include <stdio.h>

async(int, answer, (int, a), (int, b)) {
    await(eddy_sleep(0.001));
    return a * b;
}

async(int, main_task) {
    printf("%d\n", await(answer(6, 7)));
    return 0;
}

int main(void) { return eddy_run(main_task()); }
C
