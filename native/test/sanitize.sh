#!/bin/sh
# Runs the stand-alone checks under ThreadSanitizer, AddressSanitizer and UndefinedBehaviorSanitizer, then builds the whole addon with
# the last two for every tier and runs in it: the conformance suite, fuzzed plans and bulk calls, and training with every recipe family.
# Needs g++ with its sanitizers, and dist/.
# Usage: native/test/sanitize.sh [thread|address|undefined|addon]…   Objects go to build/native-test-* and build/sanitized.
set -e
cd "$(dirname "$0")/../.."
cxx=${CXX:-g++}
shapes=${SHAPES:-40}
plans=${PLANS:-20000}

addon() {
  # A tree of its own, so that the addon in build/ stays what it is; copies, because a module is asked for by its real path.
  tree=build/sanitized
  mkdir -p $tree
  export NODE_PRESERVE_SYMLINKS=1 NODE_PRESERVE_SYMLINKS_MAIN=1
  for name in node_modules package.json studies; do ln -sfn "$PWD/$name" "$tree/$name"; done
  for name in native tools dist src test vitest.config.mjs; do rm -rf "${tree:?}/$name" && cp -r "$name" "$tree/"; done
  flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1 -O1"
  CXX="$cxx $flags" node $tree/tools/build-native.mjs --strict --all-tiers
  # Node itself is not instrumented: the sanitizer's library comes first, and leaks of Node are not ours.
  export LD_PRELOAD="$($cxx -print-file-name=libasan.so) $($cxx -print-file-name=libubsan.so)"
  export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
  (cd $tree && node node_modules/vitest/vitest.mjs run --root . --testTimeout 1200000 src/kernels/conformance src/kernels/native)
  for fuzzer in plans bulk; do
    node test/fuzz/$fuzzer.mjs --addon "$PWD/$tree/build/roundoff.node" --inputs "$plans"
  done
  node $tree/test/kills/run.mjs --kills 0
}

for what in ${*:-thread address undefined addon}; do
  echo "== $what"
  if [ "$what" = addon ]; then addon; else SANITIZE=$what native/test/run.sh check "$shapes"; fi
done
echo "sanitizers: nothing found"
