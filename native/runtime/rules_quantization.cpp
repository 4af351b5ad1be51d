// Rules of quantisation to any format.
#include "bulk_numbers.h"
#include "op_rules.h"

namespace roundoff::rules {
namespace {

// The largest magnitude, from which the one real scale follows.
void check_tensor_amax(const Operand& amax, const ScaleSpec& spec) {
  const bool slices = spec.kind == ScaleKind::symmetric && spec.layout.columns == 1;
  check(spec.kind == ScaleKind::twoLevel || slices, "no real scale follows from the amax of the tensor");
  check(amax.dtype == DType::f32, "the amax must be f32");
  expect_elements(amax, 1, "the amax");
}

// A real scale of the whole tensor, as a second output.
void check_tensor_scale(const Operand& scale, const ScaleSpec& spec) {
  const bool slices = spec.kind == ScaleKind::symmetric || spec.kind == ScaleKind::affine;
  check(spec.kind == ScaleKind::twoLevel || (slices && spec.layout.columns == 1), "no real scale is that of the whole tensor");
  expect_real(scale, "the scale");
  check(scale.dtype != DType::i16, "the scale is no integer");
  expect_elements(scale, 1, "the scale");
}

}  // namespace

void check_quantization(const Command& c) {
  check((c.in.size() == 1 || c.in.size() == 2) && (c.out.size() == 1 || c.out.size() == 2), "needs one or two inputs and outputs");
  check(c.attrs.size() == kElementNumbers || c.attrs.size() == kElementNumbers + kScaleNumbers,
        "needs the numbers of an element, and of a scale if the format has one");
  const Operand &x = c.in[0], &q = c.out[0];
  expect_real(x, "x");
  expect_real(q, "q");
  check(q.dtype != DType::i16, "q must not be of integers");
  expect_elements(q, x.elements, "q");
  check_element_numbers(c.attrs.data());
  const Element element = element_of(c.attrs.data());
  if (c.attrs.size() == kElementNumbers) {
    check(element.kind != ElementKind::integer, "integers need a scale");
    check(c.in.size() == 1 && c.out.size() == 1, "a format without scales has one input and one output");
  } else {
    check_scale_numbers(c.attrs.data() + kElementNumbers, element, x.elements);
    if (c.in.size() > 1) check_tensor_amax(c.in[1], scale_of(c.attrs.data() + kElementNumbers));
    if (c.out.size() > 1) check_tensor_scale(c.out[1], scale_of(c.attrs.data() + kElementNumbers));
  }
}

}  // namespace roundoff::rules
