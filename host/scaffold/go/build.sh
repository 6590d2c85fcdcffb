#!/bin/sh
# Leaves @NAME@.wasm beside this file. Needs Go 1.24 or later, and cubeset on
# PATH or as $CUBESET.
set -eu
dir=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$dir/build"
(cd "$dir" && GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath -ldflags=-w -o build/@NAME@.wasm .)
"${CUBESET:-cubeset}" filter pack "$dir/build/@NAME@.wasm" --manifest "$dir/manifest.json" -o "$dir/@NAME@.wasm"
