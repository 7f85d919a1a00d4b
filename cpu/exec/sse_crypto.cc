// The rows of AES-NI, PCLMULQDQ and SHA.
//
// Source: Intel SDM volume 2.
#include "cpu/exec/crypto.h"
#include "cpu/exec/vector.h"

namespace reprise::cpu {

namespace {

template <auto Function>
struct Call {
  Xmm operator()(Xmm a, Xmm b) const { return Function(a, b); }
  Xmm operator()(Xmm a, Xmm b, u8 imm) const { return Function(a, b, imm); }
};
// Of the source alone.
template <auto Function>
struct CallUnary {
  Xmm operator()(Xmm, Xmm b) const { return Function(b); }
  Xmm operator()(Xmm, Xmm b, u8 imm) const { return Function(b, imm); }
};
struct Sha256rnds2 {  // XMM0 has the words
  template <class Place>
  static const Op* run(Cpu& c, const Op* op) {
    const Xmm b = Wx::read<Place>(c, op);
    c.fpu.xmm[op->reg] = sha256rnds2(c.fpu.xmm[op->reg], b, c.fpu.xmm[0]);
    NEXT;
  }
};

}  // namespace

void add_sse_crypto_rows(Tables& t) {
  const Feature aes = Feature::kAes, sha = Feature::kShaNi, pclmul = Feature::kPclmulqdq;
  add_xmm<kVex128 | kVexUnary>(t, k0F38, 0xDB, k66, "aesimc", CallUnary<aesimc>{}, aes, aes);
  add_xmm<kVex128>(t, k0F38, 0xDC, k66, "aesenc", Call<aesenc>{}, aes, aes);
  add_xmm<kVex128>(t, k0F38, 0xDD, k66, "aesenclast", Call<aesenclast>{}, aes, aes);
  add_xmm<kVex128>(t, k0F38, 0xDE, k66, "aesdec", Call<aesdec>{}, aes, aes);
  add_xmm<kVex128>(t, k0F38, 0xDF, k66, "aesdeclast", Call<aesdeclast>{}, aes, aes);
  add_xmm_imm<kVex128 | kVexUnary>(t, k0F3A, 0xDF, k66, "aeskeygenassist",
                                   CallUnary<aeskeygenassist>{}, aes, aes);
  add_xmm_imm<kVex128>(t, k0F3A, 0x44, k66, "pclmulqdq", Call<pclmulqdq>{}, pclmul, pclmul);
  add_xmm(t, k0F38, 0xC8, kNoPrefix, "sha1nexte", Call<sha1nexte>{}, sha);
  add_xmm(t, k0F38, 0xC9, kNoPrefix, "sha1msg1", Call<sha1msg1>{}, sha);
  add_xmm(t, k0F38, 0xCA, kNoPrefix, "sha1msg2", Call<sha1msg2>{}, sha);
  t.add(k0F38, 0xCB, kNoPrefix, {"sha256rnds2", Vx_Wx, &kPlaceSet<Sha256rnds2>, kXmmRow, sha});
  add_xmm(t, k0F38, 0xCC, kNoPrefix, "sha256msg1", Call<sha256msg1>{}, sha);
  add_xmm(t, k0F38, 0xCD, kNoPrefix, "sha256msg2", Call<sha256msg2>{}, sha);
  add_xmm_imm(t, k0F3A, 0xCC, kNoPrefix, "sha1rnds4", Call<sha1rnds4>{}, sha);
}

}  // namespace reprise::cpu
