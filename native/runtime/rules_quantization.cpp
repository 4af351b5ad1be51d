// Rules of quantisation to any format.
#include "bulk_numbers.h"
#include "op_rules.h"

namespace roundoff::rules {

void check_quantization(const Command& c) {
  check(c.in.size() == 1 && c.out.size() == 1, "needs one input and one output");
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
  } else {
    check_scale_numbers(c.attrs.data() + kElementNumbers, element, x.elements);
  }
}

}  // namespace roundoff::rules
