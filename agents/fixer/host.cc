#include "agents/fixer/host.h"

#include <fstream>
#include <sstream>

namespace fixer {
namespace {

std::string read_all(const char* path) {
  const std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::optional<double> value_of(std::string_view meminfo, std::string_view name) {
  const auto at = meminfo.find(name);
  if (at == std::string_view::npos) return std::nullopt;
  std::istringstream rest{std::string(meminfo.substr(at + name.size(), 64))};
  double value = 0;
  return rest >> value ? std::optional(value) : std::nullopt;
}

}  // namespace

// user nice system idle iowait irq softirq steal: idle and iowait are not busy.
std::optional<CpuTicks> parse_cpu(std::string_view proc_stat) {
  if (!proc_stat.starts_with("cpu ")) return std::nullopt;
  std::istringstream line{std::string(proc_stat.substr(4, proc_stat.find('\n') - 4))};
  CpuTicks ticks;
  std::int64_t value = 0;
  int fields = 0;
  for (; fields < 8 && line >> value; ++fields) {
    ticks.all += value;
    if (fields != 3 && fields != 4) ticks.busy += value;
  }
  return fields >= 4 ? std::optional(ticks) : std::nullopt;
}

std::optional<double> parse_memory(std::string_view proc_meminfo) {
  const auto total = value_of(proc_meminfo, "MemTotal:");
  const auto available = value_of(proc_meminfo, "MemAvailable:");
  if (!total || !available || *total <= 0) return std::nullopt;
  return 100 * (1 - *available / *total);
}

HostLoad HostGauge::look() {
  if (!is_here_) return {};
  HostLoad load;
  load.memory_percent = parse_memory(read_all("/proc/meminfo"));
  const auto ticks = parse_cpu(read_all("/proc/stat"));
  if (ticks && before_ && ticks->all > before_->all) {
    load.cpu_percent = 100.0 * static_cast<double>(ticks->busy - before_->busy) /
                       static_cast<double>(ticks->all - before_->all);
  }
  before_ = ticks;
  return load;
}

}  // namespace fixer
