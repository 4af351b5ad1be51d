// Products of one plan that read the same right matrix in the same way pack it once: the steps of a recurrent layer, or
// micro-batches. The program owns the packed copies; a write to the matrix in between ends the sharing.
#include "accumulator.h"
#include "engine.h"

namespace roundoff {
namespace {

bool reads_shared_matrix(const Command& c) { return c.op == "matmul" && c.in[1].rank == 2 && !has_accumulator(c, kMatmulAttrs); }

bool same_matrix(const Command& a, const Command& b) {
  const Operand &x = a.in[1], &y = b.in[1];
  return x.data == y.data && x.dtype == y.dtype && x.dims[0] == y.dims[0] && x.dims[1] == y.dims[1] &&
         a.attrs[1] == b.attrs[1] && a.attrs[2] == b.attrs[2];
}

bool writes_to(const Command& c, const Operand& x) {
  const char *begin = static_cast<const char*>(x.data), *end = begin + x.elements * bytes_of(x.dtype);
  for (const Operand& y : c.out) {
    const char* first = static_cast<const char*>(y.data);
    if (first < end && begin < first + y.elements * bytes_of(y.dtype)) return true;
  }
  return false;
}

}  // namespace

void Program::share_packed(const Engine& engine) {
  // First reader of every right matrix that nobody has written since.
  std::vector<Command*> live;
  for (Command& command : commands_) {
    if (reads_shared_matrix(command)) {
      Command* known = nullptr;
      for (Command* reader : live) known = same_matrix(*reader, command) ? reader : known;
      if (known == nullptr) {
        live.push_back(&command);
      } else {
        if (known->prepacked.memory == nullptr) {
          packed_.push_back(new_arena(static_cast<int64_t>(engine.packed_bytes(command))));
          known->prepacked = {packed_.back().get(), true};
        }
        command.prepacked = {known->prepacked.memory, false};
      }
    }
    std::erase_if(live, [&](const Command* reader) { return writes_to(command, reader->in[1]); });
  }
}

}  // namespace roundoff
