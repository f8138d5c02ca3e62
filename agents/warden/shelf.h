// A folder of small texts by name, each written whole and durable or not at all. The newest are
// kept, the others go. Private to this user, since snapshots hold what containers are told in their
// environment. Thread-safe; adapter.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>

#include "base/result.h"

namespace warden {

class Shelf {
 public:
  Shelf(std::string folder, std::size_t keep) : folder_(std::move(folder)), keep_(keep) {}
  // Names are ours: letters, digits, '.', '_' and '-'. Errors: invalid (another name), unavailable
  // (nothing was kept).
  [[nodiscard]] base::Status put(const std::string& name, const std::string& text);
  // Errors: invalid, not_found.
  [[nodiscard]] base::Result<std::string> get(const std::string& name);

 private:
  [[nodiscard]] std::string read(const std::string& name) const;  // Empty: not there.
  void prune();

  const std::string folder_;
  const std::size_t keep_;
  std::mutex mutex_;  // Guards: the folder.
};

}  // namespace warden
