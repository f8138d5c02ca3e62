#include "escalation/agents.h"

namespace escalation {
namespace {

using base::Error;
using base::ErrorCode;

class WorkflowAgent final : public CodingAgent {
 public:
  WorkflowAgent(std::string workflow, std::string branch, github::Workshop& workshop)
      : workflow_(std::move(workflow)), branch_(std::move(branch)), workshop_(workshop) {}

  base::Result<Handed> start(const Task& task) override {
    const auto done = workshop_.dispatch(
        workflow_, branch_,
        {{"op", task.op}, {"issue", std::to_string(task.issue)}, {"packet", task.markdown}});
    if (!done) return done.error().in("dispatch " + workflow_);
    return Handed{0, "workflow " + workflow_};
  }

  base::Result<std::optional<Handed>> look(const std::string& op, std::int64_t) override {
    const auto runs = workshop_.list_runs(workflow_);
    if (!runs && runs.error().code == ErrorCode::unavailable) return runs.error();
    if (runs) {
      for (const auto& run : *runs) {
        if (run.title.find(op) != std::string::npos)
          return std::optional<Handed>(Handed{0, run.url});
      }
    }
    // A run may be listed late, and a workflow without that run-name is never found.
    return Error{ErrorCode::unknown, "no run of " + workflow_ + " names the operation " + op};
  }

 private:
  const std::string workflow_, branch_;
  github::Workshop& workshop_;
};

// To assign somebody twice is to assign them once.
class AssignAgent final : public CodingAgent {
 public:
  AssignAgent(std::string login, github::Workshop& workshop)
      : login_(std::move(login)), workshop_(workshop) {}

  base::Result<Handed> start(const Task& task) override {
    auto done = workshop_.assign(task.issue, login_);
    if (!done && done.error().code == ErrorCode::unknown)
      done = workshop_.assign(task.issue, login_);
    if (!done) return done.error().in("assign " + login_);
    return Handed{0, "assigned to " + login_};
  }

  base::Result<std::optional<Handed>> look(const std::string&, std::int64_t) override {
    return std::optional<Handed>();
  }

 private:
  const std::string login_;
  github::Workshop& workshop_;
};

}  // namespace

std::unique_ptr<CodingAgent> make_workflow_agent(std::string workflow, std::string branch,
                                                 github::Workshop& workshop) {
  return std::make_unique<WorkflowAgent>(std::move(workflow), std::move(branch), workshop);
}

std::unique_ptr<CodingAgent> make_assign_agent(std::string login, github::Workshop& workshop) {
  return std::make_unique<AssignAgent>(std::move(login), workshop);
}

}  // namespace escalation
