#include "incident/wish_codec.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/text.h"

namespace incident {
namespace {

constexpr std::size_t kTextMax = 120;

bool is_plain(const std::string& text) {
  return !text.empty() && text.size() <= kTextMax && base::clean_text(text) == text &&
         text.find('\n') == std::string::npos;
}

}  // namespace

std::string encode(const Wish& wish) {
  return base::dump_json({{"id", wish.id}, {"command", wish.command}, {"by", wish.by}});
}

base::Result<Wish> decode_wish(std::string_view body) {
  const auto parsed = base::parse_json(body);
  if (!parsed) return parsed.error();
  Wish wish{base::get_string(*parsed, "id"), base::get_string(*parsed, "command"),
            base::get_string(*parsed, "by")};
  for (const auto* text : {&wish.id, &wish.command, &wish.by}) {
    if (!is_plain(*text))
      return base::Error{base::ErrorCode::invalid, "wish: id, command and by must be plain texts"};
  }
  return wish;
}

std::string service_of(const Wish& wish) {
  const auto words = base::split(wish.command, ' ');
  return words.size() < 2 ? "" : std::string(words[1]);
}

std::string fingerprint_of(const Wish& wish) { return service_of(wish) + ":asked:" + wish.id; }

}  // namespace incident
