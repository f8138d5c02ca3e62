#include "warden/warden.h"

#include "base/names.h"

namespace warden {
namespace {

constexpr base::NameTable<Verb, 2> kVerbs{{{Verb::restart, "restart"}, {Verb::start, "start"}}};
constexpr base::NameTable<Outcome, 2> kOutcomes{
    {{Outcome::done, "done"}, {Outcome::superseded, "superseded"}}};

}  // namespace

std::string_view to_string(Verb verb) { return base::name_in(kVerbs, verb); }
std::optional<Verb> parse_verb(std::string_view text) { return base::value_in(kVerbs, text); }
std::string_view to_string(Outcome outcome) { return base::name_in(kOutcomes, outcome); }
std::optional<Outcome> parse_outcome(std::string_view text) {
  return base::value_in(kOutcomes, text);
}

}  // namespace warden
