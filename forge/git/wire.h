// What the forge reads of git's own talk over HTTP: the refs a push wants to move, and the answer
// of a CGI program. Pure. Source of the formats: git's protocol-common, protocol-pack and
// http-protocol; RFC 3875.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "git/model.h"
#include "http/http.h"

namespace forge {

struct PushCommand {
  git::Sha from;  // kNullSha: it is made.
  git::Sha to;    // kNullSha: it is removed.
  std::string ref;
};

// The commands at the start of a git-receive-pack request, up to the pack. Nothing when malformed
// or more than 1000.
[[nodiscard]] std::optional<std::vector<PushCommand>> read_commands(std::string_view body);
// "Status:" becomes the status; the rest of the head the headers. Nothing without a head.
[[nodiscard]] std::optional<http::Response> read_cgi(std::string output);

}  // namespace forge
