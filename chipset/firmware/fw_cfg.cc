#include "chipset/firmware/fw_cfg.h"

#include <xxhash.h>

#include <algorithm>
#include <array>

namespace reprise {
namespace {

constexpr u32 kError = 1, kRead = 2, kSkip = 4, kSelect = 8, kWrite = 16;
constexpr u16 kWriteChannel = 0x4000;
constexpr std::size_t kNameWidth = 56;
constexpr char kSignatureText[] = "QEMU CFG";
constexpr std::array<u8, 4096> kZeros{};
// No address wider than this exists on the bus; what lies beyond reads and writes nothing.
constexpr u64 kBusLimit = u64(1) << 52;

u64 hash_of(std::span<const u8> data, u64 seed) {
  return XXH3_64bits_withSeed(data.data(), data.size(), seed);
}

}  // namespace

FwCfg::FwCfg(const DeviceContext& context, DmaBus& dma) : Device(context), dma_(dma) {
  add_item(fw_key::kSignature, ByteBuilder().text("QEMU").take());
  add_u32(fw_key::kId, 3);  // bit 0: the traditional interface, bit 1: DMA
}

void FwCfg::add_item(u16 key, Bytes data) {
  add_item(key, std::make_shared<const Bytes>(std::move(data)));
}

void FwCfg::add_item(u16 key, Blob data, u64 begin) {
  check((key & 0x3fff) < fw_key::kFileFirst && !(key & kWriteChannel), "fw_cfg: key of a file");
  check(begin <= data->size() && data->size() - begin <= 0xffffffffu, "fw_cfg: item size");
  Item item{std::move(data), begin, 0};
  item.hash = hash_of(std::span(*item.data).subspan(begin), key);
  items_[key] = std::move(item);
  rebuild_directory();
}

void FwCfg::add_file(const std::string& name, Bytes data, bool writable) {
  check(!name.empty() && name.size() < kNameWidth, "fw_cfg: file name length");
  check(data.size() <= 0xffffffffu && files_.size() < 0x1000, "fw_cfg: file size or count");
  File& file = files_[name];
  file.initial = writable ? data : Bytes{};
  file.data = std::move(data);
  file.writable = writable;
  rebuild_directory();
}

// Directory: count, then {size, key, 0, name} for each file, big-endian.
void FwCfg::rebuild_directory() {
  by_key_.clear();
  ByteBuilder directory;
  directory.u32be(files_.size());
  digest_ = 0;
  for (auto& [name, file] : files_) {
    directory.u32be(file.data.size()).u16be(fw_key::kFileFirst + by_key_.size()).u16be(0);
    directory.text(name, kNameWidth);
    by_key_.push_back(&file);
    if (!file.writable) digest_ = hash_of(file.data, digest_);
  }
  digest_ = hash_of(directory.data(), digest_);
  for (const auto& [key, item] : items_)
    if (key != fw_key::kFileDir) digest_ = digest_ * 0x9e3779b97f4a7c15 + (item.hash ^ key);
  items_[fw_key::kFileDir] = {std::make_shared<const Bytes>(directory.take()), 0, 0};
}

const Bytes* FwCfg::file(const std::string& name) const {
  const auto it = files_.find(name);
  return it == files_.end() ? nullptr : &it->second.data;
}

std::span<const u8> FwCfg::item(u16 key) const {
  key &= u16(~kWriteChannel);
  if (key >= fw_key::kFileFirst && key - fw_key::kFileFirst < int(by_key_.size()))
    return by_key_[key - fw_key::kFileFirst]->data;
  const auto it = items_.find(key);
  if (it == items_.end()) return {};
  return std::span(*it->second.data).subspan(it->second.begin);
}

void FwCfg::reset() {
  regs_ = {};
  for (auto& [name, file] : files_)
    if (file.writable) file.data = file.initial;
}

void FwCfg::state(State& s) {
  s("selector", regs_.selector)("offset", regs_.offset)("dma_high", regs_.dma_high);
  s("contents", digest_, digest_, digest_);  // a load into other contents is refused
  for (auto& [name, file] : files_)
    if (file.writable) s.raw(name, file.data);
}

u32 FwCfg::io_read(u16 offset, unsigned size) {
  u32 value = 0xffffffff;
  for (unsigned i = 0; i < size && i < 4; ++i) {
    const unsigned at = offset + i;
    u8 byte = 0xff;
    if (at >= 4 && at < kPorts) byte = u8(kSignatureText[at - 4]);
    if (at == 1 && i == 0) byte = next_byte();
    value = (value & ~(0xffu << (8 * i))) | u32(byte) << (8 * i);
  }
  return size >= 4 ? value : value & ((1u << (8 * size)) - 1);
}

void FwCfg::io_write(u16 offset, unsigned size, u32 value) {
  if (offset == 0 && size == 2) select(u16(value));
  if (offset == 4 && size == 4) regs_.dma_high = __builtin_bswap32(value);
  if (offset == 8 && size == 4) {
    const u64 address = u64(regs_.dma_high) << 32 | __builtin_bswap32(value);
    regs_.dma_high = 0;
    start_dma(address);
  }
}

void FwCfg::select(u16 key) {
  regs_.selector = key;
  regs_.offset = 0;
}

u8 FwCfg::next_byte() {
  const std::span<const u8> data = item(regs_.selector);
  return regs_.offset < data.size() ? data[regs_.offset++] : 0;
}

void FwCfg::start_dma(u64 address) {
  if (address > kBusLimit - 16) return;
  std::array<u8, 16> descriptor;
  dma_.dma_read(address, descriptor);
  const u32 outcome = transfer(u32(get_be(descriptor, 0, 4)), u32(get_be(descriptor, 4, 4)),
                               get_be(descriptor, 8, 8));
  dma_.dma_write(address, ByteBuilder().u32be(outcome).take());
}

u32 FwCfg::transfer(u32 control, u32 length, u64 address) {
  if (control & kSelect) select(u16(control >> 16));
  if (control & kRead) {
    read_to_memory(address, length);
  } else if (control & kWrite) {
    return write_from_memory(address, length) ? 0 : kError;
  } else if (control & kSkip) {
    const u64 size = item(regs_.selector).size();
    if (regs_.offset < size) regs_.offset = u32(std::min<u64>(u64(regs_.offset) + length, size));
  }
  return 0;
}

// Past the item's end there are zeros, as at the data register.
void FwCfg::read_to_memory(u64 address, u32 length) {
  if (address >= kBusLimit - length) return;
  const std::span<const u8> data = item(regs_.selector);
  u64 left = length;
  if (regs_.offset < data.size()) {
    const std::span<const u8> part =
        data.subspan(regs_.offset, std::min<u64>(left, data.size() - regs_.offset));
    dma_.dma_write(address, part);
    regs_.offset += u32(part.size());
    address += part.size();
    left -= part.size();
  }
  while (left > 0) {
    const u64 run = std::min<u64>(left, kZeros.size());
    dma_.dma_write(address, std::span(kZeros).first(run));
    address += run;
    left -= run;
  }
}

// All or nothing: a write that does not fit, or goes to what is not writable, changes nothing.
bool FwCfg::write_from_memory(u64 address, u32 length) {
  File* file = selected_file();
  if (!file || !file->writable || address >= kBusLimit - length) return false;
  if (regs_.offset > file->data.size() || length > file->data.size() - regs_.offset) return false;
  dma_.dma_read(address, std::span(file->data).subspan(regs_.offset, length));
  regs_.offset += length;
  return true;
}

FwCfg::File* FwCfg::selected_file() {
  const unsigned index = unsigned(regs_.selector & ~kWriteChannel) - fw_key::kFileFirst;
  return index < by_key_.size() ? by_key_[index] : nullptr;
}

}  // namespace reprise
