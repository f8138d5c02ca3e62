// Webhooks and their deliveries in the forge's file.
#include "base/text.h"
#include "forge/sqlite_query.h"
#include "forge/sqlite_store.h"

namespace forge {
namespace {

constexpr std::string_view kHookColumns =
    "h.id, h.url, h.is_form, h.secret, h.is_insecure, h.events, h.is_active, h.created_ms,"
    " h.updated_ms";
constexpr int kHookWidth = 9;

constexpr std::string_view kDeliveryColumns =
    "d.id, d.hook_id, d.guid, d.event, d.action, d.payload, d.is_redelivery, d.created_ms,"
    " d.delivered_ms, d.duration_ms, d.status_code, d.status, d.request_headers,"
    " d.response_headers, d.response_body";

Hook read_hook(const Query& row) {
  Hook hook;
  hook.id = row.integer(0);
  hook.url = row.text(1);
  hook.is_form = row.integer(2) != 0;
  hook.secret = row.text(3);
  hook.is_insecure = row.integer(4) != 0;
  const std::string events = row.text(5);
  for (const std::string_view event : base::split(events, ' ')) {
    if (!event.empty()) hook.events.emplace_back(event);
  }
  hook.is_active = row.integer(6) != 0;
  hook.created = row.time(7);
  hook.updated = row.time(8);
  return hook;
}

Delivery read_delivery(const Query& row, int from) {
  Delivery delivery;
  delivery.id = row.integer(from);
  delivery.hook_id = row.integer(from + 1);
  delivery.guid = row.text(from + 2);
  delivery.event = row.text(from + 3);
  delivery.action = row.text(from + 4);
  delivery.payload = row.text(from + 5);
  delivery.is_redelivery = row.integer(from + 6) != 0;
  delivery.created = row.time(from + 7);
  if (!row.is_null(from + 8)) delivery.delivered = row.time(from + 8);
  delivery.duration = base::Millis(row.integer(from + 9));
  delivery.status_code = row.number(from + 10);
  delivery.status = row.text(from + 11);
  delivery.request_headers = row.text(from + 12);
  delivery.response_headers = row.text(from + 13);
  delivery.response_body = row.text(from + 14);
  return delivery;
}

std::string join_events(const Hook& hook) {
  std::string text;
  for (const std::string& event : hook.events) text += (text.empty() ? "" : " ") + event;
  return text;
}

}  // namespace

Hook SqliteStore::add_hook(const Repository& repository, const Hook& hook) {
  Query(database_,
        "INSERT INTO hooks (repo_id, url, is_form, secret, is_insecure, events, is_active,"
        " created_ms, updated_ms) VALUES (?, '', 0, '', 0, '', 0, ?, 0)")
      .bind(repository.id)
      .bind(hook.created)
      .run();
  Hook added = hook;
  added.id = sqlite3_last_insert_rowid(database_);
  save_hook(added);
  return added;
}

std::optional<Hook> SqliteStore::find_hook(const Repository& repository, Id id) {
  Query query(database_, "SELECT " + std::string(kHookColumns) +
                             " FROM hooks h WHERE h.repo_id = ? AND h.id = ?");
  query.bind(repository.id).bind(id);
  if (!query.step()) return std::nullopt;
  return read_hook(query);
}

std::vector<Hook> SqliteStore::list_hooks(const Repository& repository) {
  Query query(database_, "SELECT " + std::string(kHookColumns) +
                             " FROM hooks h WHERE h.repo_id = ? ORDER BY h.id");
  query.bind(repository.id);
  std::vector<Hook> hooks;
  while (query.step()) hooks.push_back(read_hook(query));
  return hooks;
}

void SqliteStore::save_hook(const Hook& hook) {
  Query(database_,
        "UPDATE hooks SET url = ?, is_form = ?, secret = ?, is_insecure = ?, events = ?,"
        " is_active = ?, updated_ms = ? WHERE id = ?")
      .bind(std::string_view(hook.url))
      .bind(hook.is_form ? 1 : 0)
      .bind(std::string_view(hook.secret))
      .bind(hook.is_insecure ? 1 : 0)
      .bind(std::string_view(join_events(hook)))
      .bind(hook.is_active ? 1 : 0)
      .bind(hook.updated)
      .bind(hook.id)
      .run();
}

void SqliteStore::remove_hook(Id hook) {
  Query(database_, "DELETE FROM deliveries WHERE hook_id = ?").bind(hook).run();
  Query(database_, "DELETE FROM hooks WHERE id = ?").bind(hook).run();
}

Delivery SqliteStore::add_delivery(Delivery delivery) {
  Query(database_,
        "INSERT INTO deliveries (hook_id, guid, event, action, payload, is_redelivery, created_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)")
      .bind(delivery.hook_id)
      .bind(std::string_view(delivery.guid))
      .bind(std::string_view(delivery.event))
      .bind(std::string_view(delivery.action))
      .bind(std::string_view(delivery.payload))
      .bind(delivery.is_redelivery ? 1 : 0)
      .bind(delivery.created)
      .run();
  delivery.id = sqlite3_last_insert_rowid(database_);
  return delivery;
}

std::optional<Delivery> SqliteStore::find_delivery(Id hook, Id id) {
  Query query(database_, "SELECT " + std::string(kDeliveryColumns) +
                             " FROM deliveries d WHERE d.hook_id = ? AND d.id = ?");
  query.bind(hook).bind(id);
  if (!query.step()) return std::nullopt;
  return read_delivery(query, 0);
}

std::vector<Delivery> SqliteStore::list_deliveries(Id hook, Id before, int limit) {
  Query query(database_, "SELECT " + std::string(kDeliveryColumns) +
                             " FROM deliveries d WHERE d.hook_id = ? AND (? = 0 OR d.id < ?)"
                             " AND d.delivered_ms IS NOT NULL"
                             " ORDER BY d.id DESC LIMIT ?");
  query.bind(hook).bind(before).bind(before).bind(limit);
  std::vector<Delivery> deliveries;
  while (query.step()) deliveries.push_back(read_delivery(query, 0));
  return deliveries;
}

std::optional<std::pair<Hook, Delivery>> SqliteStore::next_delivery(int skipped) {
  Query query(database_, "SELECT " + std::string(kHookColumns) + ", " +
                             std::string(kDeliveryColumns) +
                             " FROM deliveries d JOIN hooks h ON h.id = d.hook_id"
                             " WHERE d.delivered_ms IS NULL ORDER BY d.id LIMIT 1 OFFSET ?");
  query.bind(skipped);
  if (!query.step()) return std::nullopt;
  return std::pair{read_hook(query), read_delivery(query, kHookWidth)};
}

int SqliteStore::count_waiting_deliveries() {
  Query query(database_, "SELECT count(*) FROM deliveries WHERE delivered_ms IS NULL");
  query.step();
  return query.number(0);
}

void SqliteStore::finish_delivery(const Delivery& delivery) {
  Query(database_,
        "UPDATE deliveries SET delivered_ms = ?, duration_ms = ?, status_code = ?, status = ?,"
        " request_headers = ?, response_headers = ?, response_body = ? WHERE id = ?")
      .bind(delivery.delivered)
      .bind(delivery.duration.count())
      .bind(delivery.status_code)
      .bind(std::string_view(delivery.status))
      .bind(std::string_view(delivery.request_headers))
      .bind(std::string_view(delivery.response_headers))
      .bind(std::string_view(delivery.response_body))
      .bind(delivery.id)
      .run();
}

void SqliteStore::forget_deliveries(base::WallTime until) {
  Query(database_, "DELETE FROM deliveries WHERE created_ms < ? AND delivered_ms IS NOT NULL")
      .bind(until)
      .run();
}

}  // namespace forge
