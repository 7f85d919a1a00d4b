// The arithmetic of AES-NI, PCLMULQDQ and SHA on whole registers. Values, not references: a handler
// that calls these keeps its jump to the next one.
//
// Source: Intel SDM volume 2, the instructions by name; FIPS 197, FIPS 180-4.
#pragma once

#include "cpu/state.h"

namespace reprise::cpu {

// One round of AES on `state`; byte i of a register is row i % 4 of column i / 4.
Xmm aesenc(Xmm state, Xmm key);
Xmm aesenclast(Xmm state, Xmm key);
Xmm aesdec(Xmm state, Xmm key);
Xmm aesdeclast(Xmm state, Xmm key);
Xmm aesimc(Xmm key);
Xmm aeskeygenassist(Xmm key, u8 rcon);

// The product, without carries, of the halves that bits 0 and 4 choose.
Xmm pclmulqdq(Xmm a, Xmm b, u8 halves);

Xmm sha1rnds4(Xmm abcd, Xmm words, u8 function);
Xmm sha1nexte(Xmm a, Xmm b);
Xmm sha1msg1(Xmm a, Xmm b);
Xmm sha1msg2(Xmm a, Xmm b);
Xmm sha256rnds2(Xmm cdgh, Xmm abef, Xmm words);
Xmm sha256msg1(Xmm a, Xmm b);
Xmm sha256msg2(Xmm a, Xmm b);

}  // namespace reprise::cpu
