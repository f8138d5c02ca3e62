// How full the host is, from the kernel's own texts. Pure but for HostGauge::look.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fixer {

// Nothing: not known.
struct HostLoad {
  std::optional<double> cpu_percent;     // Of all cores, since the look before.
  std::optional<double> memory_percent;  // Not available to new processes.
};

// Ticks of all cores since the start, of /proc/stat.
struct CpuTicks {
  std::int64_t busy = 0, all = 0;
};
[[nodiscard]] std::optional<CpuTicks> parse_cpu(std::string_view proc_stat);
[[nodiscard]] std::optional<double> parse_memory(std::string_view proc_meminfo);

// Not thread-safe.
class HostGauge {
 public:
  // `engine_host` as in the configuration: what runs behind a network is not this host, and nothing
  // is known of it.
  explicit HostGauge(const std::string& engine_host) : is_here_(engine_host.starts_with("unix:")) {}
  [[nodiscard]] HostLoad look();

 private:
  bool is_here_;
  std::optional<CpuTicks> before_;
};

}  // namespace fixer
