// Lets doctest print our enums by name, so that a failed check says `escalated` and not `8`.
#pragma once

#include <concepts>
#include <ostream>
#include <string_view>
#include <type_traits>

#include "base/result.h"
#include "incident/incident.h"

// Any enum that has a to_string() of its own in its namespace.
#define SRE_PRINT_ENUMS_OF_NAMESPACE                                 \
  template <class E>                                                 \
    requires std::is_enum_v<E> && requires(E value) {                \
      { to_string(value) } -> std::convertible_to<std::string_view>; \
    }                                                                \
  std::ostream& operator<<(std::ostream& out, E value) {             \
    return out << to_string(value);                                  \
  }

namespace base {
SRE_PRINT_ENUMS_OF_NAMESPACE
}
namespace incident {
SRE_PRINT_ENUMS_OF_NAMESPACE
}

#undef SRE_PRINT_ENUMS_OF_NAMESPACE
