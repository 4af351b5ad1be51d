// The element-wise kernels, one file each; `register_elementwise` collects them.
#pragma once

#include "command.h"

namespace roundoff::ROUNDOFF_TIER {

void unary(const Command& command, Context& ctx);
void unary_grad(const Command& command, Context& ctx);
void binary(const Command& command, Context& ctx);
void affine(const Command& command, Context& ctx);
void fill(const Command& command, Context& ctx);
void copy(const Command& command, Context& ctx);
void where(const Command& command, Context& ctx);
void arange(const Command& command, Context& ctx);
void cast(const Command& command, Context& ctx);

}  // namespace roundoff::ROUNDOFF_TIER
