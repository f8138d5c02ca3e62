#!/bin/bash
# The private engine, the demo images and the demo application, for real: every endpoint through the
# published ports, a kernel OOM kill, a crash, a hang, a person's stop, collisions, and nothing left.
# Usage: private_engine_test.sh PROJECT_FOLDER DEMO_SERVICE
# Chooses its own folder, names and ports, so that it runs beside anything.
set -euo pipefail

project=$1
binary=$2
tools=$project/tools
if [ "$(id -u)" != 0 ]; then
  echo "SKIPPED private_engine_test: must run as root"
  [ "${CI:-}" != true ] || exit 1
  exit 77
fi

work=$(mktemp -d)
tag=t$$-$RANDOM
watcher=
failures=0
unset DOCKER_CONTEXT DEMO_QUOTE DEMO_POLICY DEMO_USER DEMO_NGINX DEMO_NETWORK DEMO_IMAGE

finish() {
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
  "$tools/private-engine" stop "$work/engine" || true
  rm -rf "$work"
}
trap finish EXIT

# check WHAT EXPECTED GOT: a pattern of `case`.
check() {
  # shellcheck disable=SC2254  # A pattern is meant.
  case $3 in
    $2) echo "ok   $1" ;;
    *)
      echo "FAIL $1: expected $2, got: $3"
      failures=$((failures + 1))
      ;;
  esac
}

# Asks again and again, at most 10 s, until the command succeeds.
eventually() {
  local end=$((SECONDS + 10))
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "FAIL in time: $*"
      failures=$((failures + 1))
      return
    fi
    read -rt 0.02 <> <(:) || true
  done
}

get() { curl --silent --max-time "${2:-5}" "http://127.0.0.1:$1"; }
answers() { [ "$(curl --silent --max-time 1 --output /dev/null --write-out '%{http_code}' "http://127.0.0.1:$1")" = 200 ]; }
state() { docker inspect --format '{{.State.Status}} {{.State.OOMKilled}} {{.State.ExitCode}}' "$1"; }
host_pid() { docker inspect --format '{{.State.Pid}}' "$1"; }
is_exited() { [ "$(docker inspect --format '{{.State.Status}}' "$1")" = exited ]; }
is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
# The container events of $1 since the last call, as one line, once $2 is among them.
mark() { seen=$(wc -l <"$work/events"); }
events() { tail -n +$((seen + 1)) "$work/events" | awk -v name="$1" '$2 == name {print $1}' | tr '\n' ' '; }
saw() { case " $(events "$1")" in *" $2 "*) true ;; *) false ;; esac; }

choose_ports() {
  while true; do
    base=$((20000 + RANDOM % 10000))
    if is_free $base && is_free $((base + 1)) && is_free $((base + 2)) && is_free $((base + 3)); then return; fi
  done
}

# ---- The engine answers, once only ----
DOCKER_HOST=$("$tools/private-engine" start "$work/engine")
export DOCKER_HOST
check "the engine answers" '2[0-9].*' "$(docker version --format '{{.Server.Version}}')"
check "a second start finds the first" "$DOCKER_HOST" "$("$tools/private-engine" start "$work/engine")"
pool=$(head -n 1 "$work/engine/engine")
net=${pool%.0.0/16}

# ---- Images, twice ----
"$tools/demo-images" "$DOCKER_HOST" "$binary" >/dev/null
"$tools/demo-images" "$DOCKER_HOST" "$binary" >/dev/null
check "building again leaves no nameless image" 3 "$(docker images --quiet | wc -l)"

# ---- The application ----
choose_ports
export RUN_ID=$tag DEMO_PREFIX=$tag- DEMO_PORT_BASE=$base DEMO_NGINX_PORT=$((base + 3))
quote=$base policy=$((base + 1)) user=$((base + 2)) nginx=$((base + 3))
"$tools/demo-up" >/dev/null
docker events --format '{{.Action}} {{.Actor.Attributes.name}}' --filter type=container >"$work/events" &
watcher=$!
service=$tag-policy-service

check "quote calls policy calls user" '*"quote":107*"policy":"P-7"*"id":7*' "$(get "$quote/quote?user=7")"
check "nginx is in front of quote" '*"quote":107*' "$(get "$nginx/quote?user=7")"
check "nginx has its own health" '*healthy*' "$(get "$nginx/lb-health")"
for port in $quote $policy $user; do
  check "health of $port" '*"status":"healthy"*' "$(get "$port/health")"
  check "info of $port" '*"paths":*' "$(get "$port/")"
done
check "an unknown path" '*no such path*' "$(get "$user/nothing")"
check "a wrong number" '*must be*' "$(get "$user/trigger_cpu?seconds=abc")"
check "slow answers are asked for" '*"ms":300*' "$(get "$user/trigger_slow?ms=300&seconds=30")"
check "and slow" '0.[3-9]*' "$(curl --silent --output /dev/null --write-out '%{time_total}' "http://127.0.0.1:$user/user?id=1")"
check "while health is quick" '0.0*' "$(curl --silent --output /dev/null --write-out '%{time_total}' "http://127.0.0.1:$user/health")"
check "a core burns" '*burning*' "$(get "$user/trigger_cpu?seconds=30")"
check "the database is slow" '5.*' "$(curl --silent --output /dev/null --write-out '%{time_total}' "http://127.0.0.1:$user/trigger_db_latency")"
check "reset ends it" '*"status":"reset"*' "$(curl --silent --request POST "http://127.0.0.1:$user/reset")"
check "and answers are quick again" '0.0*' "$(curl --silent --output /dev/null --write-out '%{time_total}' "http://127.0.0.1:$user/user?id=1")"

# ---- Out of memory: the kernel's own kill ----
mark
check "one call keeps 10 MB" '*"current_memory_usage_mb":1[0-9]*' "$(get "$policy/trigger_memory")"
for _ in 1 2 3 4 5 6 7; do get "$policy/trigger_memory" >/dev/null || true; done
eventually is_exited "$service"
check "the engine reports the OOM kill" 'exited true 137' "$(state "$service")"
eventually saw "$service" die
check "oom comes before die, and no kill" 'oom die ' "$(events "$service")"
check "the log tells of the growth" '*cache grew to 60 MB*' "$(docker logs --tail 3 "$service" 2>&1)"
check "the caller names the missing upstream" '*502*policy-service*' "$(get "$quote/quote" | sed 's/^/502 /')"
docker start "$service" >/dev/null
eventually answers "$policy/health"
check "the chain works again" '*"quote":101*' "$(get "$quote/quote")"

# ---- A crash: the host process is killed ----
mark
kill -KILL "$(host_pid "$service")"
eventually is_exited "$service"
check "a crash is no OOM" 'exited false 137' "$(state "$service")"
eventually saw "$service" die
check "a crash emits die alone" 'die ' "$(events "$service")"
docker start "$service" >/dev/null
eventually answers "$policy/health"

# ---- A hang: TCP connects, nothing answers ----
kill -STOP "$(host_pid "$service")"
check "a hung service accepts and is silent" '000 0.*' \
  "$(curl --silent --max-time 1 --output /dev/null --write-out '%{http_code} %{time_connect}' "http://127.0.0.1:$policy/health" || true)"
check "the engine still says running" 'running*' "$(state "$service")"
check "the caller waits 2 s, no longer" '*within 2000 ms*' "$(get "$quote/quote")"
docker restart --time 0 "$service" >/dev/null
eventually answers "$policy/health"

# ---- A person's stop is told apart by its kill event ----
mark
began=$SECONDS
docker stop "$service" >/dev/null
check "process 1 obeys TERM at once" '[012]' "$((SECONDS - began))"
eventually saw "$service" stop
check "a stop emits kill first" 'kill die stop ' "$(events "$service")"
check "and ends in order" 'exited false 0' "$(state "$service")"

# ---- An image that is not ours ----
choose_ports
docker run --detach --name "$tag-foreign" --publish "127.0.0.1:$base:8000" --network "$tag-sre-demo" \
  sre-busybox:latest >/dev/null
eventually answers "$base/health"

# ---- Collisions are errors, and touch nothing ----
before=$(docker ps --all --quiet --no-trunc | sort)
check "a name in use" '*exists already*' "$("$tools/demo-up" 2>&1 || true)"
check "a port in use" '*cannot start*already*' "$(DEMO_PREFIX=$tag-two- "$tools/demo-up" 2>&1 || true)"
check "nothing was removed or left" "$before" "$(docker ps --all --quiet --no-trunc | sort)"
docker network connect none "$tag-foreign" 2>/dev/null || true
docker network disconnect "$tag-sre-demo" "$tag-foreign" 2>/dev/null || true
"$tools/demo-down"
check "demo-down leaves what is not of its run" "$tag-foreign" "$(docker ps --all --format '{{.Names}}')"

# ---- Nothing is left, even after the engine was killed ----
leftovers() {
  pgrep -fa -- "$work/engine/|-container-ip $net\\." | grep -v private_engine_test || true
  ip -4 -o address show | grep -F " $net." || true
  grep -F " $work/engine/" /proc/mounts || true
  { iptables -w -S && iptables -w -t nat -S; } 2>/dev/null | grep -F "$net." || true
  find "$work/engine" -mindepth 1 -not -path "$work/engine/log*"
}
"$tools/demo-up" >/dev/null
kill "$watcher"
watcher=
kill -KILL "$(cat "$work/engine/dockerd.pid")" "$(cat "$work/engine/containerd.pid")"
"$tools/private-engine" stop "$work/engine"
check "nothing is left of a killed engine" '' "$(leftovers)"
DOCKER_HOST=$("$tools/private-engine" start "$work/engine")
"$tools/demo-images" "$DOCKER_HOST" "$binary" >/dev/null
"$tools/demo-up" >/dev/null
"$tools/private-engine" stop "$work/engine"
check "nothing is left of a stopped engine" '' "$(leftovers)"
check "a second stop is no error" '' "$("$tools/private-engine" stop "$work/engine" 2>&1)"

# ---- No engine: one clear line ----
said=$("$tools/private-engine" start /proc/none 2>&1 || true)
check "a folder that cannot be made is one line" 'private-engine: no engine can be started: *' "$said"
check "one line" 1 "$(wc -l <<<"$said")"

[ $failures = 0 ] || { echo "$failures checks failed"; exit 1; }
echo "all checks passed"
