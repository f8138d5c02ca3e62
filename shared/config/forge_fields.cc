#include "config/forge_fields.h"

#include <algorithm>
#include <limits>

namespace config {
namespace {

class ForgeFields {
 public:
  ForgeFields(Findings& findings, const Environment& environment, Config& config)
      : findings_(findings), environment_(environment), config_(config) {}

  void read(const YamlNode& map) {
    const auto forge = reader(map, "forge", {"port", "apps", "teams", "workflows"});
    forge.read_int("port", config_.forge_port, 1, 65535);
    each(forge, "apps", [&](const YamlNode& node, const std::string& where) {
      config_.forge_apps.push_back(app_of(node, "forge." + where));
    });
    each(forge, "teams", [&](const YamlNode& node, const std::string& where) {
      config_.forge_teams.push_back(team_of(node, "forge." + where));
    });
    each(forge, "workflows", [&](const YamlNode& node, const std::string& where) {
      if (auto name = plain(forge, node, where)) config_.forge_workflows.push_back(*name);
    });
  }

 private:
  FieldReader reader(const YamlNode& map, std::string where, std::vector<std::string> known) {
    return {findings_, environment_, map, std::move(where), std::move(known)};
  }

  template <class Read>
  static void each(const FieldReader& from, const std::string& key, const Read& read) {
    const auto* list = from.find_list(key);
    for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i)
      read(list->items[i], key + "[" + std::to_string(i) + "]");
  }

  // A login, a slug or a file's name.
  std::optional<std::string> plain(const FieldReader& from, const YamlNode& node,
                                   const std::string& where) {
    auto name = from.scalar(node, where);
    if (!name || is_plain_name(*name)) return name;
    findings_.add(node.line, from.path_of(where), in_quotes(*name) + " is no plain name");
    return std::nullopt;
  }

  ForgeApp app_of(const YamlNode& node, const std::string& where) {
    const auto reads = reader(node, where, {"id", "slug", "public_key", "second_public_key"});
    ForgeApp app;
    reads.read_int("id", app.id, 1, std::numeric_limits<int>::max());
    reads.read_text("slug", app.slug);
    if (!app.slug.empty() && !is_plain_name(app.slug)) reads.wrong("slug", "is no plain name");
    for (const auto& [key, path] : {std::pair{"public_key", &app.public_key},
                                    std::pair{"second_public_key", &app.second_public_key}}) {
      if (const auto file = reads.text(key)) *path = absolute_path(*file, config_.path);
    }
    for (const auto* key : {"id", "slug", "public_key"}) {
      if (!reads.has(key)) reads.wrong(key, "is missing");
    }
    const bool taken = std::any_of(
        config_.forge_apps.begin(), config_.forge_apps.end(),
        [&](const ForgeApp& other) { return other.id == app.id || other.slug == app.slug; });
    if (taken) reads.wrong("id", "another app has this id or slug");
    return app;
  }

  ForgeTeam team_of(const YamlNode& node, const std::string& where) {
    const auto reads = reader(node, where, {"name", "members"});
    ForgeTeam team;
    const auto name = reads.text("name");
    if (!name) {
      if (!reads.has("name")) reads.wrong("name", "is missing");
      return team;
    }
    const auto slash = name->find('/');
    if (slash != std::string::npos && is_plain_name(name->substr(0, slash)) &&
        is_plain_name(name->substr(slash + 1))) {
      team.organization = name->substr(0, slash);
      team.slug = name->substr(slash + 1);
    } else {
      reads.wrong("name", in_quotes(*name) + " is not organisation/team");
    }
    each(reads, "members", [&](const YamlNode& member, const std::string& at) {
      if (auto login = plain(reads, member, at)) team.members.push_back(*login);
    });
    return team;
  }

  Findings& findings_;
  const Environment& environment_;
  Config& config_;
};

}  // namespace

void read_forge(Findings& findings, const Environment& environment, const YamlNode& map,
                Config& config) {
  ForgeFields(findings, environment, config).read(map);
}

}  // namespace config
