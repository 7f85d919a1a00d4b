#include "storage/format/raw.h"

#include <algorithm>
#include <vector>

#include "storage/format/probe.h"
#include "storage/io_error.h"

namespace reprise {
namespace {

class RawNode final : public BlockNode {
 public:
  RawNode(std::shared_ptr<BlockNode> file, u64 offset, u64 size, bool probed)
      : file_(std::move(file)), offset_(offset), size_(size), probed_(probed) {}

  std::string_view driver() const override { return "raw"; }
  u64 size() const override { return size_; }
  bool read_only() const override { return file_->read_only(); }
  Result<void> flush() override { return file_->flush(); }

  Result<void> read(u64 offset, std::span<u8> out) override {
    if (!in_range(offset, out.size(), size_)) return out_of_range("raw", offset, out.size(), size_);
    const u64 there = in_file(offset, out.size());
    if (there) TRY(file_->read(offset_ + offset, out.first(there)));
    std::ranges::fill(out.subspan(there), u8(0));
    return {};
  }

  Result<void> write(u64 offset, std::span<const u8> in) override {
    if (!in_range(offset, in.size(), size_)) return out_of_range("raw", offset, in.size(), size_);
    if (probed_ && offset < kProbeBytes) TRY(stays_raw(offset, in));
    TRY(fill_last_sector(offset, in.size()));
    return file_->write(offset_ + offset, in);
  }

  // To zeros no format begins.
  Result<void> discard(u64 offset, u64 length) override {
    if (!in_range(offset, length, size_)) return out_of_range("raw", offset, length, size_);
    // What lies beyond the file's end is zeros already.
    return file_->discard(offset_ + offset, in_file(offset, length));
  }

  Result<Extent> map(u64 offset, u64 length) override {
    if (length == 0 || !in_range(offset, length, size_))
      return out_of_range("raw", offset, length, size_);
    const u64 there = in_file(offset, length);
    if (there == 0) return Extent{length, true, true, offset_ + offset};
    Extent run = TRY(file_->map(offset_ + offset, there));
    // The padding goes with a hole before it.
    if (run.zero && run.length == there) run.length = length;
    return run;
  }

  Result<void> resize(u64 size) override {
    if (offset_ != 0 || size % kSectorSize != 0)
      return io_error(kENOTSUP, "raw: resizing to " + std::to_string(size) + " bytes");
    TRY(file_->resize(size));
    size_ = size;
    return {};
  }

 private:
  // How many of `length` bytes at `offset` the file has.
  u64 in_file(u64 offset, u64 length) const {
    const u64 have = file_->size() - std::min(file_->size(), offset_);
    return std::min(length, have - std::min(have, offset));
  }

  Result<void> fill_last_sector(u64 offset, u64 length) {
    if (length == 0 || in_file(offset, length) == length) return {};
    if (read_only()) return io_error(kEACCES, "raw: writing to a read-only image");
    return file_->resize(offset_ + size_);
  }

  Result<void> stays_raw(u64 offset, std::span<const u8> in) {
    std::vector<u8> head(std::min(kProbeBytes, size_));
    TRY(read(0, head));
    const u64 count = std::min<u64>(in.size(), head.size() - offset);
    std::copy_n(in.begin(), count, head.begin() + std::ptrdiff_t(offset));
    const ImageFormat format = probe_format(head);
    if (format == ImageFormat::Raw) return {};
    return io_error(
        kEPERM, "raw: the guest wants to make the image look like " + std::string(name_of(format)),
        "its format was guessed to be raw; give format=raw to allow that");
  }

  std::shared_ptr<BlockNode> file_;
  u64 offset_, size_;
  bool probed_;
};

Error wrong(const std::string& text) { return Error{"raw: " + text, "GenericError", kEINVAL}; }

}  // namespace

Result<std::shared_ptr<BlockNode>> open_raw(std::shared_ptr<BlockNode> file,
                                            const RawOptions& options) {
  const u64 have = file->size(), offset = options.offset;
  if (offset % kSectorSize != 0)
    return wrong("offset=" + std::to_string(offset) + " is not a multiple of 512");
  if (offset > have)
    return wrong("offset=" + std::to_string(offset) + " lies beyond the file's end at " +
                 std::to_string(have));
  const u64 rest = have - offset;
  u64 size = (rest + kSectorSize - 1) / kSectorSize * kSectorSize;
  if (options.size) {
    if (*options.size % kSectorSize != 0)
      return wrong("size=" + std::to_string(*options.size) + " is not a multiple of 512");
    if (*options.size > rest)
      return wrong("size=" + std::to_string(*options.size) + " at offset=" +
                   std::to_string(offset) + " passes the file's end at " + std::to_string(have));
    size = *options.size;
  }
  return std::shared_ptr<BlockNode>(
      std::make_shared<RawNode>(std::move(file), offset, size, options.probed));
}

}  // namespace reprise
