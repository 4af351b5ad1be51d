#!/bin/sh
# Builds and runs the stand-alone checks (and with "bench" the benchmark) of matrix products and convolutions.
# Usage: native/test/run.sh [check [SHAPES] | bench [FILTER]]. Needs only $CXX; objects go to build/native-test.
# SANITIZE=address, undefined or thread builds with that sanitizer, into a folder of its own; native/test/sanitize.sh runs all.
set -e
cd "$(dirname "$0")/.."
out=../build/native-test${SANITIZE:+-$SANITIZE}
mkdir -p "$out"
cxx=${CXX:-g++}
common="-std=c++20 -O3 -fno-math-errno -fno-trapping-math -ffp-contract=off -Wall -Wextra -Iinclude -Itest -MMD"
sanitize=${SANITIZE:+-fsanitize=$SANITIZE -fno-sanitize-recover=all -fno-omit-frame-pointer -g}
common="$common $sanitize"
avx512="-mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c -mprefer-vector-width=512"

# compile SOURCE NAME FLAGS: only if a file that the object was made from is newer.
compile() {
  object="$out/$2.o"
  if [ ! -e "$object" ] || [ ! -e "$out/$2.d" ] || [ -n "$(find $(sed 's/^.*: //; s/\\$//' "$out/$2.d") -newer "$object" 2>&1 | head -1)" ]; then
    own=$(sed -n 's|^// build-flags: ||p' "$1")
    $cxx $common $3 $own -c "$1" -o "$object"
  fi
}

kernels="block_io store_sides epilogue unary unary_grad binary elementwise strided_view round_block matmul convolution conv_depthwise conv_depthwise_weight conv_stencil conv_window conv_grad_weight conv_grad_windows conv_grad_panels conv_outer_window conv_pixel_rows
  gemm_tile gemm_outer outer_panels gemm_panels gemm_rows gemm_block gemm_chains
  accumulate accumulate_products accumulate_narrow accumulate_wide profile_tiles"
objects=""
for name in $kernels; do
  compile "kernels/$name.cpp" "$name.portable" "-DROUNDOFF_TIER=portable" &
  compile "kernels/$name.cpp" "$name.avx2" "-DROUNDOFF_TIER=avx2 -mavx2 -mfma -mf16c" &
  compile "kernels/$name.cpp" "$name.avx512" "-DROUNDOFF_TIER=avx512 $avx512" &
  wait
  objects="$objects $out/$name.portable.o $out/$name.avx2.o $out/$name.avx512.o"
done
program=kernel_${1:-check}
# Checks run the AMX tiles on their model; the benchmark on the hardware, if there is any.
amx=kernels/isa/amx_bf16
[ "$program" = kernel_check ] && amx=test/amx_on_model
compile "$amx.cpp" "$(basename $amx)" "$avx512"
objects="$objects $out/$(basename $amx).o"
for source in runtime/thread_pool runtime/scratch runtime/cpu_features runtime/usable_cpu test/kernel_cases "test/$program"; do
  compile "$source.cpp" "$(basename "$source")" ""
  objects="$objects $out/$(basename "$source").o"
done
$cxx $sanitize $objects -o "$out/$program" -lpthread
[ $# -gt 0 ] && shift
exec "$out/$program" "$@"
