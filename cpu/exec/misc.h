// Integer instructions that need no specialised handlers.
#pragma once

#include "cpu/decode/tables.h"

namespace reprise::cpu {

// Plain functions for STEP and STEP_W rows.
template <class T>
void div(Cpu& c, const Op& op);
template <class T>
void idiv(Cpu& c, const Op& op);
template <class T>
void mov_acc_moffs(Cpu& c, const Op& op);
template <class T>
void mov_moffs_acc(Cpu& c, const Op& op);
template <class T>
void enter_frame(Cpu& c, const Op& op);
template <class T>
void pusha(Cpu& c, const Op& op);
template <class T>
void popa(Cpu& c, const Op& op);
template <class T>
void popcnt(Cpu& c, const Op& op);
void cbw(Cpu& c, const Op& op);  // CBW, CWDE, CDQE
void cwd(Cpu& c, const Op& op);  // CWD, CDQ, CQO
void bswap(Cpu& c, const Op& op);
void sahf(Cpu& c, const Op& op);
void lahf(Cpu& c, const Op& op);
void clc(Cpu& c, const Op& op);
void stc(Cpu& c, const Op& op);
void cmc(Cpu& c, const Op& op);
void cld(Cpu& c, const Op& op);
void std_(Cpu& c, const Op& op);
void xlat(Cpu& c, const Op& op);
void salc(Cpu& c, const Op& op);
void daa(Cpu& c, const Op& op);
void das(Cpu& c, const Op& op);
void aaa(Cpu& c, const Op& op);
void aas(Cpu& c, const Op& op);
void aam(Cpu& c, const Op& op);
void aad(Cpu& c, const Op& op);
void cmpxchg8b(Cpu& c, const Op& op);  // and CMPXCHG16B with REX.W
void nop(Cpu& c, const Op& op);
void ud(Cpu& c, const Op& op);

void add_integer_extension_rows(Tables& t);  // extensions.cc; after the plain instructions

}  // namespace reprise::cpu
