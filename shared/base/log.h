// Structured logging: one line per fact, a constant message and key=value fields, to stderr.
// The logger is passed in; there is no global one.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "base/time.h"

namespace base {

enum class LogLevel {
  debug,
  info,
  warn,
  error
};  // error: a human must act; warn: handled; info: a state changed.

struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)) {}
  Field(std::string_view k, int v) : key(k), value(std::to_string(v)) {}
};

// Thread-safe: each line is one write.
class Logger {
 public:
  Logger(std::string agent, LogLevel least);  // `agent` stands on every line.
  void log(LogLevel level, std::string_view message,
           std::initializer_list<Field> fields = {}) const;
  void debug(std::string_view m, std::initializer_list<Field> f = {}) const {
    log(LogLevel::debug, m, f);
  }
  void info(std::string_view m, std::initializer_list<Field> f = {}) const {
    log(LogLevel::info, m, f);
  }
  void warn(std::string_view m, std::initializer_list<Field> f = {}) const {
    log(LogLevel::warn, m, f);
  }
  void error(std::string_view m, std::initializer_list<Field> f = {}) const {
    log(LogLevel::error, m, f);
  }

 private:
  std::string agent_;
  LogLevel least_;
};

}  // namespace base
