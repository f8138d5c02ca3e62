#include "github/configured.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "github/embedded_users.h"

namespace github {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::streamsize kKeyBytesMax = 64 * 1024;

// Empty for no path.
base::Result<std::string> read_key(const char* field, const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(kKeyBytesMax), '\0');
  if (file) file.read(text.data(), kKeyBytesMax);
  if (file.gcount() <= 0) {
    return Error{ErrorCode::unavailable, std::string("github.app.") + field + ": read " + path +
                                             ": " + (errno != 0 ? std::strerror(errno) : "empty")};
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

base::Result<AppIdentity> read_app(const config::GithubApp& app) {
  errno = 0;
  auto first = read_key("private_key", app.private_key);
  if (!first) return first.error();
  auto second = read_key("second_private_key", app.second_private_key);
  if (!second) return second.error();
  return AppIdentity{app.id, app.installation, *std::move(first), *std::move(second)};
}

}  // namespace

base::Result<RestOptions> rest_options(const config::Config& config, EmbeddedAs who,
                                       base::Random& random) {
  RestOptions options;
  options.repository = config.repository();
  options.line.quiet = std::make_shared<Quiet>();
  if (config.embedded()) {
    const auto users = embedded_users(config.state_dir, random);
    if (!users) return users.error();
    options.line.api = "http://127.0.0.1:" + std::to_string(config.forge_port);
    options.token = who == EmbeddedAs::owner ? users->front().token : users->back().token;
    return options;
  }
  options.line.api = config.github.api;
  options.line.proxy = config.github.proxy;
  options.line.ca_file = config.github.ca_file;
  options.token = config.github.token;
  if (!config.github.app) return options;
  auto app = read_app(*config.github.app);
  if (!app) return app.error();
  options.app = *std::move(app);
  return options;
}

}  // namespace github
