// Reading plans. Every value is asked for its type before it is used; an empty value means that a getter threw, and the
// pending JavaScript error is left for the caller.
#include "plan_reader.h"

#include <cmath>

namespace roundoff {
namespace {

Napi::Array read_array(const Napi::Value& value, const char* name) {
  check(!value.IsEmpty() && value.IsArray(), std::string(name) + " must be an array");
  return value.As<Napi::Array>();
}

template <class T, class Read>
std::vector<T> read_list(const Napi::Value& value, const char* name, const Read& read) {
  const Napi::Array array = read_array(value, name);
  std::vector<T> list;
  list.reserve(array.Length());
  for (uint32_t i = 0; i < array.Length(); i++) {
    // Plans are large: without a scope of its own every element's handles would live until the whole plan is read.
    const Napi::HandleScope scope(array.Env());
    list.push_back(read(array.Get(i)));
  }
  return list;
}

DType read_dtype(const Napi::Value& value) {
  const int64_t code = read_integer(value, "dtype");
  check(code >= 0 && code <= static_cast<int64_t>(DType::code16), "dtype is not a known code");
  return static_cast<DType>(code);
}

// In the order of CODE_ORDER in src/kernels/native-load.ts.
CodeFormat read_code_format(const Napi::Value& value) {
  const std::vector<double> n = read_numbers(value, "codes");
  check(n.size() == 6, "codes must be 6 numbers");
  for (const double number : n) check(std::abs(number) <= 0x1p100, "codes: a number is out of range");
  for (const size_t i : {0, 1, 2, 4, 5}) check(std::abs(n[i]) <= 0x1p20, "codes: a number is out of range");
  const auto integer = [&](size_t i) { return static_cast<int>(n[i]); };
  return {integer(0), integer(1), integer(2), static_cast<float>(n[3]), integer(4), integer(5)};
}

BufferSpec read_buffer(const Napi::Value& value) {
  const Napi::Object object = read_object(value, "a buffer");
  const Napi::Value external = object.Get("external");
  check(!external.IsEmpty() && external.IsBoolean(), "external must be a boolean");
  const DType dtype = read_dtype(object.Get("dtype"));
  return {external.As<Napi::Boolean>().Value(), read_integer(object.Get("offset"), "offset"), dtype,
          read_integer(object.Get("elements"), "elements"),
          holds_codes(dtype) ? read_code_format(object.Get("codes")) : CodeFormat{}};
}

OperandSpec read_operand(const Napi::Value& value) {
  const Napi::Object object = read_object(value, "an operand");
  OperandSpec operand{read_integer(object.Get("buffer"), "buffer"), read_dtype(object.Get("dtype")), {}, false, {}};
  operand.dims = read_list<int64_t>(object.Get("shape"), "shape",
                                    [](const Napi::Value& item) { return read_integer(item, "a size in shape"); });
  const Napi::Value store = object.Get("store");
  operand.rounds = !store.IsEmpty() && !store.IsUndefined();
  if (operand.rounds) operand.store = read_store(store);
  return operand;
}

bool is_given(const Napi::Value& value) { return !value.IsEmpty() && !value.IsUndefined(); }

EpilogueStepSpec read_step(const Napi::Value& value) {
  const Napi::Object object = read_object(value, "a step of an epilogue");
  const int64_t op = read_integer(object.Get("op"), "op");
  check(op >= 0 && op <= static_cast<int64_t>(EpilogueStep::Op::affine), "op is not a known code");
  EpilogueStepSpec step{static_cast<EpilogueStep::Op>(op), read_numbers(object.Get("attrs"), "attrs"), false, {}, false,
                        read_integer(object.Get("resultFirst"), "resultFirst") != 0, {}};
  const Napi::Value round = object.Get("round"), operand = object.Get("operand");
  step.rounds = is_given(round);
  if (step.rounds) step.round = read_store(round);
  step.hasOperand = is_given(operand);
  if (step.hasOperand) step.operand = read_operand(operand);
  return step;
}

CommandSpec read_command(const Napi::Value& value) {
  const Napi::Object object = read_object(value, "a command");
  CommandSpec command{read_string(object.Get("op"), "op"),
                      read_list<OperandSpec>(object.Get("inputs"), "inputs", read_operand),
                      read_list<OperandSpec>(object.Get("outputs"), "outputs", read_operand),
                      read_numbers(object.Get("attrs"), "attrs")};
  const Napi::Value epilogue = object.Get("epilogue");
  if (is_given(epilogue)) command.epilogue = read_list<EpilogueStepSpec>(epilogue, "epilogue", read_step);
  const Napi::Value amax = object.Get("amax"), signs = object.Get("signs");
  if (is_given(amax)) command.amax.push_back(read_operand(amax));
  if (is_given(signs)) command.signs.push_back(read_operand(signs));
  return command;
}

uint32_t read_word(double value, const char* name) {
  check(value >= 0 && value <= UINT32_MAX, std::string(name) + " must be a uint32");
  return static_cast<uint32_t>(value);
}

}  // namespace

Napi::Object read_object(const Napi::Value& value, const char* name) {
  check(!value.IsEmpty() && value.IsObject(), std::string(name) + " must be an object");
  return value.As<Napi::Object>();
}

std::vector<double> read_numbers(const Napi::Value& value, const char* name) {
  return read_list<double>(value, name, [&](const Napi::Value& item) { return read_number(item, name); });
}

double read_number(const Napi::Value& value, const char* name) {
  check(!value.IsEmpty() && value.IsNumber(), std::string(name) + " must be a number");
  return value.As<Napi::Number>().DoubleValue();
}

int64_t read_integer(const Napi::Value& value, const char* name) {
  const double number = read_number(value, name);
  check(std::abs(number) <= 0x1p53 && std::trunc(number) == number, std::string(name) + " must be an integer");
  return static_cast<int64_t>(number);
}

std::string read_string(const Napi::Value& value, const char* name) {
  check(!value.IsEmpty() && value.IsString(), std::string(name) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

StoreRounding read_store(const Napi::Value& value) {
  const std::vector<double> n = read_numbers(value, "store");
  check(n.size() == 10, "store must be 10 numbers");
  check(n[7] >= 0 && n[7] <= static_cast<double>(Rounding::stochastic), "store: unknown rounding");
  check(n[8] >= 0 && n[8] <= static_cast<double>(Overflow::nan), "store: unknown overflow rule");
  check(std::abs(n[0]) <= 64 && std::abs(n[1]) <= 1024, "store: precision or exponent out of range");
  check(static_cast<double>(static_cast<float>(n[2])) == n[2], "store: maxFinite is not an FP32 value");
  return {static_cast<int>(n[0]),      static_cast<int>(n[1]), static_cast<float>(n[2]), n[3] != 0,
          n[4] != 0,                   n[5] != 0,              n[6] != 0,
          static_cast<Rounding>(n[7]), static_cast<Overflow>(n[8]), read_word(n[9], "store: tensorId"), 0};
}

Clock read_clock(const Napi::Value& value) {
  const std::vector<double> words = read_numbers(value, "clock");
  check(words.size() == 3, "clock must be 3 numbers");
  return {read_word(words[0], "clock"), read_word(words[1], "clock"), read_word(words[2], "clock")};
}

PlanSpec read_plan(const Napi::Value& value) {
  const Napi::Object object = read_object(value, "the plan");
  return {read_list<BufferSpec>(object.Get("buffers"), "buffers", read_buffer),
          read_integer(object.Get("arenaBytes"), "arenaBytes"),
          read_list<CommandSpec>(object.Get("commands"), "commands", read_command),
          read_integer(object.Get("clockBuffer"), "clockBuffer")};
}

ExternalMemory read_external(const Napi::Value& value) {
  check(!value.IsEmpty() && value.IsTypedArray(), "an external must be a Float32Array or an Int32Array");
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  // The plain call, since the wrapper's way through ArrayBuffer refuses shared memory. A detached array has length 0.
  const napi_status status = napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  check(status == napi_ok && (type == napi_float32_array || type == napi_int32_array),
        "an external must be a Float32Array or an Int32Array");
  return {data, type == napi_float32_array ? DType::f32 : DType::i32, static_cast<int64_t>(length)};
}

}  // namespace roundoff
