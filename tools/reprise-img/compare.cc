#include <algorithm>
#include <cstdio>

#include "tools/program/arguments.h"
#include "tools/reprise-img/commands.h"
#include "tools/reprise-img/image.h"

namespace reprise::img {
namespace {

constexpr u64 kPiece = 1 << 20;
enum Status { kSame = 0, kDifferent = 1, kNotOpened = 2, kNoMap = 3, kNotRead = 4 };

struct Verdict {
  Status status = kSame;
  std::string text;
};
Verdict different(const char* what, u64 at, const char* how) {
  return {kDifferent, what + std::to_string(at) + how};
}

class Comparison {
 public:
  Comparison(const Image& a, const Image& b, bool strict, Progress& progress)
      : images_{&a, &b}, strict_(strict), progress_(progress) {}

  // What both have.
  Verdict common() {
    const u64 end = std::min(size(0), size(1));
    for (u64 at = 0; at < end;) {
      u64 length = std::min(kMaxImage, end - at);
      Extent runs[2];
      for (unsigned i = 0; i < 2; ++i) {
        const auto run = images_[i]->disk->map(at, length);
        if (!run) return {kNoMap, run.error().message};
        runs[i] = *run;
      }
      length = std::min(runs[0].length, runs[1].length);
      if (strict_ && runs[0].zero != runs[1].zero)
        return different("Strict mode: Offset ", at, " block status mismatch!");
      const Verdict verdict = alike(at, length, runs[0].zero, runs[1].zero);
      if (verdict.status != kSame) return verdict;
      at += length;
    }
    return {};
  }

  // The rest of the longer one is to be zeros.
  Verdict rest() {
    const unsigned longer = size(1) > size(0);
    for (u64 at = size(!longer); at < size(longer);) {
      const auto run = images_[longer]->disk->map(at, size(longer) - at);
      if (!run) return {kNoMap, run.error().message};
      const Verdict verdict =
          alike(at, run->length, longer == 1 || run->zero, longer == 0 || run->zero);
      if (verdict.status != kSame) return verdict;
      at += run->length;
    }
    return {};
  }

 private:
  u64 size(unsigned i) const { return images_[i]->disk->size(); }
  // The same bytes in both, of which one or both may be known to be zeros?
  Verdict alike(u64 at, u64 length, bool zero_a, bool zero_b) {
    const bool zero[2] = {zero_a, zero_b};
    const u64 end = at + length;
    for (; at < end && !(zero_a && zero_b); at += kPiece) {
      const u64 piece = std::min(kPiece, end - at);
      for (unsigned i = 0; i < 2; ++i) {
        bytes_[i].assign(piece, 0);
        if (zero[i]) continue;
        const auto done = images_[i]->disk->read(at, bytes_[i]);
        if (!done) return {kNotRead, done.error().message};
      }
      const auto at_byte = std::ranges::mismatch(bytes_[0], bytes_[1]).in1 - bytes_[0].begin();
      if (u64(at_byte) < piece)
        return different("Content mismatch at offset ",
                         (at + u64(at_byte)) / kSectorSize * kSectorSize, "!");
      progress_.at(at + piece);
    }
    return {};
  }

  const Image* images_[2];
  bool strict_;
  Progress& progress_;
  std::vector<u8> bytes_[2];
};

}  // namespace

Result<int> compare(const Words& words) {
  const auto arguments = TRY(Arguments::parse(words, {{"-f", true},
                                                      {"-F", true},
                                                      {"-T", true},
                                                      {"-p", false},
                                                      {"-q", false},
                                                      {"-s", false},
                                                      {"-U", false},
                                                      {"--force-share", false}}));
  if (arguments.operands().size() != 2) return fail("Expecting two image file names");
  const bool quiet = arguments.has("-q"), strict = arguments.has("-s");
  const auto refuse = [](Status status, const std::string& text) {
    std::fprintf(stderr, "reprise-img: %s\n", text.c_str());
    return int(status);
  };
  OpenOptions options;
  options.force_share = arguments.has("-U") || arguments.has("--force-share");
  options.format = arguments.text("-f", "");
  const auto a = open_image(arguments.operands()[0], options);
  if (!a) return refuse(kNotOpened, a.error().message);
  options.format = arguments.text("-F", "");
  const auto b = open_image(arguments.operands()[1], options);
  if (!b) return refuse(kNotOpened, b.error().message);

  const auto say = [&](const std::string& text) {
    if (!quiet) std::printf("%s\n", text.c_str());
  };
  const bool sizes_differ = a->disk->size() != b->disk->size();
  if (strict && sizes_differ) {
    say("Strict mode: Image size mismatch!");
    return int(kDifferent);
  }
  Progress progress(arguments.has("-p") && !quiet, std::max(a->disk->size(), b->disk->size()));
  Comparison comparison(*a, *b, strict, progress);
  Verdict verdict = comparison.common();
  if (verdict.status == kSame && sizes_differ) {
    say("Warning: Image size mismatch!");
    verdict = comparison.rest();
  }
  if (verdict.status > kDifferent) return refuse(verdict.status, verdict.text);
  progress.end();
  say(verdict.status == kSame ? "Images are identical." : verdict.text);
  return int(verdict.status);
}

}  // namespace reprise::img
