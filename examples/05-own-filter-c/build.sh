#!/bin/sh
# Leaves alike.wasm beside this file. Needs clang and wasm-ld (Debian: apt-get
# install clang lld), and cubeset on PATH or as $CUBESET.
set -eu
dir=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir/build"
clang --target=wasm32 -std=c11 -O3 -Wall -ffreestanding -I "$dir/../../sdk/c" -mbulk-memory -msimd128 -c -o "$dir/build/alike.o" "$dir/filter.c"
wasm-ld --no-entry --stack-first --strip-debug -o "$dir/build/alike.wasm" "$dir/build/alike.o"
"${CUBESET:-cubeset}" filter pack "$dir/build/alike.wasm" --manifest "$dir/manifest.json" -o "$dir/alike.wasm"
