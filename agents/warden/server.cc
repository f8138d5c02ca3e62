#include "agents/warden/server.h"

#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <optional>
#include <system_error>

#include "agents/warden/door.h"
#include "agents/warden/hub.h"
#include "agents/warden/roster.h"

namespace warden {
namespace {

using base::Error;
using base::ErrorCode;

base::Status make_folder(const std::string& path) {
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return {};
  std::filesystem::create_directories(path, failed);
  if (failed || ::chmod(path.c_str(), 0700) != 0) {
    return Error{ErrorCode::denied, "make " + path + ": " + failed.message()};
  }
  return {};
}

ChangeOptions with_bounds(const ServerOptions& options) {
  ChangeOptions out = options.changes;
  for (const config::Service& service : options.services) {
    out.bounds[service.name] = service.bounds;
  }
  return out;
}

}  // namespace

// In the order in which the parts need one another.
struct WardenServer::House {
  House(ServerOptions given, engine::ContainerEngine& engine, StandingSource standing,
        const base::Clock& clock, const base::Logger& logger)
      : options(std::move(given)),
        log(logger),
        container_engine(engine),
        roster(options.services, options.excluded),
        changes(with_bounds(options), engine, clock, log),
        performer(roster, engine, std::move(standing), clock, log,
                  options.changes.folder.empty() ? nullptr : &changes),
        rooms{roster, engine, performer, hub},
        doors{Door(options.socket_dir + "/scout.sock", Door::Rights::reads, rooms),
              Door(options.socket_dir + "/brain.sock", Door::Rights::reads, rooms),
              Door(options.socket_dir + "/fixer.sock", Door::Rights::reads_and_operations, rooms),
              Door(options.socket_dir + "/console.sock", Door::Rights::listing, rooms)} {}

  const ServerOptions options;
  const base::Logger& log;
  engine::ContainerEngine& container_engine;
  const Roster roster;
  Hub hub;
  Changes changes;
  Performer performer;
  Rooms rooms;
  std::array<Door, 4> doors;
  std::optional<Watcher> watcher;
};

WardenServer::WardenServer(ServerOptions options, engine::ContainerEngine& engine,
                           StandingSource standing, const base::Clock& clock,
                           const base::Logger& log)
    : house_(std::make_unique<House>(std::move(options), engine, std::move(standing), clock, log)) {
}

WardenServer::~WardenServer() { stop(); }

base::Status WardenServer::start() {
  if (auto status = make_folder(house_->options.socket_dir); !status.ok()) return status;
  for (Door& door : house_->doors) {
    if (auto status = door.open(); !status.ok()) return status;
  }
  house_->watcher.emplace(house_->roster, house_->container_engine, house_->hub, house_->performer,
                          house_->options.rhythm, house_->log);
  return {};
}

void WardenServer::refresh_front() {
  if (house_->options.changes.front == nullptr) return;
  const auto all = house_->container_engine.list();
  if (!all) return;
  for (const Member& member : house_->roster.pick(*all).members) {
    house_->changes.refresh(member.service, member.container.id);
  }
}

void WardenServer::stop() {
  house_->hub.close();
  house_->watcher.reset();
  for (Door& door : house_->doors) door.close();
}

}  // namespace warden
