#include "agents/memory/wire.h"

#include "agents/memory/memory_role.h"
#include "base/failpoint.h"
#include "memory/store.h"
#include "role/process.h"

namespace memory_role {
namespace {

base::Status remember(memory::MemoryStore& store, const memory::Case& past) {
  if (base::failpoint("memory.remember.before"))
    return base::Error{base::ErrorCode::unavailable, "remember: failpoint"};
  auto status = store.remember(past, store.position());
  (void)base::failpoint("memory.remember.after");
  return status;
}

}  // namespace

int run(const config::Config& config, const base::Logger& log) {
  const role::StopSignal stop;
  auto desk = role::open_desk(config, "memory");
  if (!desk) return role::exit_code(desk.error(), log);
  auto opened = memory::MemoryStore::open(config.state_dir + "/memory");
  if (!opened) return role::exit_code(opened.error(), log);
  // A damaged store starts empty; the role fills it again from the ledger, case by case.
  if (!opened->note.empty()) log.warn("the memory's files were repaired", {{"note", opened->note}});
  auto& store = *opened->store;
  base::SystemRandom random;
  MemoryRole memory(random);
  role::Mailbox<Answer> mailbox;
  const auto dispatch = [&](const std::string& key, const Request& request) {  // About 1 ms each.
    if (const auto* wanted = std::get_if<RecallFor>(&request)) {
      mailbox.post(key, Recalled{wanted->incident,
                                 told_of(store.recall(wanted->symptom, (*desk)->clock.now().wall,
                                                      wanted->incident))});
    } else {
      const auto& past = std::get<Remember>(request).past;
      mailbox.post(key, Remembered{past.incident, remember(store, past)});
    }
  };
  role::Loop<MemoryRole> loop(memory, (*desk)->outside(config, log, stop), mailbox, key_of,
                              dispatch);
  const auto ended = loop.run();
  if (auto saved = store.save_index(); !saved)
    log.warn("the index could not be saved; it will be made again",
             {{"error", saved.error().message}});
  return role::exit_code(ended, log);
}

}  // namespace memory_role
