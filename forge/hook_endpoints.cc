#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "forge/endpoint_tools.h"
#include "forge/hook_codec.h"
#include "forge/hooks.h"

namespace forge {
namespace {

constexpr std::size_t kHooksMax = 20;  // As on GitHub.

std::optional<Hook> hook_of(SqliteStore& store, const Call& call) {
  return store.find_hook(call.repository, numeric_param(call, "hook_id"));
}

nlohmann::json to_json(SqliteStore& store, const Call& call, const Hook& hook) {
  const auto newest = store.list_deliveries(hook.id, 0, 1);
  return hook_json(hook, newest.empty() ? std::nullopt : std::optional(newest.front()),
                   call.repository, call.urls);
}

Reply list_hooks(SqliteStore& store, const Call& call) {
  nlohmann::json all = nlohmann::json::array();
  for (const Hook& hook : store.list_hooks(call.repository)) {
    all.push_back(to_json(store, call, hook));
  }
  return reply::slice(call, all);
}

Reply create_hook(SqliteStore& store, const Call& call) {
  Hook hook;
  hook.is_form = true;
  hook.events = {"push"};  // GitHub's own default; the forge knows no push yet.
  hook.created = call.now;
  hook.updated = call.now;
  const base::Status read = read_hook_input(call.body, hook);
  if (!read.ok()) return reply::refuse_field("Hook", read.error().message);
  if (store.list_hooks(call.repository).size() >= kHooksMax) {
    return reply::refuse({"Hook", "base", "custom", "The maximum number of hooks is 20"});
  }
  hook = store.add_hook(call.repository, hook);
  ping(store, call, hook);
  return reply::created(to_json(store, call, hook));
}

Reply get_hook(SqliteStore& store, const Call& call) {
  const auto hook = hook_of(store, call);
  return hook ? reply::ok(to_json(store, call, *hook)) : reply::not_found();
}

Reply edit_hook(SqliteStore& store, const Call& call) {
  auto hook = hook_of(store, call);
  if (!hook) return reply::not_found();
  const base::Status read = read_hook_input(call.body, *hook);
  if (!read.ok()) return reply::refuse_field("Hook", read.error().message);
  hook->updated = call.now;
  store.save_hook(*hook);
  return reply::ok(to_json(store, call, *hook));
}

Reply delete_hook(SqliteStore& store, const Call& call) {
  const auto hook = hook_of(store, call);
  if (!hook) return reply::not_found();
  store.remove_hook(hook->id);
  return reply::no_content();
}

Reply ping_hook(SqliteStore& store, const Call& call) {
  const auto hook = hook_of(store, call);
  if (!hook) return reply::not_found();
  ping(store, call, *hook);
  return reply::no_content();
}

// Paged by cursor, as GitHub does: the cursor is the last delivery shown.
Reply list_deliveries(SqliteStore& store, const Call& call) {
  const auto hook = hook_of(store, call);
  if (!hook) return reply::not_found();
  const int size = parse_page(call.request.query).size;
  const std::string_view cursor = call.request.query_value("cursor");
  Id before = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), before);
  const bool is_number = error == std::errc() && end == cursor.data() + cursor.size();
  if (!cursor.empty() && (!is_number || before <= 0)) {
    return make_refusal(400, "Bad cursor");
  }
  const auto deliveries = store.list_deliveries(hook->id, before, size);
  nlohmann::json items = nlohmann::json::array();
  for (const Delivery& delivery : deliveries) {
    items.push_back(delivery_item_json(delivery, call.repository));
  }
  Reply reply = reply::ok(std::move(items));
  const bool has_more = static_cast<int>(deliveries.size()) == size &&
                        !store.list_deliveries(hook->id, deliveries.back().id, 1).empty();
  if (has_more) {
    reply.headers.emplace_back("Link", "<" + call.url + "?per_page=" + std::to_string(size) +
                                           "&cursor=" + std::to_string(deliveries.back().id) +
                                           ">; rel=\"next\"");
  }
  return reply;
}

Reply get_delivery(SqliteStore& store, const Call& call) {
  const auto hook = hook_of(store, call);
  if (!hook) return reply::not_found();
  const auto delivery = store.find_delivery(hook->id, numeric_param(call, "delivery_id"));
  return delivery ? reply::ok(delivery_json(*delivery, *hook, call.repository, call.urls))
                  : reply::not_found();
}

Reply redeliver(SqliteStore& store, const Call& call) {
  const auto hook = hook_of(store, call);
  if (!hook) return reply::not_found();
  auto delivery = store.find_delivery(hook->id, numeric_param(call, "delivery_id"));
  if (!delivery) return reply::not_found();
  delivery->is_redelivery = true;
  delivery->created = call.now;
  store.add_delivery(std::move(*delivery));
  return {202, nlohmann::json::object(), {}};
}

}  // namespace

std::vector<Endpoint> hook_endpoints() {
  using enum Role;
  return {
      {"GET", "/repos/{owner}/{repo}/hooks", admin, list_hooks},
      {"POST", "/repos/{owner}/{repo}/hooks", admin, create_hook},
      {"GET", "/repos/{owner}/{repo}/hooks/{hook_id}", admin, get_hook},
      {"PATCH", "/repos/{owner}/{repo}/hooks/{hook_id}", admin, edit_hook},
      {"DELETE", "/repos/{owner}/{repo}/hooks/{hook_id}", admin, delete_hook},
      {"POST", "/repos/{owner}/{repo}/hooks/{hook_id}/pings", admin, ping_hook},
      {"GET", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries", admin, list_deliveries},
      {"GET", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}", admin,
       get_delivery},
      {"POST", "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", admin,
       redeliver},
  };
}

}  // namespace forge
