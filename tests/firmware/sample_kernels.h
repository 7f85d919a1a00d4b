// Small files that are kernels as far as a loader can tell.
#pragma once

#include "chipset/firmware/bytes.h"

namespace reprise {

// A bzImage of protocol 2.15: 4 setup sectors, 64 KiB of kernel that runs in 16 to 32 MiB.
inline Bytes bzimage() {
  Bytes image(5 * 512 + 0x10000);
  for (std::size_t i = 5 * 512; i < image.size(); ++i) image[i] = u8(i * 7);
  image[0x1f1] = 4;
  put_le(image, 0x1f4, 4, 0x10000 / 16);
  put_le(image, 0x1fe, 2, 0xaa55);
  put_le(image, 0x202, 4, 0x53726448);
  put_le(image, 0x206, 2, 0x020f);
  image[0x211] = 1;
  put_le(image, 0x22c, 4, 0x7fffffff);
  put_le(image, 0x238, 4, 2047);
  put_le(image, 0x258, 8, 16 << 20);
  put_le(image, 0x260, 4, 16 << 20);
  return image;
}

// ELF32 with its headers on a page below 1 MiB, code, and 4 KiB of zeros.
inline Bytes multiboot_elf() {
  ByteBuilder out;
  out.text(
         "\x7f"
         "ELF\x01\x01\x01")
      .zeros(9)
      .u16le(2)
      .u16le(3)
      .u32le(1);
  out.u32le(0x100010).u32le(52).u32le(0).u32le(0).u16le(52).u16le(32).u16le(1).zeros(6);
  out.u32le(1).u32le(0).u32le(0xff000).u32le(0xff000).u32le(0x1800).u32le(0x2800).zeros(8);
  out.zeros(0x1000 - out.size());
  out.u32le(0x1badb002).u32le(3).u32le(-(0x1badb002 + 3)).zeros(0x7f4);
  return out.take();
}

inline Bytes multiboot_flat() {
  ByteBuilder out;
  out.zeros(64).u32le(0x1badb002).u32le(0x10000).u32le(-(0x1badb002 + 0x10000));
  out.u32le(0x200040).u32le(0x200000).u32le(0x200100).u32le(0x201000).u32le(0x200080);
  return out.zeros(0x100 - out.size()).take();
}

}  // namespace reprise
