// Ranges over the rows of a band, and the steps of its groups.
#include "band_steps.h"

namespace roundoff::ROUNDOFF_TIER {

void BandSteps::find_largest(const float* x, const Bands& bands, const Bands::Band& band) {
  if (!perElement_) {
    std::fill_n(largest_, band.groups, 0u);
    bands.runs(band, [&](const GroupRun& run) {
      for (int64_t i = 0, group = run.group; i < run.n; i += run.width, group++) {
        const uint32_t most = largest_magnitude(x + run.offset + i, std::min(run.width, run.n - i));
        largest_[group] = std::max(largest_[group], most);
      }
    });
    return;
  }
  std::fill_n(largest_, band.n, 0u);
  int64_t width = 1;
  bands.runs(band, [&](const GroupRun& run) {
    widen_each(x + run.offset, run.n, largest_);
    width = run.width;
  });
  // In place: a group is never behind its first element.
  for (int64_t group = 0; width > 1 && group < band.groups; group++) {
    const int64_t begin = group * width, end = std::min(band.n, begin + width);
    largest_[group] = *std::max_element(largest_ + begin, largest_ + end);
  }
}

void BandSteps::find_groups(int64_t groups) {
  table_.allFast = true;
  if (powers_ && scales_.fast_steps(largest_, groups, table_.shifts.data(), kept_)) {
    const uint32_t smallest = scales_.smallest_bits();
    for (size_t i = 0; i < static_cast<size_t>(groups); i++) {
      table_.smallest[i] = float_of(smallest + table_.shifts[i]);
      table_.fast[i] = 1;
    }
    return;
  }
  for (int64_t group = 0; group < groups; group++) {
    const GroupStep step = scales_.step_for({largest_[group], 0, 0});
    table_.set(group, step);
    kept_[group] = step.scale;
  }
}

// What groups have, to each of their elements: from the last, since it grows in place.
void BandSteps::spread(int64_t n, int64_t width) {
  for (int64_t group = (n - 1) / width; group >= 0; group--) {
    const size_t from = static_cast<size_t>(group), begin = from * static_cast<size_t>(width);
    const size_t end = std::min(static_cast<size_t>(n), begin + static_cast<size_t>(width));
    const auto fill = [&](auto& values) {
      const auto value = values[from];
      std::fill(values.begin() + static_cast<int64_t>(begin), values.begin() + static_cast<int64_t>(end), value);
    };
    fill(table_.shifts);
    fill(table_.steps);
    fill(table_.smallest);
    fill(table_.fast);
  }
}

void BandSteps::find(const float* x, const Bands& bands, const Bands::Band& band) {
  perElement_ = inner_ != 1 || (manyRows_ && band.n <= kPiece);
  find_largest(x, bands, band);
  find_groups(band.groups);
  if (perElement_ && inner_ == 1) spread(band.n, bands.width());
}

}  // namespace roundoff::ROUNDOFF_TIER
