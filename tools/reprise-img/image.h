// What the commands share: opening images, walking their maps, sizes, formats, progress.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "storage/format/probe.h"
#include "storage/host/file_node.h"
#include "tools/program/arguments.h"

namespace reprise::img {

using tools::Arguments;

struct Image {
  std::string name;
  std::shared_ptr<FileNode> file;
  std::shared_ptr<BlockNode> disk;
};

struct OpenOptions {
  std::string format;  // empty: by content
  bool writes = false;
  bool looks_only = false;   // reads no content: no locks
  bool force_share = false;  // -U
};

// The error's text is whole: "Could not open 'x.img': ...".
Result<Image> open_image(const std::string& name, const OpenOptions& options);

// "1.5 GiB", as QEMU prints sizes.
std::string human_size(u64 bytes);
// "1M", "1.5G", "4096"; `what` begins the message: "Invalid image size specified".
Result<u64> size_argument(const std::string& text, const std::string& what);
// Refuses formats that cannot be written.
Result<void> check_output_format(const std::string& format);
std::string json_text(const std::string& text);  // quoted

// All bytes of the block are zero.
bool all_zero(std::span<const u8> bytes);

// For commands that report on one image: checks that it is one; how to say it, "human" or "json".
Result<std::string> report_on_one_image(const Arguments& arguments);

// -p: "    (12.34/100%)" over and over on one line of stdout.
class Progress {
 public:
  Progress(bool on, u64 total) : on_(on), total_(total) { show(0); }
  void at(u64 done);
  void end();

 private:
  void show(double percent);
  bool on_;
  u64 total_;
  double shown_ = -1;
};

}  // namespace reprise::img
