#include "agents/warden/shelf.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "agents/warden/durable.h"

namespace warden {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorCode;

constexpr std::string_view kStaged = ".staged";

bool is_ours(std::string_view name) {
  const auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= 200 && name.front() != '.' &&
         std::ranges::all_of(name, good);
}

}  // namespace

std::string Shelf::read(const std::string& name) const {
  std::ifstream in(folder_ + "/" + name, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return std::move(text).str();
}

base::Status Shelf::put(const std::string& name, const std::string& text) {
  if (!is_ours(name)) return Error{ErrorCode::invalid, "keep " + name + ": no name"};
  const std::lock_guard lock(mutex_);
  std::error_code failed;
  fs::create_directories(folder_, failed);
  fs::permissions(folder_, fs::perms::owner_all, failed);
  const std::string path = folder_ + "/" + name;
  if (!text.empty() && read(name) == text) {
    fs::last_write_time(path, fs::file_time_type::clock::now(), failed);  // Among the newest again.
    return {};
  }
  const std::string staged = path + std::string(kStaged);
  auto written = write_durably(staged, text, 0600);
  if (written.ok()) written = move_durably(staged, path);
  if (!written.ok())
    return Error{ErrorCode::unavailable, "keep " + name + ": " + written.error().message};
  prune();
  return {};
}

base::Result<std::string> Shelf::get(const std::string& name) {
  if (!is_ours(name)) return Error{ErrorCode::invalid, "find " + name + ": no name"};
  const std::lock_guard lock(mutex_);
  std::string text = read(name);
  if (text.empty()) return Error{ErrorCode::not_found, "find " + name + ": it is not kept"};
  return text;
}

void Shelf::prune() {
  std::vector<std::pair<fs::file_time_type, fs::path>> files;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder_, failed)) {
    files.emplace_back(entry.last_write_time(failed), entry.path());
  }
  if (files.size() <= keep_) return;
  std::ranges::sort(files);
  files.resize(files.size() - keep_);
  for (const auto& [when, path] : files) fs::remove(path, failed);
}

}  // namespace warden
