#include "github/github.h"

#include <algorithm>
#include <charconv>

#include "base/names.h"
#include "base/text.h"

namespace github {
namespace {

using base::ErrorCode;
using std::chrono::seconds;

constexpr base::NameTable<Right, 6> kRights{{{Right::none, "none"},
                                             {Right::read, "read"},
                                             {Right::triage, "triage"},
                                             {Right::write, "write"},
                                             {Right::maintain, "maintain"},
                                             {Right::admin, "admin"}}};

std::optional<std::int64_t> number_in(std::string_view text) {
  text = base::trim(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

bool names_limit(std::string_view text) {
  const std::string message = base::to_lower_ascii(text);
  return message.find("rate limit") != std::string::npos ||
         message.find("abuse detection") != std::string::npos;
}

bool is_rate_limit(const AnswerFacts& answer) {
  if (answer.status == 429) return true;
  return answer.status == 403 &&
         (!answer.retry_after.empty() || base::trim(answer.remaining) == "0" ||
          names_limit(answer.message));
}

base::Duration wait_of(const AnswerFacts& answer) {
  constexpr std::int64_t kLongest = 24 * 3600;  // A hostile header must not silence us for years.
  if (const auto wait = number_in(answer.retry_after)) {
    return seconds(std::clamp<std::int64_t>(*wait, 1, kLongest));
  }
  const auto reset = number_in(answer.reset);
  if (reset && base::trim(answer.remaining) == "0") {
    const std::int64_t left = *reset - base::to_ms(answer.now) / 1000 + 1;
    return seconds(std::clamp<std::int64_t>(left, 1, kLongest));
  }
  return seconds(60);
}

ErrorCode code_of(int status, bool is_write) {
  if (status >= 500) return is_write ? ErrorCode::unknown : ErrorCode::unavailable;
  switch (status) {
    case 401:
    case 403:
      return ErrorCode::denied;
    case 404:
    case 410:
      return ErrorCode::not_found;
    case 409:
      return ErrorCode::conflict;
    case 408:
      return is_write ? ErrorCode::unknown : ErrorCode::unavailable;
    default:
      return ErrorCode::invalid;
  }
}

}  // namespace

std::string_view to_string(Right right) { return base::name_in(kRights, right); }
std::optional<Right> parse_right(std::string_view text) { return base::value_in(kRights, text); }

Failure classify(const AnswerFacts& answer, bool is_write, std::string_view call) {
  std::string message(call);
  message += ": status " + std::to_string(answer.status);
  if (!answer.message.empty())
    message += ", " + base::clean_text(base::cut_utf8(answer.message, 300));
  if (is_rate_limit(answer)) return {{ErrorCode::unavailable, message}, wait_of(answer)};
  return {{code_of(answer.status, is_write), message}, {}};
}

}  // namespace github
