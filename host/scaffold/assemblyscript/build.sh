#!/bin/sh
# Leaves @NAME@.wasm beside this file. Needs Node.js 20 or later, and cubeset on
# PATH or as $CUBESET. The compiler comes from npm, in the version of package.json.
set -eu
dir=$(cd "$(dirname "$0")" && pwd)
(
  cd "$dir"
  [ -x node_modules/.bin/asc ] || npm install --no-audit --no-fund --silent
  node_modules/.bin/asc filter.ts -o build/@NAME@.wasm -O3 --debug --runtime minimal --enable simd --disableWarning 235
)
"${CUBESET:-cubeset}" filter pack "$dir/build/@NAME@.wasm" --manifest "$dir/manifest.json" -o "$dir/@NAME@.wasm"
