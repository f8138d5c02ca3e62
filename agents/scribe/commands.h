// What a person may say in a comment: a command on its first line. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "github/github.h"

namespace scribe {

enum class Verb { approve, hold, resume, restart, rollback, scale, escalate, why, dry_run, close };

struct Order {
  Verb verb = Verb::why;
  std::string argument;  // The first word after it; empty when there is none.
  std::string second;    // The second one, of /scale.
  std::string line;      // As it was said, at most 120 bytes.
};

// The command at the very beginning of a comment. Nothing when the first line is anything else: a
// quote, code, indented, hidden in HTML, or a command in the wrong letters. What follows the first
// word of a line are its arguments: one of "/approve" and "/restart", two of "/scale"; elsewhere it
// is a remark.
[[nodiscard]] std::optional<Order> parse_command(std::string_view body);
[[nodiscard]] std::string_view to_string(Verb verb);  // "/approve"
// It asks for an action, whose plan it approves.
[[nodiscard]] bool asks_for_action(Verb verb);
// How a hold and its end by the label `hold` stand in the ledger: "/hold" and a remark.
inline constexpr const char* kHoldByLabel = "/hold by label";
inline constexpr const char* kResumeByLabel = "/resume by label";
// It makes an action possible by itself: only approvers, unedited, no older than half an hour.
[[nodiscard]] bool is_approval(Verb verb);
// The least right in the repository that it takes.
[[nodiscard]] github::Right needed_right(Verb verb);

}  // namespace scribe
