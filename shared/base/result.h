// What an operation on the outside world answers: a value, or an error that says what was tried.
// Shaped like std::expected, which this compiler offers only as C++23. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/ensure.h"

namespace base {

// The code alone decides whether and how a caller may try again.
enum class ErrorCode {
  not_found,    // The named object does not exist.
  invalid,      // The request or the data is wrong; repeating it will not help.
  denied,       // Refused by a rule or for want of rights.
  conflict,     // Somebody else changed the object first: read again, then decide.
  unavailable,  // Nothing was sent or nothing was applied: may be retried later.
  timeout,      // The deadline passed before anything was sent: may be retried later.
  unknown,      // It may have happened: observe before deciding. Never retried blind.
  corrupt,      // Stored data fails its check: stop and tell a person.
};

[[nodiscard]] std::string_view to_string(ErrorCode code);
[[nodiscard]] std::optional<ErrorCode> parse_error_code(std::string_view text);

// `message` names the operation, the object and the reason, in that order.
struct Error {
  ErrorCode code;
  std::string message;

  // The same error with the caller's context put in front: "open issue: <message>".
  [[nodiscard]] Error in(std::string_view context) const {
    return {code, std::string(context) + ": " + message};
  }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT: a value is a result.
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: so is an error.

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Must be ok(); anything else aborts.
  [[nodiscard]] T& value() & { return check(), std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return check(), std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return check(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Must not be ok(); anything else aborts.
  [[nodiscard]] const Error& error() const {
    ensure(!ok(), "Result::error() asked of a value");
    return std::get<1>(state_);
  }

 private:
  void check() const {
    if (!ok())
      fail_ensure(("Result::value() asked of an error: " + std::get<1>(state_).message).c_str());
  }
  std::variant<T, Error> state_;
};

// A result without a value.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: an error is a status.

  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const {
    ensure(error_.has_value(), "Status::error() asked of success");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace base
