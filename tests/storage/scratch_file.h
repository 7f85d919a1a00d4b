// A file for one test, in a directory that goes with it.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "replay/core/types.h"

namespace reprise {

class ScratchFile {
 public:
  explicit ScratchFile(const std::vector<u8>& content = {}) {
    std::string name = std::filesystem::temp_directory_path() / "reprise-test-XXXXXX";
    directory_ = mkdtemp(name.data());
    path = directory_ + "/image";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(content.data()), std::streamsize(content.size()));
  }
  ~ScratchFile() { std::filesystem::remove_all(directory_); }
  std::vector<u8> content() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void resize(u64 size) const { std::filesystem::resize_file(path, size); }
  const std::string& directory() const { return directory_; }
  std::string path;

 private:
  std::string directory_;
};

}  // namespace reprise
