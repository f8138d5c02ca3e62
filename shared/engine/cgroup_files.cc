#include "engine/cgroup_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace engine {
namespace {

constexpr std::int64_t kNoLimit = std::int64_t{1} << 60U;  // v1 writes "none" as almost 2^63.

std::optional<std::string> read_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::array<char, 8192> buffer{};
  const ssize_t size = ::read(fd, buffer.data(), buffer.size());
  ::close(fd);
  if (size < 0) return std::nullopt;
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  text = base::trim(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> read_number(const std::string& path) {
  const auto text = read_file(path);
  return text ? parse_number(*text) : std::nullopt;
}

// The value of the line "name value".
std::int64_t read_line(const std::string& path, std::string_view name) {
  const auto text = read_file(path);
  if (!text) return 0;
  for (const auto line : base::split(*text, '\n')) {
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
      return parse_number(line.substr(name.size() + 1)).value_or(0);
    }
  }
  return 0;
}

std::int64_t limit_of(std::optional<std::int64_t> value) {
  return value && *value < kNoLimit ? *value : 0;  // v2 writes "max", which is no number.
}

std::optional<Usage> read_v2(const std::string& folder) {
  const auto memory = read_number(folder + "/memory.current");
  if (!memory) return std::nullopt;
  const auto cache = read_line(folder + "/memory.stat", "inactive_file");
  return Usage{std::max<std::int64_t>(0, *memory - cache),
               limit_of(read_number(folder + "/memory.max")),
               read_line(folder + "/cpu.stat", "usage_usec") * 1000};
}

std::optional<Usage> read_v1(const std::string& root, const std::string& inside) {
  const std::string folder = root + "/memory/" + inside;
  const auto memory = read_number(folder + "/memory.usage_in_bytes");
  const auto cpu = read_number(root + "/cpuacct/" + inside + "/cpuacct.usage");
  if (!memory || !cpu) return std::nullopt;
  const auto cache = read_line(folder + "/memory.stat", "total_inactive_file");
  return Usage{std::max<std::int64_t>(0, *memory - cache),
               limit_of(read_number(folder + "/memory.limit_in_bytes")), *cpu};
}

}  // namespace

std::optional<Usage> CgroupFiles::read(const ContainerId& id) const {
  if (!is_container_id(id)) return std::nullopt;
  for (const std::string& inside : {"docker/" + id, "system.slice/docker-" + id + ".scope"}) {
    if (auto usage = read_v2(root_ + "/" + inside)) return usage;
    if (auto usage = read_v1(root_, inside)) return usage;
  }
  return std::nullopt;
}

}  // namespace engine
