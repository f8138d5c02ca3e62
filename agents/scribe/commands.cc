#include "agents/scribe/commands.h"

#include <algorithm>

#include "base/names.h"
#include "base/text.h"

namespace scribe {
namespace {

constexpr std::size_t kLineMax = 120;

constexpr base::NameTable<Verb, 10> kVerbs{{{Verb::approve, "/approve"},
                                            {Verb::hold, "/hold"},
                                            {Verb::resume, "/resume"},
                                            {Verb::restart, "/restart"},
                                            {Verb::rollback, "/rollback"},
                                            {Verb::scale, "/scale"},
                                            {Verb::escalate, "/escalate"},
                                            {Verb::why, "/why"},
                                            {Verb::dry_run, "/dry-run"},
                                            {Verb::close, "/close"}}};

bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view word_at(std::string_view text, std::size_t& at) {
  while (at < text.size() && is_space(text[at])) ++at;
  const std::size_t begin = at;
  while (at < text.size() && !is_space(text[at])) ++at;
  return text.substr(begin, at - begin);
}

}  // namespace

std::optional<Order> parse_command(std::string_view body) {
  if (!body.starts_with('/')) return std::nullopt;
  std::string_view line = body.substr(0, body.find_first_of("\r\n"));
  while (!line.empty() && is_space(line.back())) line.remove_suffix(1);
  std::size_t at = 0;
  const auto verb = base::value_in(kVerbs, word_at(line, at));
  if (!verb) return std::nullopt;
  Order command;
  command.verb = *verb;
  command.argument = word_at(line, at);
  command.line = base::cut_utf8(line, kLineMax);
  if (*verb == Verb::scale) command.second = word_at(line, at);
  const bool takes_all = *verb == Verb::approve || *verb == Verb::restart || *verb == Verb::scale;
  // Exactly as many as it takes, or none.
  if (takes_all && !word_at(line, at).empty()) command.argument.clear(), command.second.clear();
  return command;
}

std::string_view to_string(Verb verb) { return base::name_in(kVerbs, verb); }

bool asks_for_action(Verb verb) {
  return verb == Verb::restart || verb == Verb::rollback || verb == Verb::scale;
}

bool is_approval(Verb verb) { return verb == Verb::approve || asks_for_action(verb); }

github::Right needed_right(Verb verb) {
  switch (verb) {
    case Verb::approve:
    case Verb::resume:
    case Verb::restart:
    case Verb::rollback:
    case Verb::scale:
      return github::Right::maintain;  // What lets actions happen.
    case Verb::hold:
    case Verb::escalate:
    case Verb::why:
    case Verb::dry_run:
    case Verb::close:
      return github::Right::triage;
  }
  return github::Right::admin;
}

}  // namespace scribe
