// bulkRound, bulkEncode, bulkDecode, bulkCopy: synchronous, on all threads of the engine. Everything is read and checked
// before memory is touched.
#include "bulk_object.h"

#include <cmath>

#include "bulk_rules.h"
#include "plan_reader.h"
#include "program_object.h"

namespace roundoff {
namespace {

// Numbers of a list, handed out in their order.
class Numbers {
 public:
  Numbers(const Napi::Value& value, size_t count, const char* name) : values_(read_numbers(value, name)), name_(name) {
    check(values_.size() == count, std::string(name) + " must be " + std::to_string(count) + " numbers");
  }
  double real() { return values_[next_++]; }
  int64_t integer() {
    const double number = real();
    check(std::trunc(number) == number && std::abs(number) <= 0x1p53, std::string(name_) + ": an integer is not whole");
    return static_cast<int64_t>(number);
  }
  int small(int64_t lowest, int64_t highest) {
    const int64_t number = integer();
    check(number >= lowest && number <= highest, std::string(name_) + ": a number is out of range");
    return static_cast<int>(number);
  }
  bool flag() { return real() != 0; }

 private:
  std::vector<double> values_;
  const char* name_;
  size_t next_ = 0;
};

// In the order of ELEMENT_ORDER in src/kernels/native-load.ts.
Element read_element(const Napi::Value& value) {
  Numbers numbers(value, 16, "element");
  Element element{};
  element.kind = static_cast<ElementKind>(numbers.small(0, 2));
  element.bits = numbers.small(2, 32);
  element.bias = numbers.small(-1024, 1024);
  element.hasSign = numbers.flag();
  element.hasZero = numbers.flag();
  StoreRounding& store = element.store;
  store.precision = numbers.small(1, 24);
  store.emin = numbers.small(-1024, 1024);
  const double maxFinite = numbers.real();
  store.maxFinite = static_cast<float>(maxFinite);
  check(static_cast<double>(store.maxFinite) == maxFinite, "element: maxFinite is not an FP32 value");
  store.hasInfinity = numbers.flag();
  store.hasNaN = numbers.flag();
  store.hasNegativeZero = numbers.flag();
  store.hasSubnormals = numbers.flag();
  store.rounding = static_cast<Rounding>(numbers.small(0, static_cast<int64_t>(Rounding::stochastic)));
  store.overflow = static_cast<Overflow>(numbers.small(0, static_cast<int64_t>(Overflow::nan)));
  store.unusedRandom = static_cast<uint32_t>(32 - numbers.small(1, 32));
  store.tensorId = static_cast<uint32_t>(numbers.small(0, UINT32_MAX));
  check_element(element);
  return element;
}

// In the order of SCALE_ORDER.
ScaleSpec read_scale(const Napi::Value& value, const Element& element, int64_t elements) {
  Numbers numbers(value, 12, "scale");
  ScaleSpec spec{};
  spec.kind = static_cast<ScaleKind>(numbers.small(0, static_cast<int64_t>(ScaleKind::affine)));
  spec.rule = static_cast<ScaleRule>(numbers.small(0, static_cast<int64_t>(ScaleRule::nearest)));
  GroupLayout& l = spec.layout;
  for (int64_t* size : {&l.outer, &l.rows, &l.columns, &l.inner, &l.blockRows, &l.blockColumns}) *size = numbers.integer();
  l.slices = numbers.flag();
  spec.scalePrecision = numbers.small(1, 24);
  spec.scaleEmin = numbers.small(-1024, 1024);
  spec.scaleMax = numbers.real();
  check_scale(spec, element, elements);
  return spec;
}

bool present(const Napi::Value& value) { return !value.IsEmpty() && !value.IsUndefined() && !value.IsNull(); }

ExternalMemory read_floats(const Napi::Value& value, const char* name) {
  const ExternalMemory memory = read_external(value);
  check(memory.dtype == DType::f32, std::string(name) + " must be a Float32Array");
  return memory;
}

struct Bytes {
  uint8_t* data;
  int64_t bytes;
  Memory memory() const { return {data, bytes}; }
};

Bytes read_bytes(const Napi::Value& value) {
  check(!value.IsEmpty() && value.IsTypedArray(), "codes must be a Uint8Array");
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  const napi_status status = napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  check(status == napi_ok && type == napi_uint8_array, "codes must be a Uint8Array");
  return {static_cast<uint8_t*>(data), static_cast<int64_t>(length)};
}

// The kept numbers of a request: `scales`, `zeroPoints`, `tensorScale`, as many as there are groups.
struct Kept {
  ScaleArrays arrays{nullptr, nullptr, 1};

  Kept(const Napi::Object& request, const ScaleSpec& spec, std::initializer_list<Memory> others) {
    const int64_t groups = spec.layout.groups();
    const ExternalMemory scales = read_floats(request.Get("scales"), "scales");
    check(scales.elements == groups, "scales: one number for each group");
    for (const Memory& other : others) check_disjoint(memory_of(scales), other, false, "scales and another array");
    arrays.values = static_cast<float*>(scales.data);
    if (spec.kind != ScaleKind::affine) return;
    const ExternalMemory zeroPoints = read_external(request.Get("zeroPoints"));
    check(zeroPoints.dtype == DType::i32 && zeroPoints.elements == groups, "zeroPoints: one integer for each group");
    check_disjoint(memory_of(zeroPoints), memory_of(scales), false, "zeroPoints and scales");
    for (const Memory& other : others) check_disjoint(memory_of(zeroPoints), other, false, "zeroPoints and another array");
    arrays.zeroPoints = static_cast<int32_t*>(zeroPoints.data);
  }
};

bool read_flag(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  check(!value.IsEmpty() && value.IsBoolean(), std::string(name) + " must be a boolean");
  return value.As<Napi::Boolean>().Value();
}

Napi::Value tally_of(Napi::Env env, const Tally& tally, float tensorScale) {
  const double numbers[] = {static_cast<double>(tally.saturated), static_cast<double>(tally.underflowed),
                            static_cast<double>(tally.flushed),   static_cast<double>(tally.subnormal),
                            static_cast<double>(tally.nonFinite), tally.maxAbsError,
                            tally.signal,                         tally.noise,
                            static_cast<double>(tensorScale)};
  const Napi::Array array = Napi::Array::New(env, std::size(numbers));
  for (uint32_t i = 0; i < std::size(numbers); i++) array.Set(i, numbers[i]);
  return array;
}

// bulkRound(x, y, request) → the numbers of TALLY_ORDER.
Napi::Value bulk_round(Engine& engine, const Napi::CallbackInfo& call) {
  const ExternalMemory x = read_floats(call[0], "the source"), y = read_floats(call[1], "the target");
  check(x.elements == y.elements, "source and target must have one length");
  check_disjoint(memory_of(x), memory_of(y), true, "source and target");
  const Napi::Object request = read_object(call[2], "the request");
  const Element element = read_element(request.Get("element"));
  const Clock clock = read_clock(request.Get("clock"));
  Tally tally;
  const BulkJob job{static_cast<const float*>(x.data),
                    static_cast<float*>(y.data),
                    x.elements,
                    element,
                    clock,
                    read_flag(request, "statistics") ? &tally : nullptr,
                    read_flag(request, "elements"),
                    engine.exceeds_caches(x.elements)};
  const Napi::Value scale = request.Get("scale");
  if (!present(scale)) {
    engine.bulk(clock, [&](const BulkKernels& kernels, Context& context) { kernels.round(job, context); });
    return tally_of(call.Env(), tally, 1);
  }
  const ScaleSpec spec = read_scale(scale, element, x.elements);
  Kept kept(request, spec, {memory_of(x), memory_of(y)});
  engine.bulk(clock, [&](const BulkKernels& kernels, Context& context) { kernels.quantize(job, spec, kept.arrays, context); });
  return tally_of(call.Env(), tally, kept.arrays.tensorScale);
}

// bulkEncode(elements, codes, element) → how many have no code.
Napi::Value bulk_encode(Engine& engine, const Napi::CallbackInfo& call) {
  const ExternalMemory x = read_floats(call[0], "the elements");
  const Bytes codes = read_bytes(call[1]);
  const Element element = read_element(call[2]);
  check(codes.bytes == packed_bytes(x.elements, element.bits), "codes: as many bytes as the elements need");
  check_disjoint(memory_of(x), codes.memory(), false, "elements and codes");
  const int64_t refused = engine.bulk({}, [&](const BulkKernels& kernels, Context& context) {
    return kernels.encode(static_cast<const float*>(x.data), x.elements, element, codes.data, context);
  });
  return Napi::Number::New(call.Env(), static_cast<double>(refused));
}

// bulkDecode(codes, values, request) → the index of the first code that stands for nothing, or −1.
Napi::Value bulk_decode(Engine& engine, const Napi::CallbackInfo& call) {
  const Bytes codes = read_bytes(call[0]);
  const ExternalMemory y = read_floats(call[1], "the values");
  const Napi::Object request = read_object(call[2], "the request");
  const Element element = read_element(request.Get("element"));
  check(codes.bytes == packed_bytes(y.elements, element.bits), "codes: as many bytes as the elements need");
  check_disjoint(memory_of(y), codes.memory(), false, "values and codes");
  const Napi::Value scale = request.Get("scale");
  const bool scaled = present(scale);
  const ScaleSpec spec = scaled ? read_scale(scale, element, y.elements) : ScaleSpec{};
  ScaleArrays arrays{nullptr, nullptr, 1};
  if (scaled) {
    arrays = Kept(request, spec, {memory_of(y), codes.memory()}).arrays;
    arrays.tensorScale = static_cast<float>(read_number(request.Get("tensorScale"), "tensorScale"));
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
}

}  // namespace roundoff
