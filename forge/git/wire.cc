#include "forge/git/wire.h"

#include <charconv>
#include <utility>

#include "base/text.h"
#include "git/names.h"

namespace forge {
namespace {

constexpr std::size_t kCommandsMax = 1000;

// "<from> <to> <ref>", the first with capabilities after a NUL.
std::optional<PushCommand> read_command(std::string_view line) {
  line = line.substr(0, line.find('\0'));
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.size() < 83 || line[40] != ' ' || line[81] != ' ') return std::nullopt;
  PushCommand command{std::string(line.substr(0, 40)), std::string(line.substr(41, 40)),
                      std::string(line.substr(82))};
  if (!git::is_sha(command.from) || !git::is_sha(command.to)) return std::nullopt;
  return command;
}

}  // namespace

std::optional<std::vector<PushCommand>> read_commands(std::string_view body) {
  std::vector<PushCommand> commands;
  while (commands.size() < kCommandsMax) {
    unsigned size = 0;
    if (body.size() < 4) return std::nullopt;
    const auto [end, error] = std::from_chars(body.data(), body.data() + 4, size, 16);
    if (error != std::errc() || end != body.data() + 4) return std::nullopt;
    if (size == 0) return commands;
    if (size <= 4 || size > body.size()) return std::nullopt;
    const std::string_view line = body.substr(4, size - 4);
    body.remove_prefix(size);
    if (line.starts_with("shallow ")) continue;
    auto command = read_command(line);
    if (!command) return std::nullopt;
    commands.push_back(std::move(*command));
  }
  return std::nullopt;
}

std::optional<http::Response> read_cgi(std::string output) {
  std::size_t end = output.find("\r\n\r\n");
  std::size_t gap = 4;
  if (end == output.npos) {
    end = output.find("\n\n");
    gap = 2;
  }
  if (end == output.npos) return std::nullopt;
  http::Response response;
  for (std::string_view line : base::split(std::string_view(output).substr(0, end), '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::size_t colon = line.find(':');
    if (colon == line.npos) return std::nullopt;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = base::trim(line.substr(colon + 1));
    if (name == "Status") {
      const auto [last, error] =
          std::from_chars(value.data(), value.data() + value.size(), response.status);
      if (error != std::errc() || response.status < 200 || response.status > 599) {
        return std::nullopt;
      }
    } else if (name != "Content-Length" && name != "Connection") {  // The server's business.
      response.headers.emplace_back(name, value);
    }
  }
  output.erase(0, end + gap);
  response.body = std::move(output);
  return response;
}

}  // namespace forge
