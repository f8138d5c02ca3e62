// What goes over the warden's sockets, as JSON text. Format: docs/formats/warden.md. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "warden/warden.h"

namespace warden {

// All parse functions: errors invalid (not JSON, or a needed field missing or of another type).

[[nodiscard]] std::string encode(const Member& member);
[[nodiscard]] base::Result<Member> parse_member(std::string_view text);
[[nodiscard]] std::string encode(const Listing& listing);
[[nodiscard]] base::Result<Listing> parse_listing(std::string_view text);
[[nodiscard]] std::string encode_log(const std::vector<std::string>& lines);
[[nodiscard]] base::Result<std::vector<std::string>> parse_log(std::string_view text);
// The hash of a snapshot.
[[nodiscard]] std::string encode_kept(const std::string& snapshot);
[[nodiscard]] base::Result<std::string> parse_kept(std::string_view text);

// One line, without its end.
[[nodiscard]] std::string encode(const Notice& notice);
[[nodiscard]] base::Result<Notice> parse_notice(std::string_view line);

[[nodiscard]] std::string encode(const Operation& operation);
// Strict, for it is an order: an unknown field is refused too, since obeying only the part that one
// understands might do something else than was meant.
[[nodiscard]] base::Result<Operation> parse_operation(std::string_view text);
[[nodiscard]] std::string encode(const Performed& performed);
[[nodiscard]] base::Result<Performed> parse_performed(std::string_view text);

// {"error":{"code","message"}}, with the HTTP status that goes with the code.
[[nodiscard]] std::string encode(const base::Error& error);
[[nodiscard]] int http_status(base::ErrorCode code);
// The error in an answer's body; one that cannot be read is `invalid`.
[[nodiscard]] base::Error parse_error(std::string_view text);

}  // namespace warden
