#include "config/scaling_fields.h"

#include <algorithm>

#include "config/url.h"

namespace config {
namespace {

using std::chrono::seconds;

constexpr int kMebibytesMax = 1 << 20;  // 1 TiB.
constexpr double kCoresMax = 1024;
constexpr std::size_t kArgumentsMax = 16;

std::vector<std::string> read_test(const FieldReader& fields, Findings& findings) {
  std::vector<std::string> out;
  const auto* list = fields.find_list("test");
  if (list == nullptr) {
    if (!fields.has("test")) fields.wrong("test", "is missing, as [nginx, -t]");
    return out;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    if (auto text = fields.scalar(list->items[i], "balancer.test[" + std::to_string(i) + "]")) {
      out.push_back(std::move(*text));
    }
  }
  if (list->items.empty() || list->items.size() > kArgumentsMax) {
    findings.add(list->line, "balancer.test", "must be a command with at most 15 arguments");
  }
  return out;
}

void read_address(const FieldReader& fields, Balancer& out) {
  fields.read_text("generation_address", out.generation_address);
  if (!fields.has("generation_address")) fields.wrong("generation_address", "is missing");
  if (out.generation_address.empty()) return;
  const auto url = parse_url("http://" + out.generation_address);
  if (!url.ok() || url->target != "/" || !is_ip_address(url->host) || !is_loopback(url->host)) {
    fields.wrong("generation_address",
                 in_quotes(out.generation_address) +
                     " is no loopback address with a port, as 127.0.0.1:8099");
  }
}

Balancer::Upstream read_upstream(Findings& findings, const Environment& environment,
                                 const YamlNode& map, const std::string& where,
                                 const Config& config) {
  const FieldReader fields(findings, environment, map, where, {"service", "name", "port"});
  Balancer::Upstream out;
  for (const char* key : {"service", "name", "port"}) {
    if (!fields.has(key)) fields.wrong(key, "is missing");
  }
  fields.read_text("service", out.service);
  fields.read_text("name", out.name);
  fields.read_int("port", out.port, 1, 65535);
  if (!out.service.empty() && find_service(config, out.service) == nullptr) {
    fields.wrong("service", in_quotes(out.service) + " is no service of this file");
  }
  if (!out.name.empty() && !is_plain_name(out.name)) {
    fields.wrong("name", in_quotes(out.name) + " is no name: letters, digits, '.', '_', '-'");
  }
  return out;
}

}  // namespace

void read_balancer(Findings& findings, const Environment& environment, const YamlNode& map,
                   Config& config) {
  const FieldReader fields(
      findings, environment, map, "balancer",
      {"file", "test", "pid_file", "generation_address", "drain", "upstreams"});
  Balancer out;
  for (const auto& [key, path] : {std::pair{"file", &out.file}, {"pid_file", &out.pid_file}}) {
    if (!fields.has(key)) fields.wrong(key, "is missing");
    fields.read_text(key, *path);
    *path = absolute_path(*path, config.path);
  }
  out.test = read_test(fields, findings);
  read_address(fields, out);
  fields.read_duration("drain", out.drain, seconds(0), seconds(60));
  const auto* list = fields.find_list("upstreams");
  if (list == nullptr || list->items.empty()) fields.wrong("upstreams", "at least one is needed");
  for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    const std::string where = "balancer.upstreams[" + std::to_string(i) + "]";
    auto upstream = read_upstream(findings, environment, list->items[i], where, config);
    const bool twice = std::ranges::any_of(out.upstreams, [&](const Balancer::Upstream& other) {
      return other.service == upstream.service || other.name == upstream.name;
    });
    if (twice) findings.add(list->items[i].line, where, "service or name of an earlier one");
    out.upstreams.push_back(std::move(upstream));
  }
  config.balancer = std::move(out);
}

Bounds read_bounds(Findings& findings, const Environment& environment, const YamlNode& map,
                   const std::string& where) {
  const FieldReader fields(findings, environment, map, where,
                           {"memory_min_mib", "memory_max_mib", "cpu_min", "cpu_max"});
  int memory_min = 0, memory_max = 0;
  Bounds out;
  fields.read_int("memory_min_mib", memory_min, 6, kMebibytesMax);  // Engines refuse less.
  fields.read_int("memory_max_mib", memory_max, 6, kMebibytesMax);
  fields.read_number("cpu_min", out.cpu_min, 0.01, kCoresMax);
  fields.read_number("cpu_max", out.cpu_max, 0.01, kCoresMax);
  if (memory_min > memory_max) fields.wrong("memory_min_mib", "is above memory_max_mib");
  if (out.cpu_min > out.cpu_max) fields.wrong("cpu_min", "is above cpu_max");
  out.memory_min_bytes = std::int64_t{memory_min} << 20U;
  out.memory_max_bytes = std::int64_t{memory_max} << 20U;
  return out;
}

}  // namespace config
