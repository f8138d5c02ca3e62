#include "base/ensure.h"

#include <cstdio>
#include <cstdlib>

#include "base/result.h"

namespace base {

void fail_ensure(const char* what) {
  std::fprintf(stderr, "broken invariant: %s\n", what);
  std::abort();
}

namespace {
struct CodeName {
  ErrorCode code;
  std::string_view name;
};
constexpr CodeName kCodes[] = {
    {ErrorCode::not_found, "not_found"},     {ErrorCode::invalid, "invalid"},
    {ErrorCode::denied, "denied"},           {ErrorCode::conflict, "conflict"},
    {ErrorCode::unavailable, "unavailable"}, {ErrorCode::timeout, "timeout"},
    {ErrorCode::unknown, "unknown"},         {ErrorCode::corrupt, "corrupt"},
};
}  // namespace

std::string_view to_string(ErrorCode code) {
  for (const auto& entry : kCodes) {
    if (entry.code == code) return entry.name;
  }
  fail_ensure("an error code without a name");
}

std::optional<ErrorCode> parse_error_code(std::string_view text) {
  for (const auto& entry : kCodes) {
    if (entry.name == text) return entry.code;
  }
  return std::nullopt;
}

}  // namespace base
