#include "tests/support/html_faults.h"

#include <map>
#include <set>

namespace support {
namespace {

// What the forge's own pages consist of; "script" and "style" are its own and come once.
const std::set<std::string, std::less<>> kTags = {
    "html",    "head",     "meta",   "title", "style", "body",   "header",  "main",
    "script",  "span",     "b",      "a",     "form",  "input",  "button",  "textarea",
    "div",     "h1",       "h2",     "h3",    "h4",    "h5",     "h6",      "p",
    "i",       "em",       "strong", "del",   "u",     "code",   "pre",     "blockquote",
    "ul",      "ol",       "li",     "table", "thead", "tbody",  "tr",      "th",
    "td",      "hr",       "br",     "img",   "time",  "aside",  "section", "details",
    "summary", "datalist", "option", "label", "svg",   "circle", "path"};
const std::set<std::string, std::less<>> kAttributes = {
    "lang",      "charset",      "name",        "content",      "class",
    "href",      "method",       "action",      "type",         "value",
    "id",        "data-live",    "title",       "alt",          "src",
    "datetime",  "style",        "placeholder", "aria-label",   "aria-hidden",
    "role",      "rows",         "maxlength",   "required",     "list",
    "autofocus", "autocomplete", "viewbox",     "cx",           "cy",
    "r",         "fill",         "stroke",      "stroke-width", "stroke-linejoin",
    "d",         "align",        "checked",     "disabled",     "start",
    "width"};

std::string lowered(std::string_view text) {
  std::string result;
  for (const char c : text) {
    result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

bool is_safe_address(const std::string& url) {
  const std::size_t colon = url.find_first_of(":/?#&");
  if (colon == std::string::npos || url[colon] != ':') return true;
  const std::string scheme = lowered(std::string_view(url).substr(0, colon));
  return scheme == "http" || scheme == "https" || scheme == "mailto";
}

}  // namespace

std::vector<std::string> find_html_faults(std::string_view html) {
  std::vector<std::string> faults;
  std::map<std::string, int> counts;
  for (std::size_t at = html.find('<'); at != std::string_view::npos; at = html.find('<', at)) {
    ++at;
    const bool is_closing = at < html.size() && html[at] == '/';
    if (is_closing) ++at;
    std::size_t end = at;
    while (end < html.size() && html[end] != '>' && html[end] != ' ' && html[end] != '/') ++end;
    const std::string name = lowered(html.substr(at, end - at));
    at = end;
    if (name == "!doctype") continue;
    if (!kTags.contains(name)) faults.push_back("tag <" + name);
    if (!is_closing) ++counts[name];
    while (at < html.size() && html[at] != '>') {
      while (at < html.size() && (html[at] == ' ' || html[at] == '/')) ++at;
      const std::size_t from = at;
      while (at < html.size() && html[at] != '=' && html[at] != '>' && html[at] != ' ') ++at;
      const std::string attribute = lowered(html.substr(from, at - from));
      if (attribute.empty()) continue;
      if (!kAttributes.contains(attribute)) faults.push_back("attribute " + attribute);
      if (at >= html.size() || html[at] != '=') continue;
      if (at + 1 >= html.size() || html[at + 1] != '"') {
        faults.push_back("no quotes around " + attribute);
        break;
      }
      const std::size_t close = html.find('"', at + 2);
      const std::string value(html.substr(at + 2, close - at - 2));
      at = close == std::string_view::npos ? html.size() : close + 1;
      const bool is_address = attribute == "href" || attribute == "src" || attribute == "action";
      if (is_address && !is_safe_address(value)) faults.push_back(attribute + " " + value);
      if (attribute == "src" && (!value.starts_with("/") || value.starts_with("//"))) {
        faults.push_back("picture from elsewhere: " + value);
      }
    }
    const bool is_raw = !is_closing && (name == "script" || name == "style");
    if (is_raw) at = html.find("</" + name, at);
  }
  if (counts["script"] > 1) faults.push_back("a second script");
  if (counts["style"] > 1) faults.push_back("a second style");
  return faults;
}

}  // namespace support
