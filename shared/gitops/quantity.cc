#include "gitops/quantity.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ensure.h"
#include "base/text.h"

namespace gitops {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 62;
constexpr std::int64_t kKi = 1024;

using Suffix = std::pair<std::string_view, std::int64_t>;

constexpr std::array<Suffix, 10> kMemory = {{{"", 1},
                                             {"b", 1},
                                             {"k", kKi},
                                             {"kb", kKi},
                                             {"m", kKi* kKi},
                                             {"mb", kKi* kKi},
                                             {"g", kKi* kKi* kKi},
                                             {"gb", kKi* kKi* kKi},
                                             {"t", kKi* kKi* kKi* kKi},
                                             {"tb", kKi* kKi* kKi* kKi}}};
constexpr std::array<Suffix, 9> kBytes = {{{"", 1},
                                           {"k", 1000},
                                           {"M", 1'000'000},
                                           {"G", 1'000'000'000},
                                           {"T", 1'000'000'000'000},
                                           {"Ki", kKi},
                                           {"Mi", kKi* kKi},
                                           {"Gi", kKi* kKi* kKi},
                                           {"Ti", kKi* kKi* kKi* kKi}}};
constexpr std::array<Suffix, 2> kCpu = {{{"", 1000}, {"m", 1}}};
constexpr std::array<Suffix, 1> kReplicas = {{{"", 1}}};

template <std::size_t Size>
std::optional<std::int64_t> find(const std::array<Suffix, Size>& all, std::string_view word) {
  for (const auto& [name, factor] : all) {
    if (name == word) return factor;
  }
  return std::nullopt;
}

std::optional<std::int64_t> factor_of(Unit unit, std::string_view suffix) {
  std::string small(suffix);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  switch (unit) {
    case Unit::text:
      break;
    case Unit::memory:
      return find(kMemory, small);
    case Unit::bytes:
      return find(kBytes, suffix);
    case Unit::cpu:
      return find(kCpu, suffix);
    case Unit::replicas:
      return find(kReplicas, suffix);
  }
  return std::nullopt;
}

const char* example_of(Unit unit) {
  switch (unit) {
    case Unit::text:
      break;
    case Unit::memory:
      return "64m, 512mb or 1g";
    case Unit::bytes:
      return "256Mi, 1Gi or 128M";
    case Unit::cpu:
      return "0.5, 2 or 500m";
    case Unit::replicas:
      return "3";
  }
  return "a word";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "1.50" as 150 and 2 digits after the point; nothing when it is no such number or too long.
std::optional<std::pair<std::int64_t, int>> parse_decimal(std::string_view text) {
  std::int64_t digits = 0;
  int count = 0, after = -1;
  for (const char c : text) {
    if (c == '.') {
      if (after >= 0) return std::nullopt;
      after = 0;
      continue;
    }
    if (!is_digit(c) || ++count > 15) return std::nullopt;
    digits = digits * 10 + (c - '0');
    if (after >= 0) ++after;
  }
  if (count == 0 || text.front() == '.' || text.back() == '.') return std::nullopt;
  return std::pair(digits, std::max(after, 0));
}

}  // namespace

std::string_view to_string(Unit unit) {
  switch (unit) {
    case Unit::text:
      return "text";
    case Unit::memory:
      return "memory";
    case Unit::bytes:
      return "bytes";
    case Unit::cpu:
      return "cpu";
    case Unit::replicas:
      return "replicas";
  }
  return "text";
}

const std::vector<std::string>& unit_names() {
  static const std::vector<std::string> kNames = {"text", "memory", "bytes", "cpu", "replicas"};
  return kNames;
}

std::optional<Unit> parse_unit(std::string_view text) {
  for (const Unit unit : {Unit::text, Unit::memory, Unit::bytes, Unit::cpu, Unit::replicas}) {
    if (to_string(unit) == text) return unit;
  }
  return std::nullopt;
}

base::Result<std::int64_t> parse_quantity(Unit unit, std::string_view text) {
  base::ensure(unit != Unit::text, "a word has no quantity");
  const auto fail = [&](const std::string& why) {
    return base::Error{base::ErrorCode::invalid, "\"" + base::clean_text(base::cut_utf8(text, 60)) +
                                                     "\" as " + std::string(to_string(unit)) +
                                                     ": " + why + "; write " + example_of(unit)};
  };
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  const auto number = parse_decimal(text.substr(0, end));
  if (!number) return fail("no number of at most 15 digits at its beginning");
  const auto factor = factor_of(unit, text.substr(end));
  if (!factor) return fail("no unit that it knows at its end");
  __extension__ using Wide = __int128;
  Wide parts = static_cast<Wide>(number->first) * *factor;
  for (int i = 0; i < number->second; ++i) {
    if (parts % 10 != 0) return fail("not a whole number of the smallest part");
    parts /= 10;
  }
  if (parts > kMost) return fail("too large");
  return static_cast<std::int64_t>(parts);
}

}  // namespace gitops
