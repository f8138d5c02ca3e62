// What the endpoints of pull requests share with the pages and the webhooks.
#pragma once

#include <optional>
#include <string>

#include "forge/git_tools.h"
#include "forge/pull_codec.h"

namespace forge {

// The path's pull request.
[[nodiscard]] std::optional<Pull> pull_of(SqliteStore& store, const Call& call);
// Where its changes begin: the merge base; its base when they have nothing in common.
[[nodiscard]] git::Sha start_of(const git::Repository& git, const Pull& pull);
[[nodiscard]] PullDetails details_of(SqliteStore& store, const git::Repository& git,
                                     const Repository& repository, const Pull& pull);
[[nodiscard]] nlohmann::json show_in_list(SqliteStore& store, const Call& call, const Pull& pull);
[[nodiscard]] nlohmann::json show_whole(SqliteStore& store, const Call& call, const Pull& pull);
// As webhooks are told.
[[nodiscard]] nlohmann::json payload_pull_json(SqliteStore& store, const Call& call, int number);
// An answer means it cannot be opened again: merged, or its branches are gone. Otherwise it follows
// its branches again.
[[nodiscard]] std::optional<Reply> follow_again(SqliteStore& store, const Call& call, int number);

}  // namespace forge
