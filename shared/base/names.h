// Enums by name: one table per enum serves printing, parsing and JSON. Pure.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/ensure.h"

namespace base {

template <class E, std::size_t N>
using NameTable = std::array<std::pair<E, std::string_view>, N>;

// Every value of the enum must stand in the table; anything else aborts.
template <class E, std::size_t N>
constexpr std::string_view name_in(const NameTable<E, N>& table, E value) {
  for (const auto& [known, name] : table) {
    if (known == value) return name;
  }
  fail_ensure("an enum value without a name");
}

template <class E, std::size_t N>
constexpr std::optional<E> value_in(const NameTable<E, N>& table, std::string_view name) {
  for (const auto& [value, known] : table) {
    if (known == name) return value;
  }
  return std::nullopt;
}

}  // namespace base
