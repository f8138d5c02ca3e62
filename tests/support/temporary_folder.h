// A folder for one test, gone with everything in it at the end.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/ensure.h"

namespace support {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    char name[] = "/tmp/sre-test-XXXXXX";  // Short: a socket's path may have 107 characters.
    base::ensure(mkdtemp(name) != nullptr, "no temporary folder could be made");
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace support
