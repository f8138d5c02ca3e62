// Judges what GitHub sends to POST /github/webhook before it is kept. Pure. Format:
// docs/formats/github-webhooks.md.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "http/http.h"

namespace console {

inline constexpr std::size_t kGithubBytesMax = 4U << 20U;  // Issues and comments need less than 2.

struct GithubDoor {
  std::vector<std::string> secrets;  // Empty ones do not count; none: the door is shut.
  std::string repository;            // "owner/name"; hints of others are of no use.
  [[nodiscard]] bool is_open() const { return !secrets.empty() && !secrets.front().empty(); }
};

struct GithubVerdict {
  // 200: to be kept, or a ping. 202: genuine, but of no use here. 400: no delivery id, or the body
  // is not what the headers say. 401: not signed by a secret of ours. 404: shut. 413: too large.
  int status = 200;
  std::string message;   // For the sender.
  std::string delivery;  // To be kept under this id; empty: nothing is to be kept.
  std::string hint;      // What is to be kept.
};

[[nodiscard]] GithubVerdict judge_github(const http::Request& request, const GithubDoor& door);

}  // namespace console
