// Makes the file of a new image.
#pragma once

#include "storage/host/file_node.h"

namespace reprise {

enum class Preallocation : u8 {
  Off,     // sparse
  Falloc,  // room is reserved
  Full,    // room is written with zeros
};

struct CreatedImage {
  std::shared_ptr<FileNode> node;  // open for writing, all zeros
  bool is_new = false;             // there was no such file before: a tool that fails removes it
};

// An existing file loses its content; a block device keeps its own, and must be large enough. What
// was made anew is gone again when this fails.
Result<CreatedImage> create_image(const std::string& path, u64 size, Preallocation preallocation);

}  // namespace reprise
