// The opcode map of MMX, SSE and AVX.
#include "cpu/exec/vector.h"

namespace reprise::cpu {

void add_sse_rows(Tables& t) {
  add_vector_integer_rows(t);
  add_vector_shuffle_rows(t);
  add_sse_move_rows(t);
  add_sse_float_rows(t);
  add_sse_convert_rows(t);
  add_sse_string_rows(t);
  add_sse_crypto_rows(t);
  add_sse_state_rows(t);
  add_avx_rows(t);
  add_fma_rows(t);
  add_xsave_rows(t);
}

}  // namespace reprise::cpu
