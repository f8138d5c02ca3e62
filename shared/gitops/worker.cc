#include "gitops/worker.h"

#include <utility>

#include "gitops/worker_codec.h"
#include "process/child.h"

namespace gitops {
namespace {

using base::Error;
using base::ErrorCode;

base::Result<WorkerAnswer> ask(const WorkerOptions& options, WorkerRequest request) {
  request.folder = options.folder;
  request.remote = options.remote;
  const std::string input = encode_request(request);
  process::Call call;
  call.name = "git-worker";
  call.words = options.program;
  call.environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", "HOME=/nonexistent"};
  call.input = input;
  call.output_max = options.answer_max;
  call.deadline = std::chrono::steady_clock::now() + options.patience;
  call.stop_fd = options.stop_fd;
  const bool may_push = request.verb == Verb::propose || request.verb == Verb::remove;
  auto text = process::run(call);
  if (!text) {
    // Ended in the middle, by the deadline or by us: a push may have arrived.
    Error error = text.error();
    const bool is_cut = error.code == ErrorCode::timeout || error.message.ends_with("we stop");
    if (may_push && is_cut) error.code = ErrorCode::unknown;
    return error;
  }
  auto answer = text->empty() ? base::Result<WorkerAnswer>(Error{ErrorCode::invalid, ""})
                              : decode_answer(*text);
  if (!answer) {
    return Error{may_push ? ErrorCode::unknown : ErrorCode::unavailable,
                 "git-worker: it ended without an answer"};
  }
  if (answer->error) return *answer->error;
  return answer;
}

WorkerRequest request_on(Verb verb, const std::string& branch,
                         const std::vector<std::string>& allowed = {}) {
  WorkerRequest request;
  request.verb = verb;
  request.branch = branch;
  request.allowed = allowed;
  return request;
}

}  // namespace

Worker::Worker(WorkerOptions options) : options_(std::move(options)) {}

base::Result<FileAt> Worker::read(const std::string& branch, const std::string& path,
                                  const std::vector<std::string>& allowed) const {
  auto request = request_on(Verb::read, branch, allowed);
  request.path = path;
  auto answer = ask(options_, std::move(request));
  if (!answer) return answer.error();
  return std::move(answer->file);
}

base::Result<Reverted> Worker::reverted(const std::string& branch, const std::string& commit,
                                        const std::vector<std::string>& allowed) const {
  auto request = request_on(Verb::revert, branch, allowed);
  request.expected = commit;
  auto answer = ask(options_, std::move(request));
  if (!answer) return answer.error();
  return std::move(answer->reverted);
}

base::Result<git::Sha> Worker::propose(const CommitPlan& plan) const {
  WorkerRequest request;
  request.verb = Verb::propose;
  request.plan = plan;
  auto answer = ask(options_, std::move(request));
  if (!answer) return answer.error();
  return std::move(answer->sha);
}

base::Result<std::vector<BranchAt>> Worker::fix_branches() const {
  auto answer = ask(options_, {});
  if (!answer) return answer.error();
  return std::move(answer->branches);
}

base::Status Worker::remove(const std::string& branch, const git::Sha& expected) const {
  auto request = request_on(Verb::remove, branch);
  request.expected = expected;
  const auto answer = ask(options_, std::move(request));
  if (!answer) return answer.error();
  return {};
}

}  // namespace gitops
