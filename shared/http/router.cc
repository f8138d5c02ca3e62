#include "http/router.h"

#include "base/ensure.h"
#include "base/text.h"
#include "http/url.h"

namespace http {
namespace {

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::vector<std::string_view> segments_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return {};
  return base::split(path, '/');
}

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string_view>& segments) {
  if (pattern.size() != segments.size()) return false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_parameter(pattern[i]) ? segments[i].empty() : pattern[i] != segments[i]) return false;
  }
  return true;
}

// Whether `a` has a literal at the first place where one has a literal and the other a parameter.
bool is_more_literal(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (is_parameter(a[i]) != is_parameter(b[i])) return is_parameter(b[i]);
  }
  return false;
}

}  // namespace

void Router::add(std::string_view method, std::string_view path_template, RouteHandler handler) {
  Route* route = nullptr;
  for (Route& known : routes_) {
    if (known.path_template == path_template) route = &known;
  }
  if (route == nullptr) {
    routes_.push_back({std::string(path_template), {}, {}});
    route = &routes_.back();
    for (const std::string_view part : segments_of(path_template)) {
      route->segments.emplace_back(part);
    }
  }
  const bool is_new = route->methods.emplace(method, std::move(handler)).second;
  base::ensure(is_new, "a route was added twice");
}

const Router::Route* Router::best_for(const std::vector<std::string_view>& segments) const {
  const Route* best = nullptr;
  for (const Route& route : routes_) {
    if (!fits(route.segments, segments)) continue;
    if (best == nullptr || is_more_literal(route.segments, best->segments)) best = &route;
  }
  return best;
}

Match Router::find(std::string_view method, std::string_view path) const {
  const auto segments = segments_of(path);
  const Route* route = best_for(segments);
  Match match;
  if (route == nullptr) return match;
  match.path_template = route->path_template;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string_view name = route->segments[i];
    if (!is_parameter(name)) continue;
    auto value = percent_decode(segments[i]);
    if (!value) return Match{400, nullptr, "", "", {}};
    match.params.emplace(name.substr(1, name.size() - 2), std::move(*value));
  }
  auto found = route->methods.find(method);
  if (found == route->methods.end() && method == "HEAD") found = route->methods.find("GET");
  if (found == route->methods.end()) {
    match.status = 405;
    for (const auto& [known, unused] : route->methods) {
      match.allow += (match.allow.empty() ? "" : ", ") + known;
    }
    return match;
  }
  match.status = 200;
  match.handler = &found->second;
  return match;
}

Response Router::route(const Request& request) const {
  const Match match = find(request.method, request.path);
  if (match.handler != nullptr) return (*match.handler)(request, match.params);
  Response response = make_response(match.status, "text/plain; charset=utf-8",
                                    std::string(status_phrase(match.status)) + "\n");
  if (match.status == 405) response.headers.emplace_back("Allow", match.allow);
  return response;
}

}  // namespace http
