// One listening unix socket of the warden and the rules of what may be asked through it. Only for
// server.cc; this header brings the HTTP library with it.
#pragma once

#include <httplib.h>

#include <string>
#include <thread>

#include "agents/warden/hub.h"
#include "agents/warden/performer.h"
#include "agents/warden/roster.h"
#include "base/result.h"
#include "engine/engine.h"

namespace warden {

// What all doors lead to.
struct Rooms {
  const Roster& roster;
  engine::ContainerEngine& engine;
  Performer& performer;
  Hub& hub;
};

class Door {
 public:
  enum class Rights { listing, reads, reads_and_operations };
  Door(std::string path, Rights rights, Rooms rooms);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  [[nodiscard]] base::Status open();
  void close();

 private:
  using Handled = httplib::Server::HandlerResponse;
  void prepare();
  Handled answer(const httplib::Request& request, httplib::Response& response);
  void answer_list(httplib::Response& response);
  void answer_container(const std::string& id, httplib::Response& response);
  void answer_snapshot(const std::string& id, httplib::Response& response);
  void answer_log(const std::string& id, int lines, httplib::Response& response);
  void answer_stream(httplib::Response& response);
  void answer_operation(const httplib::Request& request, httplib::Response& response);
  base::Result<Member> find(const std::string& id);

  const std::string path_;
  const Rights rights_;
  Rooms rooms_;
  int listener_ = -1;  // Owned by the library; only for options.
  std::atomic<int> streams_ = 0;
  httplib::Server server_;
  std::jthread thread_;
};

}  // namespace warden
