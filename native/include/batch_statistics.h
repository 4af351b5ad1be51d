// The sums that batch normalisation takes over the rows of x[rows, channels], in FP64 and in fixed order.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

// mean[c] and squares[c] = Σ (x − mean)² of every channel. Each chunk of rows is summed relative to its first row, so
// nothing cancels when the mean is large against the spread; chunks are joined by the formula of Chan et al. 1979.
void channel_moments(const Operand& x, Context& ctx, double* mean, double* squares);

// sumG[c] = Σ g and sumGX[c] = Σ g·(x − mean[c])·invStd[c].
void channel_gradients(const Operand& g, const Operand& x, const float* mean, const float* invStd, Context& ctx,
                       double* sumG, double* sumGX);

}  // namespace roundoff::ROUNDOFF_TIER
