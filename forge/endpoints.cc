#include "forge/endpoints.h"

#include "base/text.h"
#include "forge/endpoint_tools.h"

namespace forge {

Role Rights::of(std::string_view login) const {
  if (base::equal_ignoring_case(login, owner)) return Role::admin;
  for (const auto& [known, role] : roles) {
    if (base::equal_ignoring_case(known, login)) return role;
  }
  return Role::none;
}

Reply make_refusal(int status, std::string_view message, const std::vector<FieldError>& errors) {
  return {status, error_json(status, message, errors), {}};
}

const std::vector<Endpoint>& endpoints() {
  static const std::vector<Endpoint> kEndpoints = [] {
    std::vector<Endpoint> all;
    for (const auto part : {people_endpoints, issue_endpoints, comment_endpoints, label_endpoints,
                            milestone_endpoints, search_endpoints, hook_endpoints, ref_endpoints,
                            object_endpoints, commit_endpoints, pull_endpoints, review_endpoints,
                            merge_endpoints, app_endpoints, dispatch_endpoints}) {
      for (const Endpoint& endpoint : part()) all.push_back(endpoint);
    }
    return all;
  }();
  return kEndpoints;
}

}  // namespace forge
