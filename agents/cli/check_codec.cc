#include <nlohmann/json.hpp>

#include "agents/cli/check.h"
#include "base/json.h"

namespace cli {

std::string encode_checks(const std::vector<Check>& checks) {
  auto items = nlohmann::json::array();
  for (const auto& check : checks) {
    items.push_back({{"name", check.name},
                     {"status", std::string(to_string(check.status))},
                     {"detail", check.detail},
                     {"hint", check.hint}});
  }
  return base::dump_json({{"ok", !has_failed(checks)}, {"checks", items}});
}

}  // namespace cli
