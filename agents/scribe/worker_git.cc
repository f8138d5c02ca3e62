#include "agents/scribe/worker_git.h"

#include "github/address.h"
#include "github/rest_client.h"
#include "github/sign_in.h"
#include "gitops/worker.h"

namespace scribe {
namespace {

class WorkerGit final : public GitPort {
 public:
  WorkerGit(gitops::WorkerOptions options, std::unique_ptr<github::RestClient> line,
            std::unique_ptr<github::SignIn> sign_in)
      : options_(std::move(options)), line_(std::move(line)), sign_in_(std::move(sign_in)) {}

  base::Result<gitops::FileAt> read(const std::string& branch, const std::string& path,
                                    const std::vector<std::string>& allowed) override {
    const auto worker = open();
    if (!worker) return worker.error();
    return worker->read(branch, path, allowed);
  }
  base::Result<gitops::Reverted> reverted(const std::string& branch, const std::string& commit,
                                          const std::vector<std::string>& allowed) override {
    const auto worker = open();
    if (!worker) return worker.error();
    return worker->reverted(branch, commit, allowed);
  }
  base::Result<git::Sha> propose(const gitops::CommitPlan& plan) override {
    const auto worker = open();
    if (!worker) return worker.error();
    return worker->propose(plan);
  }
  base::Result<std::vector<gitops::BranchAt>> fix_branches() override {
    const auto worker = open();
    if (!worker) return worker.error();
    return worker->fix_branches();
  }
  base::Status remove(const std::string& branch, const git::Sha& expected) override {
    const auto worker = open();
    if (!worker) return worker.error();
    return worker->remove(branch, expected);
  }

 private:
  // An app's token lasts an hour: it is asked for anew each time, and mostly known.
  base::Result<gitops::Worker> open() {
    const auto said = sign_in_->authorization();
    if (!said) return said.error();
    gitops::WorkerOptions options = options_;
    options.remote.token = said->substr(said->find(' ') + 1);
    return gitops::Worker(std::move(options));
  }

  const gitops::WorkerOptions options_;
  std::unique_ptr<github::RestClient> line_;
  std::unique_ptr<github::SignIn> sign_in_;
};

}  // namespace

base::Result<std::unique_ptr<GitPort>> make_worker_git(const WorkerGitOptions& options,
                                                       const github::RestOptions& target,
                                                       const base::Clock& clock) {
  const std::string url = github::clone_url(target.line.api, target.repository);
  if (url.empty()) {
    return base::Error{base::ErrorCode::invalid, "github.api: not the address of an API"};
  }
  auto line = github::RestClient::make(target.line);
  if (!line) return line.error();
  auto who = github::sign_in(target, **line, clock);
  if (!who) return who.error();
  gitops::WorkerOptions worker;
  worker.program = options.program;
  worker.folder = options.folder;
  worker.remote.url = url;
  worker.remote.ca_file = target.line.ca_file;
  if (const auto proxy = github::parse_proxy(target.line.proxy)) {
    const bool is_bare = proxy->host.find(':') != std::string::npos;  // An address of IPv6.
    worker.remote.proxy = "http://" + (is_bare ? "[" + proxy->host + "]" : proxy->host) + ":" +
                          std::to_string(proxy->port);
    worker.remote.proxy_user = proxy->user;
    worker.remote.proxy_password = proxy->password;
  }
  worker.stop_fd = options.stop_fd;
  return std::unique_ptr<GitPort>(std::make_unique<WorkerGit>(
      std::move(worker), std::move(line).value(), std::move(who).value()));
}

}  // namespace scribe
