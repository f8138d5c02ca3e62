// Finds the handler for a method and path by templates such as "/repos/{owner}/{repo}". Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "http/http.h"

namespace http {

using Params = std::map<std::string, std::string, std::less<>>;  // Decoded.
using RouteHandler = std::function<Response(const Request&, const Params&)>;

struct Match {
  int status = 404;                       // 200, or why there is none: 400 (bad escape), 404, 405.
  const RouteHandler* handler = nullptr;  // Set with 200; lives as long as the router.
  std::string path_template;              // Set with 200 and 405.
  std::string allow;                      // The template's methods, "GET, POST"; with 405.
  Params params;
};

// Not thread-safe while filled; then safe for any number of readers.
class Router {
 public:
  // Each segment is a literal or one "{name}", which takes one non-empty segment, decoded after the
  // split, so that a %2F stays within it. Adding the same method and template twice aborts.
  void add(std::string_view method, std::string_view path_template, RouteHandler handler);

  // Of the templates that fit the path the one with the earliest literals wins, then its methods
  // decide. HEAD finds GET. One trailing slash is ignored.
  [[nodiscard]] Match find(std::string_view method, std::string_view path) const;

  // Runs what find() finds; the rest is answered in plain text, 405 with Allow.
  [[nodiscard]] Response route(const Request& request) const;

 private:
  struct Route {
    std::string path_template;
    std::vector<std::string> segments;  // "{name}" for a parameter.
    std::map<std::string, RouteHandler, std::less<>> methods;
  };
  [[nodiscard]] const Route* best_for(const std::vector<std::string_view>& segments) const;
  std::vector<Route> routes_;
};

}  // namespace http
