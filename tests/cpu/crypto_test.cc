// AES, SHA and carry-less products by the guest's instructions, against published vectors.
//
// Source: FIPS 197, appendices B and C; FIPS 180-4 and its examples; Intel's "Carry-Less
// Multiplication and the GCM Mode"; McGrew and Viega, "The Galois/Counter Mode of Operation", test
// case 2.
#include <array>
#include <bit>
#include <cstring>

#include "cpu/exec/vector.h"
#include "tests/cpu/system_machine.h"

namespace reprise::cpu {
namespace {

using Words = std::array<u32, 4>;
Words words(Xmm x) { return std::bit_cast<Words>(x); }
Xmm xmm(const Words& w) { return std::bit_cast<Xmm>(w); }
Xmm exclusive_or(Xmm a, Xmm b) { return {{a.q[0] ^ b.q[0], a.q[1] ^ b.q[1]}}; }
Xmm add(Xmm a, Xmm b) {
  Words x = words(a);
  for (unsigned i = 0; i < 4; ++i) x[i] += words(b)[i];
  return xmm(x);
}

std::vector<u8> bytes_of(std::string_view hex) {
  std::vector<u8> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(u8(std::stoul(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}
std::string hex_of(std::span<const u8> bytes) {
  std::string hex;
  for (const u8 byte : bytes) {
    char text[3];
    std::snprintf(text, sizeof text, "%02x", byte);
    hex += text;
  }
  return hex;
}
Xmm block(std::string_view hex) {
  Xmm x;
  std::memcpy(&x, bytes_of(hex).data(), 16);
  return x;
}
std::string text(Xmm x) { return hex_of({reinterpret_cast<const u8*>(&x), 16}); }

// Runs single instructions: XMM1 is the destination, XMM2 or memory the source.
struct Crypto : testing::TestWithParam<bool> {
  static constexpr u64 kOperand = 0x20000;
  Machine m{GetParam(), "max"};
  Cpu& c = m.c();
  Crypto() {
    m.long_mode();
    c.cr4 |= CR4_OSFXSR;
    c.r[RSI] = kOperand;
  }
  Xmm run(std::initializer_list<u8> opcode, Xmm a, Xmm b, int imm = -1) {
    const bool memory = ++runs % 2;
    std::vector<u8> code(opcode);
    code.push_back(memory ? 0x0E : 0xCA);  // XMM1, [RSI] or XMM2
    if (imm >= 0) code.push_back(u8(imm));
    code.push_back(0xF4);
    m.ram->write(Machine::kCode, code);
    m.ram->write(kOperand, {reinterpret_cast<const u8*>(&b), 16});
    c.fpu.xmm[1] = a, c.fpu.xmm[2] = memory ? Xmm{{~u64(0), 1}} : b;
    c.r[kRip] = Machine::kCode;
    c.activity = Activity::Running;
    c.update_mode();
    m.run(2);
    EXPECT_EQ(c.r[kRip], Machine::kCode + code.size());
    return c.fpu.xmm[1];
  }
  unsigned runs = 0;

  // --- AES
  Xmm keygen(Xmm key, u8 rcon) { return run({0x66, 0x0F, 0x3A, 0xDF}, {}, key, rcon); }
  std::vector<Xmm> round_keys(const std::vector<u8>& key) {
    const unsigned n = unsigned(key.size() / 4), rounds = n + 6;
    std::vector<u32> w(n);
    std::memcpy(w.data(), key.data(), key.size());
    u8 rcon = 1;
    while (w.size() < 4 * (rounds + 1)) {
      const std::size_t i = w.size();
      u32 last = w[i - 1];
      // Word 1 of the result: RotWord(SubWord(word 1)) ^ RCON; word 0: SubWord alone.
      if (i % n == 0) {
        last = words(keygen(xmm({0, last, 0, 0}), rcon))[1];
        rcon = u8(rcon << 1 ^ (rcon & 0x80 ? 0x1B : 0));
      } else if (n == 8 && i % n == 4) {
        last = words(keygen(xmm({0, 0, 0, last}), rcon))[2];
      }
      w.push_back(w[i - n] ^ last);
    }
    std::vector<Xmm> keys;
    for (unsigned i = 0; i <= rounds; ++i)
      keys.push_back(xmm({w[4 * i], w[4 * i + 1], w[4 * i + 2], w[4 * i + 3]}));
    return keys;
  }
  Xmm encrypt(const std::vector<Xmm>& keys, Xmm x) {
    x = exclusive_or(x, keys[0]);
    for (std::size_t i = 1; i + 1 < keys.size(); ++i) x = run({0x66, 0x0F, 0x38, 0xDC}, x, keys[i]);
    return run({0x66, 0x0F, 0x38, 0xDD}, x, keys.back());
  }
  Xmm decrypt(const std::vector<Xmm>& keys, Xmm x) {
    x = exclusive_or(x, keys.back());
    for (std::size_t i = keys.size() - 2; i > 0; --i)
      x = run({0x66, 0x0F, 0x38, 0xDE}, x, run({0x66, 0x0F, 0x38, 0xDB}, {}, keys[i]));
    return run({0x66, 0x0F, 0x38, 0xDF}, x, keys[0]);
  }

  // --- SHA: message schedules and rounds as Intel's instructions divide them
  Xmm sha(u8 opcode, Xmm a, Xmm b) { return run({0x0F, 0x38, opcode}, a, b); }

  std::string sha1(std::string_view message) {
    Xmm abcd = xmm({0x10325476, 0x98BADCFE, 0xEFCDAB89, 0x67452301});
    u32 e = 0xC3D2E1F0;
    for (const auto& chunk : padded(message)) {
      std::array<Xmm, 20> w;
      for (unsigned g = 0; g < 20; ++g)
        w[g] = g < 4 ? xmm({chunk[4 * g + 3], chunk[4 * g + 2], chunk[4 * g + 1], chunk[4 * g]})
                     : sha(0xCA, exclusive_or(sha(0xC9, w[g - 4], w[g - 3]), w[g - 2]), w[g - 1]);
      Xmm state = abcd, before = {};
      for (unsigned g = 0; g < 20; ++g) {
        const Xmm input = g ? sha(0xC8, before, w[g]) : add(w[0], xmm({0, 0, 0, e}));
        before = state;
        state = run({0x0F, 0x3A, 0xCC}, state, input, int(g / 5));
      }
      e = words(sha(0xC8, before, xmm({0, 0, 0, e})))[3];
      abcd = add(abcd, state);
    }
    const Words h = words(abcd);
    return big_endian({h[3], h[2], h[1], h[0], e});
  }

  std::string sha256(std::string_view message) {
    Xmm abef = xmm({0x9B05688C, 0x510E527F, 0xBB67AE85, 0x6A09E667});
    Xmm cdgh = xmm({0x5BE0CD19, 0x1F83D9AB, 0xA54FF53A, 0x3C6EF372});
    for (const auto& chunk : padded(message)) {
      std::array<Xmm, 16> w;
      for (unsigned g = 0; g < 16; ++g) {
        w[g] = xmm({chunk[4 * g], chunk[4 * g + 1], chunk[4 * g + 2], chunk[4 * g + 3]});
        if (g < 4) continue;
        const Words back2 = words(w[g - 2]), back1 = words(w[g - 1]);
        const Xmm seven = xmm({back2[1], back2[2], back2[3], back1[0]});
        w[g] = sha(0xCD, add(sha(0xCC, w[g - 4], w[g - 3]), seven), w[g - 1]);
      }
      Xmm x = abef, y = cdgh;
      for (unsigned half = 0; half < 32; ++half) {
        const Words sum = words(add(w[half / 2], constants(half / 2)));
        c.fpu.xmm[0] = xmm({sum[half % 2 * 2], sum[half % 2 * 2 + 1], 0, 0});
        const Xmm next = sha(0xCB, y, x);
        y = x, x = next;
      }
      abef = add(abef, x), cdgh = add(cdgh, y);
    }
    const Words p = words(abef), q = words(cdgh);
    return big_endian({p[3], p[2], q[3], q[2], p[1], p[0], q[1], q[0]});
  }

 private:
  static std::vector<std::array<u32, 16>> padded(std::string_view message) {
    std::vector<u8> bytes(message.begin(), message.end());
    bytes.push_back(0x80);
    while (bytes.size() % 64 != 56) bytes.push_back(0);
    for (int at = 56; at >= 0; at -= 8) bytes.push_back(u8(u64(message.size()) * 8 >> at));
    std::vector<std::array<u32, 16>> chunks(bytes.size() / 64);
    for (std::size_t i = 0; i < bytes.size(); ++i)
      chunks[i / 64][i % 64 / 4] |= u32(bytes[i]) << (24 - 8 * (i % 4));
    return chunks;
  }
  static std::string big_endian(std::initializer_list<u32> values) {
    std::vector<u8> bytes;
    for (const u32 value : values)
      for (int at = 24; at >= 0; at -= 8) bytes.push_back(u8(value >> at));
    return hex_of(bytes);
  }
  // The fractions of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2).
  static Xmm constants(unsigned group) {
    Words w = {};
    unsigned index = 0;
    for (unsigned p = 2; index < 4 * group + 4; ++p) {
      bool prime = true;
      for (unsigned d = 2; d * d <= p; ++d) prime &= p % d != 0;
      if (!prime) continue;
      if (index++ < 4 * group) continue;
      u64 root = 0;  // of p * 2^96
      for (u64 bit = u64(1) << 35; bit; bit >>= 1)
        if (u128(root + bit) * (root + bit) * (root + bit) <= u128(p) << 96) root += bit;
      w[(index - 1) % 4] = u32(root);
    }
    return xmm(w);
  }
};
INSTANTIATE_TEST_SUITE_P(Blocks, Crypto, testing::Bool());

TEST_P(Crypto, AesVectors) {
  static constexpr struct {
    const char *key, *plain, *cipher;
  } vectors[] = {
      {"2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734",
       "3925841d02dc09fbdc118597196a0b32"},
      {"000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
       "69c4e0d86a7b0430d8cdb78070b4c55a"},
      {"000102030405060708090a0b0c0d0e0f1011121314151617", "00112233445566778899aabbccddeeff",
       "dda97ca4864cdfe06eaf70a0ec0d7191"},
      {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
       "00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089"},
  };
  for (const auto& v : vectors) {
    const std::vector<Xmm> keys = round_keys(bytes_of(v.key));
    EXPECT_EQ(text(encrypt(keys, block(v.plain))), v.cipher);
    EXPECT_EQ(text(decrypt(keys, block(v.cipher))), v.plain);
  }
  // The last round key of appendix A.1; all four words of AESKEYGENASSIST.
  EXPECT_EQ(text(round_keys(bytes_of(vectors[0].key))[10]), "d014f9a8c9ee2589e13f0cc8b6630ca6");
  const Words all = words(keygen(block("000102030405060708090a0b0c0d0e0f"), 0x80));
  EXPECT_EQ(all, (Words{0xC56F6BF2, 0xF2C56FEB, 0x76ABD7FE, 0xFE76AB57}));
}

TEST_P(Crypto, ShaVectors) {
  const std::string_view two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  EXPECT_EQ(sha1("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(sha1(two), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(two), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST_P(Crypto, CarryLessProducts) {
  const Xmm a = {{0x63746F725D53475D, 0x7B5B546573745665}};
  const Xmm b = {{0x5B477565726F6E5D, 0x4869285368617929}};
  static constexpr struct {
    int halves;
    u64 high, low;
  } products[] = {{0x00, 0x1D4D84C85C3440C0, 0x929633D5D36F0451},
                  {0x01, 0x1A2BF6DB3A30862F, 0xBABF262DF4B7D5C9},
                  {0x10, 0x1BD17C8D556AB5A1, 0x7FA540AC2A281315},
                  {0x11, 0x1D1E1F2C592E7C45, 0xD66EE03E410FD4ED},
                  {0xEE, 0x1D4D84C85C3440C0, 0x929633D5D36F0451}};  // other bits do not count
  for (const auto& p : products)
    EXPECT_EQ(run({0x66, 0x0F, 0x3A, 0x44}, a, b, p.halves), (Xmm{{p.low, p.high}})) << p.halves;
}

// GHASH: bit 0 of its polynomials is the first byte's highest.
TEST_P(Crypto, Ghash) {
  const auto reflect = [](std::string_view hex) {
    u128 value = 0;
    for (const u8 byte : bytes_of(hex))
      for (int bit = 7; bit >= 0; --bit) value = value >> 1 | u128(byte >> bit & 1) << 127;
    return value;
  };
  const auto product = [&](u128 a, u128 b) {
    const Xmm x = {{u64(a), u64(a >> 64)}}, y = {{u64(b), u64(b >> 64)}};
    u64 d[5] = {};
    for (const unsigned halves : {0x00u, 0x01u, 0x10u, 0x11u}) {
      const Xmm p = run({0x66, 0x0F, 0x3A, 0x44}, x, y, int(halves));
      const unsigned at = (halves & 1) + (halves >> 4);
      d[at] ^= p.q[0], d[at + 1] ^= p.q[1];
    }
    u128 low = d[0] | u128(d[1]) << 64, high = d[2] | u128(d[3]) << 64;
    while (high) {  // x^128 = x^7 + x^2 + x + 1
      low ^= high ^ high << 1 ^ high << 2 ^ high << 7;
      high = high >> 127 ^ high >> 126 ^ high >> 121;
    }
    return low;
  };
  const u128 h = reflect("66e94bd4ef8a2c3b884cfa59ca342b2e");
  const u128 one = product(reflect("0388dace60b6a392f328c2b971b2fe78"), h);
  EXPECT_TRUE(one == reflect("5e2ec746917062882c85b0685353deb7"));
  EXPECT_TRUE(product(one ^ reflect("00000000000000000000000000000080"), h) ==
              reflect("f38cbb1ad69223dcc3457ae5b6b0f885"));
}

}  // namespace
}  // namespace reprise::cpu
