#!/bin/sh
# Leaves @NAME@.wasm beside this file. Needs Rust 1.82 or later with its target
# (rustup target add wasm32-unknown-unknown), and cubeset on PATH or as $CUBESET.
set -eu
dir=$(cd "$(dirname "$0")" && pwd)
(cd "$dir" && RUSTFLAGS="-C target-feature=+simd128" cargo build --quiet --release --target wasm32-unknown-unknown --target-dir target)
"${CUBESET:-cubeset}" filter pack "$dir/target/wasm32-unknown-unknown/release/filter.wasm" --manifest "$dir/manifest.json" -o "$dir/@NAME@.wasm"
