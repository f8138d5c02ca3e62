// One readable sentence per event, for the timeline of an incident. Pure.
#pragma once

#include <string>
#include <string_view>

#include "incident/event.h"

namespace console {

inline constexpr std::size_t kSentenceMax = 600;  // Bytes; what is longer ends in an ellipsis.

// A sentence for people: one line, foreign text in it cleaned of control characters.
[[nodiscard]] std::string sentence(const incident::Event& event);

// An enum's name as words: "high_latency" becomes "high latency".
[[nodiscard]] std::string in_words(std::string_view name);

// True for events that only book what is said to GitHub; a person rarely wants to read them.
[[nodiscard]] bool is_bookkeeping(const incident::Payload& what);

}  // namespace console
