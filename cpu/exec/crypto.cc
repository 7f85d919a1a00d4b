#include "cpu/exec/crypto.h"

#include <array>
#include <bit>

namespace reprise::cpu {

namespace {

using Bytes = std::array<u8, 16>;
using Words = std::array<u32, 4>;  // [3] is bits 96 to 127

// --- AES: bytes are polynomials modulo x^8 + x^4 + x^3 + x + 1 (FIPS 197, 4)

constexpr u8 multiply(u8 a, u8 b) {
  u8 product = 0;
  for (; b; b >>= 1) {
    if (b & 1) product ^= a;
    a = u8(a << 1 ^ (a & 0x80 ? 0x1B : 0));
  }
  return product;
}

using Box = std::array<u8, 256>;
constexpr Box make_sbox() {
  Box box = {};
  u8 power = 1, inverse = 1;  // of 3, which generates all but 0, and of its inverse F6h
  do {
    power = multiply(power, 3);
    inverse = multiply(inverse, 0xF6);
    box[power] = u8(inverse ^ std::rotl(inverse, 1) ^ std::rotl(inverse, 2) ^
                    std::rotl(inverse, 3) ^ std::rotl(inverse, 4) ^ 0x63);
  } while (power != 1);
  box[0] = 0x63;
  return box;
}
constexpr Box make_inverse(const Box& box) {
  Box inverse = {};
  for (unsigned i = 0; i < 256; ++i) inverse[box[i]] = u8(i);
  return inverse;
}
constexpr Box kSbox = make_sbox(), kInverseSbox = make_inverse(kSbox);

// What a byte of row 0, put through a box, gives to its column by (Inv)MixColumns; a byte of row r
// gives the same, turned by r bytes.
using Mix = std::array<u32, 256>;
constexpr Mix make_mix(const Box& box, u8 row0, u8 row1, u8 row2, u8 row3) {
  Mix mix = {};
  for (unsigned i = 0; i < 256; ++i)
    mix[i] = multiply(box[i], row0) | u32(multiply(box[i], row1)) << 8 |
             u32(multiply(box[i], row2)) << 16 | u32(multiply(box[i], row3)) << 24;
  return mix;
}
constexpr Mix kMix = make_mix(kSbox, 2, 1, 1, 3);
constexpr Mix kInverseMix = make_mix(kInverseSbox, 0xE, 9, 0xD, 0xB);

// Row r of column i comes from column i + r * Step: (Inv)ShiftRows.
template <unsigned Step>
constexpr unsigned shifted(unsigned column, unsigned row) {
  return 4 * ((column + row * Step) % 4) + row;
}

Xmm exclusive_or(Xmm a, Xmm b) { return {{a.q[0] ^ b.q[0], a.q[1] ^ b.q[1]}}; }

template <unsigned Step>
Xmm round(Xmm state, const Mix& mix, Xmm key) {
  const auto in = std::bit_cast<Bytes>(state);
  Words out = {};
  for (unsigned column = 0; column < 4; ++column)
    for (unsigned row = 0; row < 4; ++row)
      out[column] ^= std::rotl(mix[in[shifted<Step>(column, row)]], int(8 * row));
  return exclusive_or(std::bit_cast<Xmm>(out), key);
}
template <unsigned Step>
Xmm last_round(Xmm state, const Box& box, Xmm key) {
  const auto in = std::bit_cast<Bytes>(state);
  Bytes out;
  for (unsigned i = 0; i < 16; ++i) out[i] = box[in[shifted<Step>(i / 4, i % 4)]];
  return exclusive_or(std::bit_cast<Xmm>(out), key);
}

u32 sub_word(u32 word) {
  return kSbox[word & 0xFF] | kSbox[word >> 8 & 0xFF] << 8 | kSbox[word >> 16 & 0xFF] << 16 |
         u32(kSbox[word >> 24]) << 24;
}

// --- SHA (FIPS 180-4, 4.1)

u32 choose(u32 x, u32 y, u32 z) { return (x & y) ^ (~x & z); }
u32 parity(u32 x, u32 y, u32 z) { return x ^ y ^ z; }
u32 majority(u32 x, u32 y, u32 z) { return (x & y) ^ (x & z) ^ (y & z); }

u32 sum0(u32 x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
u32 sum1(u32 x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }
u32 sigma0(u32 x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ x >> 3; }
u32 sigma1(u32 x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ x >> 10; }

Words words(Xmm value) { return std::bit_cast<Words>(value); }
Xmm xmm(u32 w3, u32 w2, u32 w1, u32 w0) { return std::bit_cast<Xmm>(Words{w0, w1, w2, w3}); }

}  // namespace

Xmm aesenc(Xmm state, Xmm key) { return round<1>(state, kMix, key); }
Xmm aesenclast(Xmm state, Xmm key) { return last_round<1>(state, kSbox, key); }
Xmm aesdec(Xmm state, Xmm key) { return round<3>(state, kInverseMix, key); }
Xmm aesdeclast(Xmm state, Xmm key) { return last_round<3>(state, kInverseSbox, key); }

// InvMixColumns alone: the boxes undo each other.
Xmm aesimc(Xmm key) { return round<0>(last_round<0>(key, kSbox, {}), kInverseMix, {}); }

Xmm aeskeygenassist(Xmm key, u8 rcon) {
  const Words in = words(key);
  const u32 low = sub_word(in[1]), high = sub_word(in[3]);
  return xmm(std::rotr(high, 8) ^ rcon, high, std::rotr(low, 8) ^ rcon, low);
}

Xmm pclmulqdq(Xmm a, Xmm b, u8 halves) {
  const u64 x = a.q[halves & 1], y = b.q[halves >> 4 & 1];
  u128 multiples[16] = {0, x};
  for (unsigned i = 2; i < 16; ++i) multiples[i] = multiples[i / 2] << 1 ^ (i & 1 ? x : 0);
  u128 product = 0;
  for (int at = 60; at >= 0; at -= 4) product = product << 4 ^ multiples[y >> at & 15];
  return {{u64(product), u64(product >> 64)}};
}

// The first of the words has E added already.
Xmm sha1rnds4(Xmm abcd, Xmm message, u8 function) {
  static constexpr u32 kConstants[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
  static constexpr u32 (*kFunctions[4])(u32, u32, u32) = {choose, parity, majority, parity};
  const Words in = words(abcd), w = words(message);
  u32 a = in[3], b = in[2], c = in[1], d = in[0], e = 0;
  for (int i = 3; i >= 0; --i) {
    const u32 next =
        kFunctions[function & 3](b, c, d) + std::rotl(a, 5) + w[i] + e + kConstants[function & 3];
    e = d, d = c, c = std::rotl(b, 30), b = a, a = next;
  }
  return xmm(a, b, c, d);
}

Xmm sha1nexte(Xmm a, Xmm b) {
  const Words y = words(b);
  return xmm(y[3] + std::rotl(words(a)[3], 30), y[2], y[1], y[0]);
}

Xmm sha1msg1(Xmm a, Xmm b) {
  const Words x = words(a), y = words(b);
  return xmm(x[3] ^ x[1], x[2] ^ x[0], x[1] ^ y[3], x[0] ^ y[2]);
}

Xmm sha1msg2(Xmm a, Xmm b) {
  const Words x = words(a), y = words(b);
  const u32 w16 = std::rotl(x[3] ^ y[2], 1);
  return xmm(w16, std::rotl(x[2] ^ y[1], 1), std::rotl(x[1] ^ y[0], 1), std::rotl(x[0] ^ w16, 1));
}

Xmm sha256rnds2(Xmm cdgh, Xmm abef, Xmm message) {
  const Words x = words(cdgh), y = words(abef), w = words(message);
  u32 a = y[3], b = y[2], c = x[3], d = x[2], e = y[1], f = y[0], g = x[1], h = x[0];
  for (int i = 0; i < 2; ++i) {
    const u32 t = choose(e, f, g) + sum1(e) + w[i] + h;
    const u32 next = t + majority(a, b, c) + sum0(a);
    h = g, g = f, f = e, e = t + d, d = c, c = b, b = a, a = next;
  }
  return xmm(a, b, e, f);
}

Xmm sha256msg1(Xmm a, Xmm b) {
  const Words x = words(a);
  return xmm(x[3] + sigma0(words(b)[0]), x[2] + sigma0(x[3]), x[1] + sigma0(x[2]),
             x[0] + sigma0(x[1]));
}

Xmm sha256msg2(Xmm a, Xmm b) {
  const Words x = words(a), y = words(b);
  const u32 w16 = x[0] + sigma1(y[2]), w17 = x[1] + sigma1(y[3]);
  return xmm(x[3] + sigma1(w17), x[2] + sigma1(w16), w17, w16);
}

}  // namespace reprise::cpu
