#include "config/environment.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/redact.h"
#include "base/text.h"

namespace config {
namespace {

// Passes for a key or a webhook's secret, of which nothing is left once the file has been read.
constexpr std::string_view kStandIn = "withheld-from-this-role";
constexpr std::string_view kStandInProxy = "http://withheld-from-this-role:1";

bool is_one_of(std::string_view name, const auto& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Whether the role needs what stands in that field; see forget_foreign_secrets().
bool needs(std::string_view role, std::string_view field) {
  static constexpr std::array<std::string_view, 3> kDoor = {
      "github.webhook_secret", "github.second_webhook_secret", "console.key"};
  if (is_one_of(field, kDoor)) return role == "console";
  return field != "github.token" && field != "github.proxy" && field != "escalation.key" &&
         !field.starts_with("github.tokens.");
}

bool is_common(std::string_view name, std::string_view value) {
  static constexpr std::array<std::string_view, 16> kNames = {
      "PATH",           "HOME",          "LANG",         "LANGUAGE",    "TZ",
      "TMPDIR",         "USER",          "LOGNAME",      "TERM",        "NO_COLOR",
      "NO_PROXY",       "SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_HOST", "XDG_RUNTIME_DIR",
      "LD_LIBRARY_PATH"};
  static constexpr std::array<std::string_view, 3> kProxies = {"HTTP_PROXY", "HTTPS_PROXY",
                                                               "ALL_PROXY"};
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (is_one_of(upper, kProxies)) return value.find('@') == std::string_view::npos;
  if (name.starts_with("SRE_")) return !base::names_secret(name);
  return is_one_of(name, kNames) || name == "OPA_ENDPOINT" || upper == "NO_PROXY" || name.starts_with("LC_") ||
         name.ends_with("SAN_OPTIONS");
}

}  // namespace

std::vector<std::string> environment_of(const Config& config, std::string_view role,
                                        const std::vector<std::string>& lines) {
  if (role == "scribe") return lines;
  std::vector<std::string> kept;
  for (const std::string& line : lines) {
    const std::string_view text = line;
    const std::string_view name = text.substr(0, text.find('='));
    const std::string_view value = text.substr(std::min(name.size() + 1, text.size()));
    bool is_named = false, is_needed = false, is_proxy = false;
    for (const Reference& reference : config.references) {
      if (reference.variable != name) continue;
      is_named = true;
      is_needed = is_needed || needs(role, reference.field);
      is_proxy = reference.field == "github.proxy" && value.find("://") != std::string_view::npos;
    }
    if (is_named ? is_needed : is_common(name, value)) {
      kept.push_back(line);
    } else if (is_named) {
      kept.push_back(std::string(name) + "=" + std::string(is_proxy ? kStandInProxy : kStandIn));
    }
  }
  return kept;
}

}  // namespace config
