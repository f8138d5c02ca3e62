#include "agents/scribe/voices.h"

namespace scribe {
namespace {

struct Row {
  std::string_view begins, voice;
};
constexpr Row kVoices[] = {
    {"diagnosis:", "brain"},    {"escalation:", "brain"},  {"postmortem:", "brain"},
    {"action:", "fixer"},       {"refused:", "fixer"},     {"approval:", "fixer"},
    {"verification:", "scout"}, {"self-healed:", "scout"}, {"memory:", "memory"},
};

}  // namespace

std::string_view voice_of(std::string_view key) {
  constexpr std::string_view kComment = "comment:";
  if (!key.starts_with(kComment)) return "";
  key.remove_prefix(kComment.size());
  for (const auto& row : kVoices) {
    if (key.starts_with(row.begins)) return row.voice;
  }
  return "";
}

}  // namespace scribe
