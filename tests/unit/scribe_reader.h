// What a reader of a comment gets to see, by md4c, and what would be harmful in it.
#pragma once

#include <md4c-html.h>

#include <regex>
#include <set>
#include <string>
#include <utility>

namespace scribe_test {

inline std::string render(const std::string& markdown) {
  std::string html;
  const auto append = [](const MD_CHAR* text, MD_SIZE size, void* out) {
    static_cast<std::string*>(out)->append(text, size);
  };
  md_html(markdown.data(), static_cast<MD_SIZE>(markdown.size()), append, &html, MD_DIALECT_GITHUB,
          0);
  return html;
}

// What is wrong with the rendered text; empty when it is harmless. Code is left out: GitHub looks
// for mentions, references and links only outside of it.
inline std::string harm_in(const std::string& html) {
  static const std::set<std::string> kAllowed = {
      "p",    "table", "thead",      "tbody", "tr", "th", "td", "h1",     "h2",
      "h3",   "h4",    "h5",         "h6",    "ul", "ol", "li", "strong", "em",
      "code", "pre",   "blockquote", "input", "hr", "br", "del"};
  std::string text;
  int in_code = 0;
  for (std::size_t i = 0; i < html.size(); ++i) {
    if (html[i] != '<') {
      if (in_code == 0) text += html[i];
      continue;
    }
    const std::size_t end = html.find('>', i);
    if (end == std::string::npos) return "a tag without end";
    std::string tag = html.substr(i + 1, end - i - 1);
    const bool closing = tag.starts_with('/');
    if (closing) tag.erase(0, 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /"));
    if (!kAllowed.contains(name)) return "tag <" + tag + ">";
    if (name == "code") in_code += closing ? -1 : 1;
    if (in_code == 0) text += ' ';
    i = end;
  }
  if (in_code != 0) return "code without end";
  const std::pair<std::string, std::string> entities[] = {
      {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}};
  for (const auto& [entity, plain] : entities) {
    for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1))
      text.replace(at, entity.size(), plain);
  }
  static const std::regex kHarm(
      "@[A-Za-z0-9]|#[0-9]+|\\b[Gg][Hh]-[0-9]|[a-z]://|www\\.[a-z]|mailto:[a-z]|[a-z]@[a-z]");
  std::smatch found;
  // Our own references to issues are the only ones.
  const std::string ours = std::regex_replace(text, std::regex("issue #(4242|5151)"), "issue");
  return std::regex_search(ours, found, kHarm) ? "\"" + found.str() + "\"" : "";
}

}  // namespace scribe_test
