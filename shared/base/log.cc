#include "base/log.h"

#include <unistd.h>

#include <algorithm>

namespace base {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warn:
      return "warn";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

// A value with anything but plain characters is quoted, so that a line stays a line.
void append_value(std::string& line, std::string_view value) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto is_special = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F || c == '=' || c == '"' || c == '\\';
  };
  const bool plain = !value.empty() && std::none_of(value.begin(), value.end(), is_special);
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (char c : value) {
    if (c == '"' || c == '\\')
      line += '\\', line += c;
    else if (c == '\n')
      line += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      line += "\\x", line += kHex[static_cast<unsigned char>(c) >> 4], line += kHex[c & 15];
    } else
      line += c;
  }
  line += '"';
}

}  // namespace

Logger::Logger(std::string agent, LogLevel least) : agent_(std::move(agent)), least_(least) {}

void Logger::log(LogLevel level, std::string_view message,
                 std::initializer_list<Field> fields) const {
  if (level < least_) return;
  std::string line = format_utc(SystemClock().now().wall);
  line += ' ';
  line += name_of(level);
  line += " agent=";
  append_value(line, agent_);
  line += " msg=";
  append_value(line, message);
  for (const auto& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  line += '\n';
  // A log that cannot be written must not stop the work.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace base
