#include "agents/scout/deploy_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace scout {

std::optional<incident::DeployReported> decode_deploy(std::string_view body) {
  const auto parsed = base::parse_json(body);
  if (!parsed) return std::nullopt;
  incident::DeployReported report;
  report.service = base::get_string(*parsed, "service");
  report.environment = base::get_string(*parsed, "environment", "prod");
  report.version = base::get_string(*parsed, "version");
  report.commit = base::get_string(*parsed, "commit_sha");
  report.status = base::get_string(*parsed, "status");
  const auto stamp = base::get_string(*parsed, "timestamp");
  auto at = base::parse_utc(stamp);
  if (!at) at = base::parse_utc(stamp + "Z");
  if (at) report.at = *at;
  if (report.service.empty() || report.status.empty()) return std::nullopt;
  return report;
}

}  // namespace scout
