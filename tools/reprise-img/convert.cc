// Copies images, one after another, into one. Holes stay holes, and long zeros become some.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "storage/host/create_image.h"
#include "tools/program/arguments.h"
#include "tools/reprise-img/commands.h"
#include "tools/reprise-img/create_options.h"
#include "tools/reprise-img/image.h"

namespace reprise::img {
namespace {

constexpr u64 kPiece = 2 << 20, kMaxSparse = 16 << 20;

class Copier {
 public:
  // `sparse`: zeros of this length, at a multiple of it, are not written; 0: all is written.
  // `is_zero`: the target reads as zeros already.
  Copier(BlockNode& target, u64 sparse, bool is_zero, Progress& progress)
      : target_(target), sparse_(sparse), is_zero_(is_zero), progress_(progress) {}

  Result<void> copy(const Image& from, u64 base) {
    const u64 size = from.disk->size();
    for (u64 at = 0; at < size;) {
      const Extent run = TRY(from.disk->map(at, size - at));
      if (run.zero && sparse_) {
        TRY(zeros(base + at, run.length));
      } else {
        for (u64 done = 0; done < run.length;) {
          const u64 piece = std::min(run.length - done, std::max(kPiece, sparse_));
          bytes_.resize(piece);
          TRY(from.disk->read(at + done, bytes_));
          TRY(put(base + at + done));
          done += piece;
          progress_.at(base + at + done);
        }
      }
      at += run.length;
      progress_.at(base + at);
    }
    return {};
  }

 private:
  Result<void> zeros(u64 at, u64 length) {
    return is_zero_ ? Result<void>() : target_.discard(at, length);
  }

  // bytes_, with the zeros in it left out.
  Result<void> put(u64 at) {
    if (!sparse_) return target_.write(at, bytes_);
    const std::span<const u8> all(bytes_);
    // The end of the block that begins at or before `from`.
    const auto end_of = [&](u64 from) {
      return std::min<u64>((at + from) / sparse_ * sparse_ + sparse_ - at, all.size());
    };
    const auto is_hole = [&](u64 from) { return all_zero(all.subspan(from, end_of(from) - from)); };
    for (u64 from = 0, to; from < all.size(); from = to) {
      const bool hole = is_hole(from);
      for (to = end_of(from); to < all.size() && is_hole(to) == hole;) to = end_of(to);
      if (hole)
        TRY(zeros(at + from, to - from));
      else
        TRY(target_.write(at + from, all.subspan(from, to - from)));
    }
    return {};
  }

  BlockNode& target_;
  u64 sparse_;
  bool is_zero_;
  Progress& progress_;
  std::vector<u8> bytes_;
};

Result<u64> sparse_size(const std::string& text) {
  const u64 size = TRY(size_argument(text, "Invalid buffer size for sparse output specified"));
  if (size % kSectorSize == 0 && size <= kMaxSparse) return size;
  return fail(
      "Invalid buffer size for sparse output specified. Valid sizes are multiples of 512 up to "
      "16777216. Select 0 to disable sparse detection (fully allocates output).");
}

struct Job {
  std::vector<Image> inputs;
  u64 size = 0;  // of all together
  std::string output;
  u64 sparse = 4096;
  bool exists = false, is_zero = false, shows = false, shares = false;
  CreateOptions create;
};

Result<void> run(const Job& job) {
  CreatedImage target;
  std::shared_ptr<BlockNode> disk;
  bool is_zero = !job.exists || job.is_zero;
  if (job.exists) {
    OpenOptions options;
    options.format = "raw";
    options.writes = true;
    options.force_share = job.shares;
    const Image image = TRY(open_image(job.output, options));
    disk = image.disk;
    if (disk->size() < job.size)
      return fail("output file is smaller than input file: '" + job.output + "' has " +
                  std::to_string(disk->size()) + " bytes, " + std::to_string(job.size) +
                  " are needed");
  } else {
    target = TRY(create_image(job.output, job.size, job.create.preallocation));
    disk = target.node;
    is_zero = target.node->driver() == "file";
  }
  const auto copied = [&]() -> Result<void> {
    Progress progress(job.shows, job.size);
    Copier copier(*disk, job.sparse, is_zero, progress);
    u64 base = 0;
    for (const Image& input : job.inputs) {
      TRY(copier.copy(input, base));
      base += input.disk->size();
    }
    TRY(disk->flush());
    progress.end();
    return {};
  }();
  // Half an image looks like a whole one.
  if (!copied && target.is_new) unlink(job.output.c_str());
  return copied;
}

}  // namespace

Result<int> convert(const Words& words) {
  const auto arguments = TRY(Arguments::parse(words, {{"-p", false},
                                                      {"-q", false},
                                                      {"-n", false},
                                                      {"-U", false},
                                                      {"--force-share", false},
                                                      {"--target-is-zero", false},
                                                      {"-f", true},
                                                      {"-O", true},
                                                      {"-o", true},
                                                      {"-S", true},
                                                      {"-t", true},
                                                      {"-T", true},
                                                      {"-m", true},
                                                      {"-W", false},
                                                      {"-C", false},
                                                      {"-c", false},
                                                      {"-B", true},
                                                      {"-b", true},
                                                      {"-l", true},
                                                      {"-r", true}}));
  for (const char* name : {"-c", "-B", "-b", "-l", "-r"})
    if (arguments.has(name)) return fail(std::string(name) + " is not supported for raw images");
  Job job;
  job.exists = arguments.has("-n");
  job.is_zero = arguments.has("--target-is-zero");
  if (job.is_zero && !job.exists) return fail("--target-is-zero requires use of -n flag");
  job.shows = arguments.has("-p") && !arguments.has("-q");
  job.shares = arguments.has("-U") || arguments.has("--force-share");
  job.sparse = TRY(sparse_size(arguments.text("-S", "4k")));
  TRY(check_output_format(arguments.text("-O", "raw")));
  job.create = TRY(create_options(arguments));
  if (job.create.help) return print_create_options(), 0;
  if (job.exists && arguments.has("-o"))
    return fail("-o has no effect on an output that exists (-n); leave it out");
  const auto& names = arguments.operands();
  if (names.size() < 2)
    return fail("Must specify image file names: reprise-img convert INPUT OUTPUT");
  job.output = names.back();
  OpenOptions options;
  options.format = arguments.text("-f", "");
  options.force_share = job.shares;
  for (std::size_t i = 0; i + 1 < names.size(); ++i) {
    job.inputs.push_back(TRY(open_image(names[i], options)));
    job.size += job.inputs.back().disk->size();
    if (job.size > kMaxImage) return fail("the images together are larger than 4 EiB");
  }
  const auto done = run(job);
  if (!done) return fail("error while converting to '" + job.output + "': " + done.error().message);
  return 0;
}

}  // namespace reprise::img
