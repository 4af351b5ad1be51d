// Cuts one scratch buffer into 64-byte aligned arrays. A kernel writes down its arrays once, in a function that
// takes a Carver; the function is run on nothing to learn the size and then on the real buffer.
#pragma once

#include <cstddef>
#include <cstdint>

namespace roundoff {

class Carver {
 public:
  explicit Carver(void* base) : base_(static_cast<char*>(base)) {}

  template <class T>
  void take(T*& array, int64_t elements) {
    array = base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + used_);
    used_ += (static_cast<size_t>(elements) * sizeof(T) + 63) / 64 * 64;
  }
  size_t used() const { return used_; }

 private:
  char* base_;
  size_t used_ = 0;
};

// Runs `layout(carver)` twice; `get(bytes)` supplies the buffer in between.
template <class Layout, class Get>
void carve(const Layout& layout, const Get& get) {
  Carver measure(nullptr);
  layout(measure);
  Carver real(get(measure.used() + 64));
  layout(real);
}

}  // namespace roundoff
