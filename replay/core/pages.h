// Guest memory as pages: RAM, ROM, VRAM and SMRAM are blocks of 4 KiB pages. Each page keeps the
// epoch that last wrote it; keyframes, hashes, displays and migration compare epochs, and nobody
// clears bits.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "replay/core/check.h"
#include "replay/core/result.h"
#include "replay/core/types.h"

namespace reprise {

inline constexpr u64 kPageSize = 4096;

class MemoryBlock;

// Told before bytes that hold decoded instructions change.
class CodeListener {
 public:
  virtual ~CodeListener() = default;
  // Lines are 64 bytes; bit i of `lines` is line i of page `page` of `block`.
  virtual void code_written(MemoryBlock& block, u64 page, u64 lines) = 0;
};

// Told when direct host pointers for writing must be dropped (a new epoch, a page got code).
class WriteTrackListener {
 public:
  virtual ~WriteTrackListener() = default;
  virtual void drop_write_pointers() = 0;
};

// Told before a page changes for the first time since keep_pages().
class PageKeeper {
 public:
  virtual ~PageKeeper() = default;
  virtual void keep(MemoryBlock& block, u64 page) = 0;
};

class PageStore {
 public:
  u32 epoch() const { return epoch_; }
  // Starts a new epoch: the next write to any page is noticed again.
  void advance_epoch();
  // From now on, in a new epoch; null: nobody is told.
  void keep_pages(PageKeeper* keeper);
  void on_code_written(CodeListener* listener) { code_ = listener; }
  void on_track(WriteTrackListener* listener) { track_ = listener; }
  const std::vector<MemoryBlock*>& blocks() const { return blocks_; }  // in order of name

 private:
  friend class MemoryBlock;
  u32 epoch_ = 1;      // 0 on a page means: never written, all zero
  u32 kept_from_ = 0;  // a page whose last write is older is told to keeper_
  PageKeeper* keeper_ = nullptr;
  CodeListener* code_ = nullptr;
  WriteTrackListener* track_ = nullptr;
  std::vector<MemoryBlock*> blocks_;
};

struct PageInfo {
  u64 code_lines = 0;   // 64-byte lines from which instructions are decoded at present
  u32 write_epoch = 0;  // 0: never written
};

class MemoryBlock {
 public:
  // `size` is a multiple of 4 KiB; memory is zero and is committed by the host only when written.
  static Result<std::unique_ptr<MemoryBlock>> create(PageStore& store, std::string name, u64 size,
                                                     bool rom = false);
  ~MemoryBlock();
  MemoryBlock(const MemoryBlock&) = delete;

  const std::string& name() const { return name_; }
  u64 size() const { return size_; }
  u64 pages() const { return size_ / kPageSize; }
  bool rom() const { return rom_; }  // guest writes do not reach it
  const u8* data() const { return data_; }
  PageInfo& info(u64 page) { return info_[page]; }
  const PageInfo& info(u64 page) const { return info_[page]; }
  // The last epoch in which any page of the group of kGroupPages around `page` was written: lets a
  // reader of epochs pass over the parts of a large memory that nobody uses.
  static constexpr u64 kGroupPages = 512;
  u32 group_epoch(u64 page) const { return groups_[page / kGroupPages]; }

  // The one write function: CPU slow path, DMA, gdb, load. Marks pages, drops decoded code.
  void write(u64 offset, std::span<const u8> bytes);
  void read(u64 offset, std::span<u8> bytes) const;

  // Notes that [offset, offset+length) is about to change; `write` does it itself.
  void touch(u64 offset, u64 length);
  // A pointer for direct writes of the whole page, which the caller must drop when told. Null
  // unless the page is already marked in this epoch and holds no decoded code.
  u8* direct_write(u64 page) {
    const PageInfo& info = info_[page];
    return info.write_epoch == store_.epoch() && info.code_lines == 0 ? data_ + page * kPageSize
                                                                      : nullptr;
  }
  // Instructions in `lines` of `page` have been decoded: writes there must be noticed from now on.
  void mark_code(u64 page, u64 lines);

 private:
  MemoryBlock(PageStore& store, std::string name, u64 size, bool rom, u8* data, PageInfo* info);
  PageStore& store_;
  std::string name_;
  u64 size_;
  bool rom_;
  u8* data_;                                           // page aligned
  std::unique_ptr<PageInfo[], void (*)(void*)> info_;  // committed only where used, as the data
  std::vector<u32> groups_;
};

}  // namespace reprise
