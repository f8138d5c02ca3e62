#include "forge/git/backend.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <string_view>
#include <utility>
#include <vector>

#include "forge/git/wire.h"
#include "process/child.h"

namespace forge {
namespace {

std::string query_of(const http::Request& request) {
  const std::size_t at = request.target.find('?');
  return at == request.target.npos ? "" : request.target.substr(at + 1);
}

// All the child gets to know: nothing of our own environment but where programs are.
std::vector<std::string> environment(const BackendOptions& options, const BackendCall& call) {
  const http::Request& request = call.request;
  std::vector<std::string> env = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                  "LC_ALL=C.UTF-8",
                                  "HOME=/nonexistent",
                                  "GIT_CONFIG_NOSYSTEM=1",
                                  "GIT_CONFIG_GLOBAL=/dev/null",
                                  "GIT_HTTP_EXPORT_ALL=1",
                                  "GATEWAY_INTERFACE=CGI/1.1",
                                  "SERVER_PROTOCOL=HTTP/1.1",
                                  "GIT_PROJECT_ROOT=" + options.folder,
                                  "PATH_INFO=" + call.path,
                                  "REMOTE_USER=" + call.login,
                                  "REMOTE_ADDR=" + request.remote_address,
                                  "REQUEST_METHOD=" + request.method,
                                  "QUERY_STRING=" + query_of(request),
                                  "CONTENT_LENGTH=" + std::to_string(request.body.size())};
  const auto pass = [&](const char* name, std::string_view header) {
    const std::string_view value = request.header(header);
    if (!value.empty()) env.push_back(std::string(name) + "=" + std::string(value));
  };
  pass("CONTENT_TYPE", "Content-Type");
  pass("HTTP_CONTENT_ENCODING", "Content-Encoding");
  pass("GIT_PROTOCOL", "Git-Protocol");
  env.push_back("GIT_CONFIG_COUNT=" + std::to_string(call.settings.size()));
  int at = 0;
  for (const auto& [name, value] : call.settings) {
    env.push_back("GIT_CONFIG_KEY_" + std::to_string(at) + "=" + name);
    env.push_back("GIT_CONFIG_VALUE_" + std::to_string(at++) + "=" + value);
  }
  return env;
}

}  // namespace

Backend::Backend(BackendOptions options)
    : options_(std::move(options)), stop_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Backend::~Backend() {
  if (stop_fd_ >= 0) ::close(stop_fd_);
}

void Backend::stop() { ::eventfd_write(stop_fd_, 1); }

base::Result<http::Response> Backend::serve(const BackendCall& call) const {
  process::Call child;  // Its limits are what a hostile pack may cost at most.
  child.name = "git http-backend";
  child.words = {"git", "http-backend"};
  child.environment = environment(options_, call);
  child.input = call.request.body;
  child.output_max = options_.reply_max;
  child.deadline = std::chrono::steady_clock::now() + options_.patience;
  child.stop_fd = stop_fd_;
  auto text = process::run(child);
  if (!text) return text.error();
  auto response = read_cgi(std::move(*text));
  if (response) return std::move(*response);
  return base::Error{base::ErrorCode::unknown, "git http-backend: no answer of a CGI program"};
}

}  // namespace forge
