// Which pixels a window of pooling holds, and which windows hold a pixel, along one axis. Meaning of the attributes:
// PoolAttrs in src/kernels/contract/windows.ts.
#pragma once

#include <algorithm>

#include "command.h"

namespace roundoff {

// Divides towards minus infinity; `divisor` is positive.
inline int64_t floor_div(int64_t value, int64_t divisor) {
  return value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor);
}
inline int64_t ceil_div(int64_t value, int64_t divisor) { return -floor_div(-value, divisor); }

struct PoolAxis {
  int64_t size, windows;  // pixels of the image, of the output
  int64_t kernel, stride, pad, dilation;
  bool adaptive;

  // Pixels first(o), first(o) + step(), … below end(o).
  int64_t first(int64_t o) const {
    if (adaptive) return o * size / windows;
    const int64_t start = o * stride - pad;
    return start >= 0 ? start : start + ceil_div(-start, dilation) * dilation;
  }
  int64_t end(int64_t o) const {
    if (adaptive) return ceil_div((o + 1) * size, windows);
    return std::min(size, o * stride - pad + dilation * (kernel - 1) + 1);
  }
  int64_t step() const { return adaptive ? 1 : dilation; }
  // Pixels of window o that an average divides by when padding counts.
  int64_t padded_extent(int64_t o) const {
    const int64_t start = o * stride - pad;
    return std::min(start + kernel, size + pad) - start;
  }

  // The windows whose span holds pixel h: [first_window, end_window). With dilation some of them step over it.
  int64_t first_window(int64_t h) const {
    if (adaptive) return h * windows / size;
    return std::max<int64_t>(0, ceil_div(h + pad - dilation * (kernel - 1), stride));
  }
  int64_t end_window(int64_t h) const {
    if (adaptive) return ceil_div((h + 1) * windows, size);
    return std::min(windows, (h + pad) / stride + 1);
  }
};

struct Pool {
  PoolAxis rows, columns;
  int64_t batch, channels;
  bool countIncludePad = false;
  double divisorOverride = 0;

  // `image` is the large side (x or gx), `pooled` the small one (y or gy).
  Pool(const Command& command, const Operand& image, const Operand& pooled)
      : batch(image.dims[0]), channels(image.dims[3]) {
    const auto attr = [&](size_t i) { return static_cast<int64_t>(command.attrs[i]); };
    const auto axis = [&](int which) {
      const size_t i = static_cast<size_t>(which);
      return PoolAxis{image.dims[1 + which], pooled.dims[1 + which], attr(i),     attr(2 + i),
                      attr(4 + i),           attr(6 + i),            attr(8) != 0};
    };
    rows = axis(0);
    columns = axis(1);
    if (command.attrs.size() < 11) return;
    countIncludePad = attr(9) != 0;
    divisorOverride = command.attrs[10];
  }

  double divisor(int64_t oh, int64_t ow) const {
    if (divisorOverride != 0) return divisorOverride;
    const bool padded = countIncludePad && !rows.adaptive;
    const int64_t height = padded ? rows.padded_extent(oh) : rows.end(oh) - rows.first(oh);
    const int64_t width = padded ? columns.padded_extent(ow) : columns.end(ow) - columns.first(ow);
    return static_cast<double>(height * width);
  }
};

}  // namespace roundoff
