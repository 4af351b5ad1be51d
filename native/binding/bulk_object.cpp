// bulkRound, bulkEncode, bulkDecode, bulkCopy, peakOperations: synchronous, on all threads of the engine. Everything is read and checked
// before memory is touched.
#include "bulk_object.h"

#include <cmath>
#include <optional>

#include "bulk_numbers.h"
#include "bulk_rules.h"
#include "plan_reader.h"
#include "program_object.h"

namespace roundoff {
namespace {

// What a typed array holds, where it lies now.
template <class T>
struct Array {
  T* data;
  size_t length;
  Memory memory() const { return {data, static_cast<int64_t>(length * sizeof(T))}; }
};

template <class T, napi_typedarray_type wanted>
Array<T> read_array(const Napi::Value& value, const char* name, const char* problem) {
  check(!value.IsEmpty() && value.IsTypedArray(), name, problem);
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  check(status == napi_ok && type == wanted, name, problem);
  return {static_cast<T*>(data), length};
}

Array<double> read_doubles(const Napi::Value& value, const char* name) {
  return read_array<double, napi_float64_array>(value, name, " must be a Float64Array");
}

// Numbers of a Float64Array, handed out in their order.
class Numbers {
 public:
  Numbers(const Napi::Value& value, const char* name) : values_(read_doubles(value, name)), name_(name) {}

  bool all_read() const { return next_ == values_.length; }
  double real() {
    check(!all_read(), name_, ": too few numbers");
    return values_.data[next_++];
  }
  int64_t integer() {
    const double number = real();
    check(std::trunc(number) == number && std::abs(number) <= 0x1p53, name_, ": an integer is not whole");
    return static_cast<int64_t>(number);
  }
  int small(int64_t lowest, int64_t highest) {
    const int64_t number = integer();
    check(number >= lowest && number <= highest, name_, ": a number is out of range");
    return static_cast<int>(number);
  }
  bool flag() { return real() != 0; }
  const double* take(size_t count) {
    check(values_.length - next_ >= count, name_, ": too few numbers");
    next_ += count;
    return values_.data + (next_ - count);
  }

 private:
  Array<double> values_;
  const char* name_;
  size_t next_ = 0;
};

Element read_element(Numbers& numbers) {
  const double* of = numbers.take(kElementNumbers);
  check_element_numbers(of);
  return element_of(of);
}

Element read_element(const Napi::Value& value) {
  Numbers numbers(value, "element");
  const Element element = read_element(numbers);
  check(numbers.all_read(), "element: too many numbers");
  return element;
}

// To the end of the numbers.
ScaleSpec read_scale(Numbers& numbers, const Element& element, int64_t elements) {
  const double* of = numbers.take(kScaleNumbers);
  check(numbers.all_read(), "scale: too many numbers");
  check_scale_numbers(of, element, elements);
  return scale_of(of);
}

bool present(const Napi::Value& value) { return !value.IsEmpty() && !value.IsUndefined() && !value.IsNull(); }

ExternalMemory read_floats(const Napi::Value& value, const char* name) {
  const ExternalMemory memory = read_external(value);
  check(memory.dtype == DType::f32, std::string(name) + " must be a Float32Array");
  return memory;
}

Array<uint8_t> read_codes(const Napi::Value& value) {
  return read_array<uint8_t, napi_uint8_array>(value, "codes", " must be a Uint8Array");
}

// A field of an object; absent is undefined.
Napi::Value read_field(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  check(!value.IsEmpty(), name, " cannot be read");
  return value;
}

// The fields of a request that hold what groups share. A getter is JavaScript and may take an array away: every field is
// read before the first address is taken.
struct KeptFields {
  Napi::Value scales, zeroPoints;

  explicit KeptFields(const Napi::Object& request)
      : scales(read_field(request, "scales")), zeroPoints(read_field(request, "zeroPoints")) {}
};

// The kept numbers of a request: `scales` and `zeroPoints`, as many as there are groups.
ScaleArrays read_kept(const KeptFields& fields, const ScaleSpec& spec, std::initializer_list<Memory> others) {
  const int64_t groups = spec.layout.groups();
  const ExternalMemory scales = read_floats(fields.scales, "scales");
  check(scales.elements == groups, "scales: one number for each group");
  for (const Memory& other : others) check_disjoint(memory_of(scales), other, false, "scales and another array");
  ScaleArrays arrays{static_cast<float*>(scales.data), nullptr, 1};
  if (spec.kind != ScaleKind::affine) return arrays;
  const ExternalMemory zeroPoints = read_external(fields.zeroPoints);
  check(zeroPoints.dtype == DType::i32 && zeroPoints.elements == groups, "zeroPoints: one integer for each group");
  check_disjoint(memory_of(zeroPoints), memory_of(scales), false, "zeroPoints and scales");
  for (const Memory& other : others) check_disjoint(memory_of(zeroPoints), other, false, "zeroPoints and another array");
  arrays.zeroPoints = static_cast<int32_t*>(zeroPoints.data);
  return arrays;
}

void write_tally(const Tally& tally, float tensorScale, const Array<double>& numbers) {
  const double values[] = {static_cast<double>(tally.saturated), static_cast<double>(tally.underflowed),
                           static_cast<double>(tally.flushed),   static_cast<double>(tally.subnormal),
                           static_cast<double>(tally.nonFinite), tally.maxAbsError,
                           tally.signal,                         tally.noise,
                           static_cast<double>(tensorScale)};
  std::copy(std::begin(values), std::end(values), numbers.data);
}

uint32_t read_word(Numbers& numbers) { return static_cast<uint32_t>(numbers.small(0, UINT32_MAX)); }

// bulkRound(x, y, numbers, tally, kept): `numbers` are those of an element, of the call and of a scale, `tally` receives
// those of TALLY_ORDER.
Napi::Value bulk_round(Engine& engine, const Napi::CallbackInfo& call) {
  std::optional<KeptFields> fields;
  if (present(call[4])) fields.emplace(read_object(call[4], "kept"));
  const ExternalMemory x = read_floats(call[0], "the source"), y = read_floats(call[1], "the target");
  check(x.elements == y.elements, "source and target must have one length");
  check_disjoint(memory_of(x), memory_of(y), true, "source and target");
  Numbers numbers(call[2], "the numbers");
  const Array<double> measured = read_doubles(call[3], "the tally");
  check(measured.length == 9, "the tally must have room for 9 numbers");
  const Element element = read_element(numbers);
  const Clock clock{read_word(numbers), read_word(numbers), read_word(numbers)};
  const bool measures = numbers.flag(), elementsWanted = numbers.flag();
  Tally tally;
  const BulkJob job{static_cast<const float*>(x.data),
                    static_cast<float*>(y.data),
                    x.elements,
                    element,
                    clock,
                    measures ? &tally : nullptr,
                    elementsWanted,
                    engine.exceeds_caches(x.elements)};
  if (numbers.all_read()) {
    engine.bulk(clock, [&](const BulkKernels& kernels, Context& context) { kernels.round(job, context); });
    write_tally(tally, 1, measured);
    return call.Env().Undefined();
  }
  const ScaleSpec spec = read_scale(numbers, element, x.elements);
  ScaleArrays kept{nullptr, nullptr, 1};
  if (fields) kept = read_kept(*fields, spec, {memory_of(x), memory_of(y)});
  engine.bulk(clock, [&](const BulkKernels& kernels, Context& context) { kernels.quantize(job, spec, kept, context); });
  write_tally(tally, kept.tensorScale, measured);
  return call.Env().Undefined();
}

// bulkEncode(elements, codes, element) → how many have no code.
Napi::Value bulk_encode(Engine& engine, const Napi::CallbackInfo& call) {
  const ExternalMemory x = read_floats(call[0], "the elements");
  const Array<uint8_t> codes = read_codes(call[1]);
  const Element element = read_element(call[2]);
  check(codes.memory().bytes == packed_bytes(x.elements, element.bits), "codes: as many bytes as the elements need");
  check_disjoint(memory_of(x), codes.memory(), false, "elements and codes");
  const int64_t refused = engine.bulk({}, [&](const BulkKernels& kernels, Context& context) {
    return kernels.encode(static_cast<const float*>(x.data), x.elements, element, codes.data, context);
  });
  return Napi::Number::New(call.Env(), static_cast<double>(refused));
}

// bulkDecode(codes, values, request) → the index of the first code that stands for nothing, or −1.
Napi::Value bulk_decode(Engine& engine, const Napi::CallbackInfo& call) {
  const Napi::Object request = read_object(call[2], "the request");
  const Napi::Value format = read_field(request, "element"), scale = read_field(request, "scale");
  const Napi::Value tensorScale = read_field(request, "tensorScale");
  const KeptFields fields(request);
  const Array<uint8_t> codes = read_codes(call[0]);
  const ExternalMemory y = read_floats(call[1], "the values");
  const Element element = read_element(format);
  check(codes.memory().bytes == packed_bytes(y.elements, element.bits), "codes: as many bytes as the elements need");
  check_disjoint(memory_of(y), codes.memory(), false, "values and codes");
  const bool scaled = present(scale);
  ScaleSpec spec{};
  ScaleArrays arrays{nullptr, nullptr, 1};
  if (scaled) {
    Numbers numbers(scale, "scale");
    spec = read_scale(numbers, element, y.elements);
    arrays = read_kept(fields, spec, {memory_of(y), codes.memory()});
    arrays.tensorScale = static_cast<float>(read_number(tensorScale, "tensorScale"));
  }
  const int64_t invalid = engine.bulk({}, [&](const BulkKernels& kernels, Context& context) {
    float* values = static_cast<float*>(y.data);
    const bool isUnsigned = scaled && spec.kind == ScaleKind::affine;
    const int64_t first = kernels.decode(codes.data, y.elements, element, isUnsigned, values, context);
    if (first < 0 && scaled) kernels.dequantize(values, element, spec, arrays, context);
    return first;
  });
  return Napi::Number::New(call.Env(), static_cast<double>(invalid));
}

// bulkCopy(x, y, stream): y = x.
Napi::Value bulk_copy(Engine& engine, const Napi::CallbackInfo& call) {
  const ExternalMemory x = read_floats(call[0], "the source"), y = read_floats(call[1], "the target");
  check(x.elements == y.elements, "source and target must have one length");
  check_disjoint(memory_of(x), memory_of(y), false, "source and target");
  check(!call[2].IsEmpty() && call[2].IsBoolean(), "stream must be a boolean");
  const bool stream = call[2].As<Napi::Boolean>().Value();
  engine.bulk({}, [&](const BulkKernels& kernels, Context& context) {
    kernels.copy(static_cast<const float*>(x.data), static_cast<float*>(y.data), x.elements, stream, context);
  });
  return call.Env().Undefined();
}

// Far more than a measurement needs, and short enough to be waited for.
constexpr int64_t kMaxPeakSteps = int64_t{1} << 32;

// peakOperations(carrier, steps) → operations.
Napi::Value peak_operations(Engine& engine, const Napi::CallbackInfo& call) {
  const int64_t carrier = read_integer(call[0], "the carrier"), steps = read_integer(call[1], "steps");
  check(carrier >= 0 && carrier <= static_cast<int64_t>(Carrier::i16), "the carrier is not a known code");
  check(steps >= 0 && steps <= kMaxPeakSteps, "steps must be from 0 to 2^32");
  const double operations = engine.bulk({}, [&](const BulkKernels& kernels, Context& context) {
    return kernels.peak(static_cast<Carrier>(carrier), steps, context);
  });
  return Napi::Number::New(call.Env(), operations);
}

}  // namespace

void add_bulk_functions(Napi::Object object, const std::shared_ptr<Engine>& engine) {
  using Function = Napi::Value (*)(Engine&, const Napi::CallbackInfo&);
  const auto add = [&](const char* name, Function function) {
    const auto body = [engine, function](const Napi::CallbackInfo& call) {
      return guarded(call.Env(), [&] { return function(*engine, call); });
    };
    object.Set(name, Napi::Function::New(object.Env(), body, name));
  };
  add("bulkRound", bulk_round);
  add("bulkEncode", bulk_encode);
  add("bulkDecode", bulk_decode);
  add("bulkCopy", bulk_copy);
  add("peakOperations", peak_operations);
}

}  // namespace roundoff
