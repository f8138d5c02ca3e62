// Single values of YAML: what a plain word means, and how a value is written so that it means the
// same. Pure. Source: YAML 1.2.2 (core schema) and, where the two differ, the words that YAML 1.1
// readers take for something else than text ("no", "1:30").
#pragma once

#include <string>
#include <string_view>

#include "gitops/yaml_tree.h"

namespace gitops {

[[nodiscard]] bool is_null_word(std::string_view plain);  // "", "~", "null", "Null", "NULL".
// Whether some reader takes the plain word for a number, truth value, date or nothing.
[[nodiscard]] bool is_more_than_text(std::string_view plain);
// Of whole quoted scalars on one line.
[[nodiscard]] std::string unquote_single(std::string_view bytes);
[[nodiscard]] std::string unquote_double(std::string_view bytes);

// `value` (one line of clean text) in place of `old` with the bytes `old_bytes`: its quotes are
// kept; a plain one gets quotes where the text needs them, or where it was text and would become a
// number. `in_flow`: between brackets.
[[nodiscard]] std::string write_scalar(const std::string& value, const YamlNode& old,
                                       std::string_view old_bytes, bool in_flow);
// A key, or a value of a kind nobody has said: plain unless its characters need quotes.
[[nodiscard]] std::string write_plain(const std::string& text, bool in_flow);
[[nodiscard]] std::string write_double_quoted(std::string_view text);

}  // namespace gitops
