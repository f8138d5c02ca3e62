// `sre-space stop|resume`: the kill switch. The file works even when the ledger does not.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "agents/cli/commands.h"
#include "base/id.h"
#include "ledger/sqlite_ledger.h"

namespace cli {
namespace {

std::string file_of(const Context& context) { return context.config.state_dir + "/STOP"; }

base::Status record(const Context& context, incident::Payload what) {
  const base::SystemClock clock;
  base::SystemRandom random;
  auto ledger = ledger::open_sqlite({context.config.ledger, false}, clock);
  if (!ledger) return ledger.error();
  const auto now = clock.now();
  ledger::Draft draft;
  draft.event = {base::make_ulid(now.wall, random),
                 0,
                 incident::Role::person,
                 now.wall,
                 now.boot,
                 std::move(what)};
  auto appended = (*ledger)->append({draft}, 0);
  return appended ? base::Status() : base::Status(appended.error());
}

int finish(const Context& context, const base::Status& recorded, const char* state,
           const char* words) {
  if (!recorded)
    std::fprintf(stderr, "sre-space: the ledger does not know of it: %s\n",
                 recorded.error().message.c_str());
  if (context.json)
    std::printf("{\"state\":\"%s\"}\n", state);
  else
    std::printf("%s\n", words);
  return recorded ? 0 : 1;
}

}  // namespace

int run_stop(const Context& context, const std::string& reason) {
  const int file = open(file_of(context).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0)
    std::fprintf(stderr, "sre-space: cannot write %s: %s\n", file_of(context).c_str(),
                 std::strerror(errno));
  else
    static_cast<void>(fsync(file)), close(file);
  const auto recorded = record(
      context, incident::StopSet{reason.empty() ? "no reason given" : reason, "command line"});
  if (file < 0 && !recorded) return finish(context, recorded, "unknown", "NOT stopped.");
  return finish(
      context, recorded, "stopped",
      "Stopped: nothing acts until `sre-space resume`. Detection, diagnosis and the record go on.");
}

// One mark is enough to be stopped; both must be gone to go on.
int run_resume(const Context& context) {
  if (unlink(file_of(context).c_str()) != 0 && errno != ENOENT) {
    std::fprintf(stderr, "sre-space: cannot remove %s: %s; still stopped\n",
                 file_of(context).c_str(), std::strerror(errno));
    return 1;
  }
  const auto recorded = record(context, incident::StopCleared{"command line"});
  if (!recorded)
    return finish(context, recorded, "stopped",
                  "Still stopped: the ledger says so until it can be written.");
  return finish(context, recorded, "running",
                "Resumed: actions are allowed again, as far as mode and limits permit.");
}

}  // namespace cli
