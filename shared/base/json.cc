#include "base/json.h"

#include <nlohmann/json.hpp>
#include <set>

namespace base {
namespace {

using nlohmann::json;

// Cheaper than the parser's callback: one pass over the bytes, strings skipped.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kJsonDepthMax) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

// Parses while noticing a key given twice in one object, which different readers resolve
// differently.
class DuplicateKeys {
 public:
  bool operator()(int /*depth*/, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == json::parse_event_t::key) {
      if (!open_.back().insert(value.get<std::string>()).second) found_ = value.get<std::string>();
    }
    return true;
  }
  [[nodiscard]] const std::string& found() const { return found_; }

 private:
  std::vector<std::set<std::string>> open_;
  std::string found_;
};

const json* member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

}  // namespace

Result<json> parse_json(std::string_view text) {
  if (too_deep(text)) return Error{ErrorCode::invalid, "JSON nested deeper than 64 levels"};
  DuplicateKeys duplicates;
  try {
    json value = json::parse(text, std::ref(duplicates));
    if (!duplicates.found().empty()) {
      return Error{ErrorCode::invalid,
                   "JSON object with the key \"" + duplicates.found() + "\" twice"};
    }
    return value;
  } catch (const json::exception& e) {
    return Error{ErrorCode::invalid, std::string("not JSON: ") + e.what()};
  }
}

std::string dump_json(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string get_string(const json& object, const char* key, std::string_view fallback) {
  const json* found = member(object, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string(fallback);
}

std::int64_t get_int(const json& object, const char* key, std::int64_t fallback) {
  const json* found = member(object, key);
  if (found == nullptr || !found->is_number_integer()) return fallback;
  // An unsigned number beyond the range would come out negative.
  if (found->is_number_unsigned() && found->get<std::uint64_t>() > INT64_MAX) return fallback;
  return found->get<std::int64_t>();
}

double get_number(const json& object, const char* key, double fallback) {
  const json* found = member(object, key);
  return found != nullptr && found->is_number() ? found->get<double>() : fallback;
}

bool get_bool(const json& object, const char* key, bool fallback) {
  const json* found = member(object, key);
  return found != nullptr && found->is_boolean() ? found->get<bool>() : fallback;
}

const json& get_object(const json& object, const char* key) {
  static const json kEmpty = json::object();
  const json* found = member(object, key);
  return found != nullptr && found->is_object() ? *found : kEmpty;
}

const json& get_array(const json& object, const char* key) {
  static const json kEmpty = json::array();
  const json* found = member(object, key);
  return found != nullptr && found->is_array() ? *found : kEmpty;
}

}  // namespace base
