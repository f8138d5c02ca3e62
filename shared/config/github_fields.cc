#include "config/github_fields.h"

#include <algorithm>
#include <limits>

#include "base/redact.h"
#include "config/field_reader.h"
#include "config/url.h"
#include "github/address.h"

namespace config {
namespace {

class GithubFields {
 public:
  GithubFields(Findings& findings, const Environment& environment, Config& config)
      : findings_(findings), environment_(environment), config_(config), github_(config.github) {}

  void read(const YamlNode& map) {
    const auto github =
        reader(map, "github",
               {"repository", "token", "tokens", "api", "app", "proxy", "ca_file", "webhook_secret",
                "second_webhook_secret", "hook", "approvers", "second_approval"});
    github.read_bool("second_approval", github_.second_approval);
    github.read_text("repository", github_.repository);
    check_repository(github);
    github.read_text("api", github_.api);
    check_api(github);
    read_approvers(github);
    std::string unset;
    github_.token = secret(github, "token", base::kSecretMin, unset);
    if (const auto* app = github.find_map("app")) read_app(*app);
    if (const auto* tokens = github.find_map("tokens")) read_tokens(*tokens);
    read_webhook(github);
    if (const auto file = github.text("ca_file")) github_.ca_file = absolute(*file);
    read_proxy(github);
    if (config_.embedded() || github_.can_write()) return;
    config_.mode = std::min(config_.mode, Mode::approve);
    findings_.note("github.token", (unset.empty() ? "not given" : "${" + unset + "} is not set") +
                                       ": the Scribe is off, issues stay in the ledger, and the "
                                       "mode is at most approve");
  }

 private:
  FieldReader reader(const YamlNode& map, std::string where, std::vector<std::string> known) {
    return {findings_, environment_, map, std::move(where), std::move(known)};
  }
  [[nodiscard]] std::string absolute(const std::string& path) const {
    return absolute_path(path, config_.path);
  }

  // A secret of an optional part; empty when it is not given or wrong.
  static std::string secret(const FieldReader& reader, std::string_view key, std::size_t least,
                            std::string& unset) {
    auto value = reader.optional_text(key, unset);
    if (!value) return "";
    if (std::any_of(value->begin(), value->end(), [](char c) { return c <= ' ' || c > '~'; })) {
      reader.wrong(key, "holds a space or a character that none has");
    } else if (value->size() < base::kSecretMin) {
      reader.wrong(key, "shorter than " + std::to_string(least) +
                            " characters: so short a secret stands in innocent text too and could "
                            "not be kept out of issues");
    } else if (value->size() < least) {
      reader.wrong(key, "shorter than " + std::to_string(least) + " characters");
    }
    return *std::move(value);
  }

  void read_approvers(const FieldReader& github) {
    const auto* list = github.find_list("approvers");
    if (list == nullptr) return;
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      const std::string where = "approvers[" + std::to_string(i) + "]";
      const auto name = github.scalar(list->items[i], where);
      if (!name) continue;
      const auto slash = name->find('/');
      const bool is_team = name->starts_with('@') && slash != std::string::npos &&
                           is_plain_name(name->substr(1, slash - 1)) &&
                           is_plain_name(name->substr(slash + 1));
      if (!is_team && !is_plain_name(*name)) {
        findings_.add(list->items[i].line, "github." + where,
                      in_quotes(*name) + " is neither a login nor @organisation/team");
      }
      github_.approvers.push_back(*name);
    }
  }

  void read_app(const YamlNode& map) {
    const auto reads =
        reader(map, "github.app", {"id", "installation", "private_key", "second_private_key"});
    GithubApp app;
    reads.read_text("id", app.id);
    reads.read_text("installation", app.installation);
    for (const auto& [key, path] : {std::pair{"private_key", &app.private_key},
                                    std::pair{"second_private_key", &app.second_private_key}}) {
      if (const auto file = reads.text(key)) *path = absolute(*file);
    }
    for (const auto* key : {"id", "installation", "private_key"}) {
      if (!reads.has(key)) reads.wrong(key, "is missing");
    }
    if (!app.id.empty() && !is_plain_name(app.id)) reads.wrong("id", "is no id of an app");
    const bool number = app.installation.find_first_not_of("0123456789") == std::string::npos;
    if (!number) reads.wrong("installation", in_quotes(app.installation) + " is no number");
    github_.app = std::move(app);
  }

  void read_tokens(const YamlNode& map) {
    const std::vector<std::string> roles = {"brain", "fixer", "memory", "scout"};
    const auto tokens = reader(map, "github.tokens", roles);
    for (const auto& role : roles) {
      std::string unset;
      auto token = secret(tokens, role, base::kSecretMin, unset);
      if (!token.empty()) github_.tokens[role] = std::move(token);
      if (!unset.empty()) {
        findings_.note("github.tokens." + role,
                       "${" + unset + "} is not set: it speaks with the common voice");
      }
    }
  }

  void read_webhook(const FieldReader& github) {
    std::string unset;
    github_.webhook_secret = secret(github, "webhook_secret", 16, unset);
    if (!unset.empty()) {
      findings_.note("github.webhook_secret",
                     "${" + unset + "} is not set: webhooks are refused, GitHub is polled alone");
    }
    std::string second_unset;
    github_.second_webhook_secret = secret(github, "second_webhook_secret", 16, second_unset);
    if (!github.has("webhook_secret") && github.has("second_webhook_secret")) {
      github.wrong("second_webhook_secret", "is for rotation: webhook_secret is needed");
    }
    int hook = 0;
    github.read_int("hook", hook, 1, std::numeric_limits<int>::max());
    github_.hook = hook;
  }

  // The one of the file, else the environment's; the embedded forge is never behind one.
  void read_proxy(const FieldReader& github) {
    const auto address = github::parse_api(github_.api);
    constexpr const char* kForm = "is no http://[user:password@]host:port";
    if (const auto proxy = github.text("proxy")) {
      if (!github::parse_proxy(*proxy)) github.wrong("proxy", kForm);
      github_.proxy = *proxy;
      return;
    }
    if (config_.embedded() || !address || !address->tls) return;
    const auto either = [&](const char* upper, const char* lower) {
      const auto value = environment_(lower);
      return value && !value->empty() ? value : environment_(upper);
    };
    auto proxy = either("HTTPS_PROXY", "https_proxy");
    if (!proxy || proxy->empty()) return;
    if (github::goes_direct(*address, either("NO_PROXY", "no_proxy").value_or(""))) return;
    if (proxy->find("://") == std::string::npos) proxy->insert(0, "http://");
    if (!github::parse_proxy(*proxy)) findings_.add(0, "HTTPS_PROXY", kForm);
    github_.proxy = *std::move(proxy);
  }

  void check_repository(const FieldReader& github) const {
    const std::string& repository = github_.repository;
    if (repository == "embedded") return;
    const auto slash = repository.find('/');
    if (slash != std::string::npos && is_plain_name(repository.substr(0, slash)) &&
        is_plain_name(repository.substr(slash + 1))) {
      return;
    }
    github.wrong("repository", in_quotes(repository) + " is neither embedded nor owner/name" +
                                   suggestion(repository, {"embedded"}));
  }

  void check_api(const FieldReader& github) {
    const auto url = parse_url(github_.api);
    if (!url) {
      github.wrong("api", url.error().message);
    } else if (url->scheme == "http" && !is_loopback(url->host)) {
      github.wrong("api", "must be https://, else the token travels in the clear");
    }
    while (github_.api.ends_with('/')) github_.api.pop_back();
  }

  Findings& findings_;
  const Environment& environment_;
  Config& config_;
  Github& github_;
};

}  // namespace

void read_github(Findings& findings, const Environment& environment, const YamlNode& map,
                 Config& config) {
  GithubFields(findings, environment, config).read(map);
}

}  // namespace config
