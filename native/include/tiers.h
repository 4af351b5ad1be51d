// The instruction-set tiers. Each file of native/kernels/ is compiled once per tier with -DROUNDOFF_TIER=<name>; a
// tier's kernels live in the namespace of that name and register themselves in a KernelTable.
#pragma once

#include "bulk_kernels.h"
#include "command.h"

namespace roundoff {

#define ROUNDOFF_DECLARE_TIER(tier)                                                                         \
  namespace tier {                                                                                          \
  BulkKernels bulk_kernels();                                                                               \
  size_t matmul_packed_bytes(const Command& command, const CpuFeatures& cpu);                               \
  void register_elementwise(KernelTable& table);                                                            \
  void register_movement(KernelTable& table);                                                               \
  void register_indexing(KernelTable& table);                                                               \
  void register_order(KernelTable& table);                                                                  \
  void register_softmax(KernelTable& table);                                                                \
  void register_reductions(KernelTable& table);                                                             \
  void register_pooling(KernelTable& table);                                                                \
  void register_normalization(KernelTable& table);                                                          \
  void register_dropout(KernelTable& table);                                                                \
  void register_resampling(KernelTable& table);                                                             \
  void register_group_norm(KernelTable& table);                                                             \
  void register_local_response_norm(KernelTable& table);                                                    \
  void register_loss(KernelTable& table);                                                                   \
  void register_ctc(KernelTable& table);                                                                    \
  void register_embedding(KernelTable& table);                                                              \
  void register_recurrent_cells(KernelTable& table);                                                        \
  void register_masked_softmax(KernelTable& table);                                                         \
  void register_optimizer(KernelTable& table);                                                              \
  void register_update_control(KernelTable& table);                                                         \
  void register_layerwise_optimizer(KernelTable& table);                                                    \
  void register_quantize(KernelTable& table);                                                               \
  void register_quantize_values(KernelTable& table);                                                        \
  void register_matmul(KernelTable& table);                                                                 \
  void register_convolution(KernelTable& table);                                                            \
  inline KernelTable kernels() {                                                                            \
    KernelTable table;                                                                                      \
    register_elementwise(table);                                                                            \
    register_movement(table);                                                                               \
    register_indexing(table);                                                                               \
    register_order(table);                                                                                  \
    register_softmax(table);                                                                                \
    register_reductions(table);                                                                             \
    register_pooling(table);                                                                                \
    register_normalization(table);                                                                          \
    register_dropout(table);                                                                                \
    register_resampling(table);                                                                             \
    register_group_norm(table);                                                                             \
    register_local_response_norm(table);                                                                    \
    register_loss(table);                                                                                   \
    register_ctc(table);                                                                                    \
    register_embedding(table);                                                                              \
    register_recurrent_cells(table);                                                                        \
    register_masked_softmax(table);                                                                         \
    register_optimizer(table);                                                                              \
    register_update_control(table);                                                                         \
    register_layerwise_optimizer(table);                                                                    \
    register_quantize(table);                                                                               \
    register_quantize_values(table);                                                                        \
    register_matmul(table);                                                                                 \
    register_convolution(table);                                                                            \
    return table;                                                                                           \
  }                                                                                                         \
  }

ROUNDOFF_DECLARE_TIER(portable)
ROUNDOFF_DECLARE_TIER(avx2)
ROUNDOFF_DECLARE_TIER(avx512)
#undef ROUNDOFF_DECLARE_TIER

}  // namespace roundoff
