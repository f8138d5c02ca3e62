#include "chaos/faults.h"

#include <signal.h>

#include "chaos/host_processes.h"
#include "chaos/web.h"

namespace chaos {
namespace {

using base::Error;
using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool is_http(FaultKind kind) {
  return kind == FaultKind::http_call || kind == FaultKind::http_until_oom;
}

bool is_dead(const Witness& witness, const engine::ContainerId& id) {
  return witness.count(id, engine::EventKind::oom) + witness.count(id, engine::EventKind::die) > 0;
}

base::Result<base::WallTime> call_once(const Fault& fault, const Patient& patient,
                                       const base::Clock& clock) {
  const auto at = clock.now().wall;
  const auto answer = web_get(on_same_host(patient.url, fault.path), seconds(10));
  if (!answer.ok()) return answer.error().in("call " + fault.path);
  if (answer->status != 200) {
    return Error{ErrorCode::invalid,
                 "call " + fault.path + ": answered " + std::to_string(answer->status)};
  }
  return at;
}

base::Result<base::WallTime> call_until_oom(const Fault& fault, const Patient& patient,
                                            const Witness& witness, const base::Clock& clock,
                                            const std::stop_token& stop) {
  const auto& id = patient.container.id;
  base::WallTime last_call = clock.now().wall;
  for (int call = 0; call < fault.calls && !stop.stop_requested(); ++call) {
    last_call = clock.now().wall;
    const bool answered = web_get(on_same_host(patient.url, fault.path), seconds(5)).ok();
    // After a broken call the engine has a moment to say why.
    witness.wait_event(answered ? fault.every : seconds(3));
    if (!is_dead(witness, id)) continue;
    witness.wait_event(milliseconds(200));  // `oom` may come just after `die`.
    if (witness.count(id, engine::EventKind::oom) > 0) return last_call;
    return Error{ErrorCode::unavailable, "the container died, but not for want of memory"};
  }
  return Error{ErrorCode::unavailable, "the container did not run out of memory after " +
                                           std::to_string(fault.calls) + " calls"};
}

}  // namespace

base::Status check_fault(const Fault& fault, const Patient& patient) {
  if (!is_http(fault.kind)) return {};
  const std::string path = fault.path.substr(0, fault.path.find('?'));
  const auto answer = web_get(on_same_host(patient.url, "/"), seconds(3));
  if (!answer.ok() || answer->body.find("\"" + path + "\"") == std::string::npos) {
    return Error{ErrorCode::not_found, patient.container.name + " does not offer " + path +
                                           ": this fault needs the demo application's image"};
  }
  if (fault.kind == FaultKind::http_until_oom && patient.container.memory_limit_bytes == 0) {
    return Error{ErrorCode::invalid,
                 patient.container.name + " has no memory limit: filling it would hurt the host"};
  }
  return {};
}

base::Result<base::WallTime> inject(const Fault& fault, const Patient& patient,
                                    const Witness& witness, const base::Clock& clock,
                                    std::stop_token stop) {
  const auto at = clock.now().wall;
  base::Status sent;
  switch (fault.kind) {
    case FaultKind::http_call:
      return call_once(fault, patient, clock);
    case FaultKind::http_until_oom:
      return call_until_oom(fault, patient, witness, clock, stop);
    case FaultKind::kill_host_process:
      sent = signal_container(patient.container, SIGKILL, false);
      break;
    case FaultKind::stop_host_process:
      sent = signal_container(patient.container, SIGSTOP, true);
      break;
  }
  if (!sent) return sent.error();
  return at;
}

base::Status undo(const Undo& undo, const Patient& patient, engine::ContainerEngine& engine) {
  const auto now = engine.inspect(patient.container.id);
  if (!now.ok()) return now.error().in("undo");
  if (now->state != engine::RunState::running) return engine.start(now->id);
  if (undo.kind == UndoKind::continue_host_process) {
    // A container that was restarted has other processes; continuing them changes nothing.
    const auto sent = signal_container(*now, SIGCONT, true);
    if (!sent && sent.error().code != ErrorCode::not_found) return sent;
  }
  if (undo.kind == UndoKind::http_call) {
    const auto answer = web_post(on_same_host(patient.url, undo.path), seconds(3));
    if (!answer.ok()) return answer.error().in("undo by " + undo.path);
  }
  return {};
}

}  // namespace chaos
