#!/bin/sh
# SPDX-License-Identifier: MIT
# build.sh CARGO Cargo.toml OUTPUT: builds tokio's answers from Debian's librust-tokio-dev, without the net.
set -eu
cargo=$1
source=$(cd "$(dirname "$2")" && pwd)
output=$(cd "$(dirname "$3")" && pwd)/$(basename "$3")
export CARGO_HOME="$output.home" CARGO_TARGET_DIR="$output.target"
mkdir -p "$CARGO_HOME" "$output.source"
# cargo writes its lock file beside the sources: not into the tree
cp -r "$source/Cargo.toml" "$source/src" "$output.source/"
cat >"$CARGO_HOME/config.toml" <<'END'
[source.crates-io]
replace-with = "debian"
[source.debian]
directory = "/usr/share/cargo/registry"
END
"$cargo" build --quiet --release --offline --manifest-path "$output.source/Cargo.toml"
cp "$CARGO_TARGET_DIR/release/tokio-peer" "$output"
