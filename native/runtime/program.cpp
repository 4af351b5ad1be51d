// From a plan to commands: every operand gets its memory here, after it was checked to lie inside it.
#include <algorithm>
#include <cmath>

#include "engine.h"

namespace roundoff {
namespace {

constexpr int64_t kAlignment = 64;
// What an arena may have beyond its last buffer.
constexpr int64_t kArenaSlack = int64_t{2} << 20;
// No tensor is this large; below it, products of dimensions cannot overflow.
constexpr int64_t kMaxElements = int64_t{1} << 40;

void check_buffer(const BufferSpec& buffer, size_t index, int64_t arenaBytes) {
  const std::string name = "buffer " + std::to_string(index);
  check(buffer.elements >= 0 && buffer.elements <= kMaxElements, name + ": elements out of range");
  if (buffer.external) {
    return check(buffer.dtype == DType::f32 || buffer.dtype == DType::i32, name + ": an external must be f32 or i32");
  }
  check(buffer.offset >= 0 && buffer.offset % kAlignment == 0, name + ": offset is not a multiple of 64");
  check(buffer.offset <= arenaBytes && buffer.elements * bytes_of(buffer.dtype) <= arenaBytes - buffer.offset,
        name + ": does not fit the arena of " + std::to_string(arenaBytes) + " bytes");
}

// Where the last buffer of the arena ends. Only after check_buffer: the sums are in range then.
int64_t arena_end(const PlanSpec& plan) {
  int64_t end = 0;
  for (const BufferSpec& buffer : plan.buffers) {
    if (!buffer.external) end = std::max(end, buffer.offset + buffer.elements * bytes_of(buffer.dtype));
  }
  return end;
}

}  // namespace

void check_codes(const CodeFormat& codes, DType dtype) {
  const int most = dtype == DType::code8 ? 8 : 16;
  check(codes.bits >= 3 && codes.bits <= most, "codes: more bits than their storage has");
  check(codes.precision >= 1 && codes.precision < codes.bits, "codes: precision out of range");
  check(codes.emin >= -100 && codes.emin <= 100, "codes: smallest normal exponent out of range");
  check(codes.maxFinite >= std::ldexp(1.0f, codes.emin) && std::isfinite(codes.maxFinite), "codes: maxFinite out of range");
  check(codes.nan > 0 && codes.nan < 1 << codes.bits && codes.infinity < 1 << codes.bits, "codes: NaN or Infinity has no code");
}

void check_store(const StoreRounding& store, DType dtype, const CodeFormat& codes) {
  check(dtype != DType::i16 && dtype != DType::i32, "integers cannot be rounded to a float format");
  const bool fits = store.precision <= codes.precision && store.maxFinite <= codes.maxFinite && store.emin >= codes.emin;
  check(!holds_codes(dtype) || fits, "an output is rounded to a format that its codes do not hold");
  // Below FP32's own smallest normal its values have fewer bits than the format asks for.
  check(store.precision >= 1 && store.precision <= 24 && store.emin >= -126 && store.emin <= 127,
        "the format of an output is not inside FP32: precision 1 to 24, smallest normal exponent -126 to 127");
  check(!store.hasSubnormals || store.emin - (store.precision - 1) >= -149,
        "the format of an output has subnormals below those of FP32");
  check(store.maxFinite > 0, "the format of an output has no positive maxFinite");
  check(dtype != DType::bf16 || store.precision <= 8, "a bf16 output cannot hold a format of more than 8 bits");
}

Program::Program(const Engine& engine, const PlanSpec& plan, const std::vector<ExternalMemory>& externals)
    : externals_(externals), externalOf_(plan.buffers.size(), -1) {
  check(plan.arenaBytes >= 0 && plan.arenaBytes <= kMaxElements * 4, "arenaBytes is out of range");
  int64_t next = 0;
  for (size_t i = 0; i < plan.buffers.size(); i++) {
    const BufferSpec& buffer = plan.buffers[i];
    check_buffer(buffer, i, plan.arenaBytes);
    if (!buffer.external) continue;
    check(next < static_cast<int64_t>(externals.size()), "fewer externals than external buffers");
    const ExternalMemory& memory = externals[static_cast<size_t>(next)];
    check(memory.dtype == buffer.dtype && memory.elements == buffer.elements,
          "buffer " + std::to_string(i) + ": the external array has another type or length than the plan says");
    externalOf_[i] = next++;
  }
  check(next == static_cast<int64_t>(externals.size()), "more externals than external buffers");
  check(plan.arenaBytes <= arena_end(plan) + kArenaSlack, "arenaBytes is more than the buffers need");
  if (plan.clockBuffer >= 0) {
    check(plan.clockBuffer < static_cast<int64_t>(plan.buffers.size()), "clockBuffer is not the index of a buffer");
    const BufferSpec& clock = plan.buffers[static_cast<size_t>(plan.clockBuffer)];
    check(clock.external && clock.dtype == DType::i32 && clock.elements == 3, "the clock must be an external i32 [3]");
    clockExternal_ = externalOf_[static_cast<size_t>(plan.clockBuffer)];
  }
  if (plan.arenaBytes > 0) arena_ = new_arena(plan.arenaBytes);
  // `places_` points into the commands: they must not move any more.
  commands_.reserve(plan.commands.size());
  for (const CommandSpec& spec : plan.commands) {
    try {
      add_command(engine, plan, spec);
    } catch (const PlanError& error) {
      throw PlanError("command " + std::to_string(commands_.size()) + " (" + spec.op + "): " + error.what());
    }
  }
  share_packed(engine);
}

// Whether a rounding of its own draws random numbers: where its mode stands among the attributes.
static bool rounds_stochastically(const CommandSpec& spec) {
  const size_t mode = spec.op == "quantizeDynamicFixed" ? 1 : spec.op == "quantizeValues" ? 12 : spec.attrs.size();
  return mode < spec.attrs.size() && spec.attrs[mode] == static_cast<double>(Rounding::stochastic);
}

void Program::add_command(const Engine& engine, const PlanSpec& plan, const CommandSpec& spec) {
  const auto kernel = engine.kernels().find(spec.op);
  check(kernel != engine.kernels().end(), "unknown operation");
  Command command{kernel->second, spec.op, {}, {}, spec.attrs};
  bool draws = spec.op == "dropout" || rounds_stochastically(spec);
  for (const OperandSpec& operand : spec.in) command.in.push_back(place(plan, operand));
  for (const OperandSpec& operand : spec.out) {
    command.out.push_back(place(plan, operand));
    draws = draws || (operand.rounds && operand.store.rounding == Rounding::stochastic);
  }
  for (const EpilogueStepSpec& step : spec.epilogue) {
    const Operand operand = step.hasOperand ? place(plan, step.operand) : Operand{};
    command.epilogue.push_back(
        {step.op, step.attrs, step.rounds, step.round, step.hasOperand, step.resultFirst, operand});
    draws = draws || (step.rounds && step.round.rounding == Rounding::stochastic);
  }
  command.sides.hasAmax = !spec.amax.empty();
  command.sides.hasSigns = !spec.signs.empty();
  if (command.sides.hasAmax) command.sides.amax = place(plan, spec.amax[0]);
  if (command.sides.hasSigns) command.sides.signs = place(plan, spec.signs[0]);
  check(!draws || clockExternal_ >= 0, "draws random numbers, but the plan has no clock buffer");
  check_command(command);
  Command& kept = commands_.emplace_back(std::move(command));
  if (!kept.epilogue.empty()) kept.out[0].epilogue = &kept.epilogue;
  if (kept.sides.any()) kept.out[0].sides = &kept.sides;
  const auto remember = [&](Operand& operand, const OperandSpec& from) {
    const int64_t external = externalOf_[static_cast<size_t>(from.buffer)];
    if (external >= 0) places_.push_back({&operand, static_cast<size_t>(external)});
  };
  for (size_t i = 0; i < spec.in.size(); i++) remember(kept.in[i], spec.in[i]);
  for (size_t i = 0; i < spec.out.size(); i++) remember(kept.out[i], spec.out[i]);
  for (size_t i = 0; i < spec.epilogue.size(); i++) {
    if (spec.epilogue[i].hasOperand) remember(kept.epilogue[i].operand, spec.epilogue[i].operand);
  }
  if (kept.sides.hasAmax) remember(kept.sides.amax, spec.amax[0]);
  if (kept.sides.hasSigns) remember(kept.sides.signs, spec.signs[0]);
}

Operand Program::place(const PlanSpec& plan, const OperandSpec& spec) const {
  check(spec.buffer >= 0 && spec.buffer < static_cast<int64_t>(plan.buffers.size()), "operand names no buffer");
  const BufferSpec& buffer = plan.buffers[static_cast<size_t>(spec.buffer)];
  const int64_t external = externalOf_[static_cast<size_t>(spec.buffer)];
  check(spec.dtype == buffer.dtype, "operand and buffer differ in dtype");
  check(spec.dims.size() <= kMaxRank, "an operand has more than " + std::to_string(kMaxRank) + " axes");
  void* data = external >= 0 ? externals_[static_cast<size_t>(external)].data
                             : static_cast<char*>(arena_.get()) + buffer.offset;
  Operand operand{data, spec.dtype, static_cast<int>(spec.dims.size()), {}, 1, spec.rounds, spec.store};
  for (size_t axis = 0; axis < spec.dims.size(); axis++) {
    const int64_t size = spec.dims[axis];
    check(size >= 1 && size <= kMaxElements / operand.elements, "an axis is empty or too long");
    operand.dims[axis] = size;
    operand.elements *= size;
  }
  check(operand.elements <= buffer.elements, "operand of " + std::to_string(operand.elements) +
                                                 " elements does not fit its buffer of " +
                                                 std::to_string(buffer.elements));
  if (holds_codes(spec.dtype)) {
    check_codes(buffer.codes, spec.dtype);
    operand.codes = buffer.codes;
  }
  if (spec.rounds) check_store(spec.store, spec.dtype, operand.codes);
  return operand;
}

void Program::rebind(const std::vector<ExternalMemory>& externals) {
  check(externals.size() == externals_.size(), "the number of externals changed");
  for (size_t i = 0; i < externals.size(); i++) {
    check(externals[i].elements == externals_[i].elements, "an external array was detached or resized");
    externals_[i].data = externals[i].data;
  }
  for (const Place& place : places_) place.operand->data = externals_[place.external].data;
}

Clock Program::clock() const {
  if (clockExternal_ < 0) return {0, 0, 0};
  const uint32_t* words = static_cast<const uint32_t*>(externals_[static_cast<size_t>(clockExternal_)].data);
  return {words[0], words[1], words[2]};
}

}  // namespace roundoff
