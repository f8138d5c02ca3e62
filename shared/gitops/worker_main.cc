// The process `sre-space git-worker`.
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "gitops/worker.h"
#include "gitops/worker_codec.h"

namespace gitops {
namespace {

using base::Error;
using base::ErrorCode;

constexpr std::size_t kRequestMax = 8U << 20U;  // Bytes: four files of 1 MB as base64, and more.

base::Result<std::string> read_request() {
  std::string text;
  char chunk[65'536];
  while (true) {
    const ssize_t size = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return Error{ErrorCode::invalid, "git-worker: no request on standard input"};
    if (size == 0) return text;
    text.append(chunk, static_cast<std::size_t>(size));
    if (text.size() > kRequestMax) {
      return Error{ErrorCode::invalid, "git-worker: a request larger than 8 MB"};
    }
  }
}

WorkerAnswer failed(Error error) {
  WorkerAnswer answer;
  answer.error = std::move(error);
  return answer;
}

WorkerAnswer answer_read(Repository& repository, const WorkerRequest& request) {
  if (const auto fetched = repository.fetch(request.branch); !fetched) {
    return failed(fetched.error());
  }
  auto file = repository.read(request.branch, request.path, request.allowed);
  if (!file) return failed(file.error());
  WorkerAnswer answer;
  answer.file = std::move(*file);
  return answer;
}

WorkerAnswer answer_revert(Repository& repository, const WorkerRequest& request) {
  if (const auto fetched = repository.fetch(request.branch); !fetched) {
    return failed(fetched.error());
  }
  auto reverted = repository.reverted(request.branch, request.expected, request.allowed);
  if (!reverted) return failed(reverted.error());
  WorkerAnswer answer;
  answer.reverted = std::move(*reverted);
  return answer;
}

// The branch's commit, when it is the plan's, made on an earlier head of the base: whoever moved
// the base in between did not make it another change.
bool stands_already(Repository& repository, CommitPlan plan, git::Sha& made) {
  const auto there = repository.fetch(plan.branch);
  const auto parent = repository.parent(plan.branch);
  if (!there || !parent) return false;
  plan.base = *parent;
  const auto again = repository.commit(plan);
  if (!again || *again != *there) return false;
  made = *again;
  return true;
}

WorkerAnswer answer_propose(Repository& repository, const CommitPlan& plan) {
  // Mostly the file was read just before, and the base fetched with it.
  const auto known = repository.fetched(plan.base_branch);
  if (!known || *known != plan.base) {
    const auto fetched = repository.fetch(plan.base_branch);
    if (!fetched) return failed(fetched.error());
  }
  auto made = repository.commit(plan);
  if (!made) return failed(made.error());
  if (const base::Status pushed = repository.push(plan.branch, *made); !pushed.ok()) {
    const bool is_known = pushed.error().code == ErrorCode::conflict &&
                          stands_already(repository, plan, made.value());
    if (!is_known) return failed(pushed.error());
  }
  WorkerAnswer answer;
  answer.sha = *made;
  return answer;
}

WorkerAnswer answer_to(const WorkerRequest& request) {
  auto opened = Repository::open(request.folder, request.remote);
  if (!opened) return failed(opened.error());
  Repository& repository = **opened;
  switch (request.verb) {
    case Verb::read:
      return answer_read(repository, request);
    case Verb::revert:
      return answer_revert(repository, request);
    case Verb::propose:
      return answer_propose(repository, request.plan);
    case Verb::fix_branches: {
      auto branches = repository.fix_branches();
      if (!branches) return failed(branches.error());
      WorkerAnswer answer;
      answer.branches = std::move(*branches);
      return answer;
    }
    case Verb::remove: {
      const base::Status removed = repository.remove(request.branch, request.expected);
      return removed.ok() ? WorkerAnswer{} : failed(removed.error());
    }
  }
  return failed({ErrorCode::invalid, "git-worker: unknown verb"});
}

bool write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(STDOUT_FILENO, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace

int worker_main() {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // Whoever waits for the answer has gone: so do we.
  const auto text = read_request();
  if (!text) return write_all(encode_answer(failed(text.error()))) ? 0 : 1;
  const auto request = decode_request(*text);
  const WorkerAnswer answer = request ? answer_to(*request) : failed(request.error());
  return write_all(encode_answer(answer)) ? 0 : 1;
}

}  // namespace gitops
