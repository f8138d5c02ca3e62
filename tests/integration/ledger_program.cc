// The other process in tests of the ledger:
//   ledger_program append PATH NAME COUNT   appends COUNT events one by one, then ends
//   ledger_program write PATH NAME          appends for ever, saying "position id" after each
//   answer ledger_program listen PATH NAME COUNT   says "ready", then "position boot_ns" for each
//   event, woken ledger_program fill FOLDER              appends until the 1 MB disk that it mounts
//   there is full
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "ledger/sqlite_ledger.h"
#include "tests/support/ledger_drafts.h"

namespace {

const base::SystemClock kClock;

std::unique_ptr<ledger::Ledger> open(const std::string& path) {
  auto opened = ledger::open_sqlite({path}, kClock);
  if (opened) return std::move(opened).value();
  std::fprintf(stderr, "%s\n", opened.error().message.c_str());
  std::exit(2);
}

int fail(const base::Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 3;
}

void say(const std::string& line) {
  const std::string text = line + "\n";
  if (write(STDOUT_FILENO, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    std::exit(4);
}

int append(const std::string& path, const std::string& name, int count) {
  auto ledger = open(path);
  for (int i = 0; i < count; ++i) {
    if (auto done = ledger->append({support::signal(name + "-" + std::to_string(i))}, 0); !done)
      return fail(done.error());
  }
  return 0;
}

// Every third append has three events and a blob, all of which must stand or none.
int write_for_ever(const std::string& path, const std::string& name) {
  auto ledger = open(path);
  for (int i = 0;; ++i) {
    const std::string id = name + "-" + std::to_string(i);
    std::vector<ledger::Draft> drafts = {support::signal(id)};
    std::vector<std::string> blobs;
    if (i % 3 == 0) {
      drafts.insert(drafts.begin(), {support::signal(id + "a"), support::signal(id + "b")});
      blobs.push_back("blob of " + id);
    }
    const auto done = ledger->append(drafts, 0, blobs);
    if (!done) return fail(done.error());
    say(std::to_string(*done) + " " + id);
  }
}

int listen(const std::string& path, const std::string& name, int count) {
  auto ledger = open(path);
  auto wakeup = ledger::Wakeup::open(path, name);
  if (!wakeup) return fail(wakeup.error());
  say("ready");
  std::int64_t position = 0;
  while (position < count) {
    pollfd ready{wakeup.value()->descriptor(), POLLIN, 0};
    if (poll(&ready, 1, 20'000) <= 0) return 5;  // Lost: no safety look here.
    const auto woken = kClock.now().boot.time_since_epoch().count();
    wakeup.value()->drain();
    const auto records = ledger->read(position);
    if (!records) return fail(records.error());
    for (const auto& record : *records) {
      position = record.position;
      say(std::to_string(position) + " " + std::to_string(woken));
    }
  }
  return 0;
}

// In a mount namespace of its own, so that nothing outside sees the small disk.
int fill(const std::string& folder) {
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=1m") != 0) {
    say("no small disk can be mounted here");
    return 77;
  }
  const std::string ballast = folder + "/ballast";
  std::ofstream(ballast) << std::string(200'000, 'x');
  auto ledger = open(folder + "/ledger.db");
  std::int64_t acknowledged = 0;
  while (true) {
    const auto done = ledger->append({support::signal(std::to_string(acknowledged + 1))}, 0,
                                     {std::string(3000, 'b') + std::to_string(acknowledged)});
    if (!done) {
      say("error " + std::string(to_string(done.error().code)));
      break;
    }
    acknowledged = *done;
  }
  const auto head = ledger->head();
  say(head && *head == acknowledged ? "head is right" : "head is wrong");
  std::filesystem::remove(ballast);
  const auto again = ledger->append({support::signal("after")}, 0);
  say(again && *again == acknowledged + 1
          ? "works again"
          : "stays broken: " + (again ? std::string("gap") : again.error().message));
  say(ledger->verify() ? "chain is right" : "chain is wrong");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 2 ? argv[1] : "";
  const int count = argc > 4 ? std::atoi(argv[4]) : 0;
  if (verb == "append" && argc == 5) return append(argv[2], argv[3], count);
  if (verb == "write" && argc == 4) return write_for_ever(argv[2], argv[3]);
  if (verb == "listen" && argc == 5) return listen(argv[2], argv[3], count);
  if (verb == "fill" && argc == 3) return fill(argv[2]);
  return 64;
}
