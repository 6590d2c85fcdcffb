#!/bin/sh
# Leaves @NAME@.wasm beside this file. Needs clang and wasm-ld (Debian: apt-get
# install clang lld), and cubeset on PATH or as $CUBESET.
set -eu
dir=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir/build"
clang --target=wasm32 -std=c11 -O3 -Wall -ffreestanding -mbulk-memory -msimd128 -c -o "$dir/build/@NAME@.o" "$dir/filter.c"
wasm-ld --no-entry --stack-first --strip-debug -o "$dir/build/@NAME@.wasm" "$dir/build/@NAME@.o"
"${CUBESET:-cubeset}" filter pack "$dir/build/@NAME@.wasm" --manifest "$dir/manifest.json" -o "$dir/@NAME@.wasm"
