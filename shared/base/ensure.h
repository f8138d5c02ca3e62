// The check for our own mistakes. A process unsure of its own state must not touch anyone's
// systems: it writes one line to stderr and aborts, in every build. Never used on outside data.
#pragma once

namespace base {

[[noreturn]] void fail_ensure(const char* what);

inline void ensure(bool condition, const char* what) {
  if (!condition) fail_ensure(what);
}

}  // namespace base
