// JSON of github/workshop.h. Codec.
#pragma once

#include <string>
#include <vector>

#include "github/workshop.h"

namespace github {

[[nodiscard]] std::string encode_dispatch(const std::string& ref,
                                          const std::map<std::string, std::string>& inputs);
[[nodiscard]] std::string encode_assignee(const std::string& login);
[[nodiscard]] std::string encode_status(const std::string& state, const std::string& context,
                                        const std::string& description);
// Errors: invalid.
[[nodiscard]] base::Result<std::vector<Run>> decode_runs(const std::string& body);

}  // namespace github
