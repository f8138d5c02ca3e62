// An HTTP proxy for tests: CONNECT, and plain requests with an absolute address. One thread per
// connection; keeps the head of every request it got.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/ensure.h"

namespace support {

class TunnelProxy {
 public:
  // `authorization`: the value of Proxy-Authorization it asks for; empty: none.
  explicit TunnelProxy(std::string authorization = "") : wanted_(std::move(authorization)) {
    listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    base::ensure(bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     listen(listener_, 8) == 0,
                 "no port for the proxy");
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~TunnelProxy() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    thread_ = {};
    close(listener_);
  }
  TunnelProxy(const TunnelProxy&) = delete;
  TunnelProxy& operator=(const TunnelProxy&) = delete;

  [[nodiscard]] std::vector<std::string> heads() const {
    const std::lock_guard lock(mutex_);
    return heads_;
  }
  int port = 0;

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }

  static void say(int peer, const std::string& text) {
    (void)send(peer, text.data(), text.size(), MSG_NOSIGNAL);
  }

  void serve() {
    std::vector<std::jthread> threads;
    while (!stopping_) {
      const int peer = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) break;
      threads.emplace_back([this, peer] {
        answer(peer);
        close(peer);
      });
    }
  }

  void answer(int peer) {
    std::string head;
    char byte = 0;
    while (!head.ends_with("\r\n\r\n") && read(peer, &byte, 1) == 1) head += byte;
    {
      const std::lock_guard lock(mutex_);
      heads_.push_back(head);
    }
    if (!wanted_.empty() && head.find("Proxy-Authorization: " + wanted_ + "\r\n") == head.npos) {
      return say(peer,
                 "HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
                 "Content-Length: 0\r\nConnection: close\r\n\r\n");
    }
    const bool tunnel = head.starts_with("CONNECT ");
    const auto target = head.find(tunnel ? " " : "//") + (tunnel ? 1 : 2);
    const auto colon = head.find(':', target);
    const int there = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(std::atoi(head.c_str() + colon + 1));
    if (connect(there, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      say(peer, "HTTP/1.1 502 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    } else {
      if (tunnel) say(peer, "HTTP/1.1 200 X\r\n\r\n");
      if (!tunnel) {  // "GET http://host:port/path" becomes "GET /path".
        const auto method = head.find("http://");
        say(there, head.substr(0, method) + head.substr(head.find('/', method + 7)));
      }
      splice(peer, there);
    }
    close(there);
  }

  void splice(int one, int other) const {
    pollfd waits[] = {{one, POLLIN, 0}, {other, POLLIN, 0}};
    char bytes[16384];
    while (!stopping_ && poll(waits, 2, 100) >= 0) {
      for (int i = 0; i < 2; ++i) {
        if (waits[i].revents == 0) continue;
        const ssize_t got = read(waits[i].fd, bytes, sizeof bytes);
        if (got <= 0) return;
        if (send(waits[1 - i].fd, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) != got)
          return;
      }
    }
  }

  const std::string wanted_;
  int listener_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::jthread thread_;
};

}  // namespace support
