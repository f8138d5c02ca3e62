# The stage on which an outage is played: an engine, the demo application, a configuration, and all
# roles under `sre-space up`. Sourced by ./run and by tests/integration/loop_test.sh; no use alone.
# The caller sets `project` (the folder of the sources) and `program` (sre-space), may set `demo` and
# `DEMO_IMAGE` (another demo's program and the image of it, which goes at the end; else the one built
# beside it), and calls stage_strike at its end, however it ends.
# Everything is said on stderr.
#   stage_build_folder, stage_engine, stage_demo, stage_config, stage_up, stage_seed, stage_strike
# SRE_RANDOMISE=SEED gives every name, port, image and limit another value.

stage_dir=          # Of everything this run writes; removed at the end.
stage_up_pid=
stage_private=      # Set while our private engine runs.
stage_problem=      # One line: why the stage could not be set.
declare -a stage_ports=()

stage_say() { echo "$*" >&2; }
stage_fail() {
  stage_problem=$1
  stage_say "run: $1"
  return 1
}

# A wait of $1 seconds without starting a process; ends early on a trapped signal.
stage_pause() { read -rt "$1" <> <(:) || true; }

stage_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets `stage_port` to a free port below the range that the kernel gives to clients.
stage_choose_port() {
  local taken
  while true; do
    stage_port=$((12000 + (RANDOM * 32768 + RANDOM) % 18000))
    taken=" ${stage_ports[*]} "
    case $taken in *" $stage_port "*) continue ;; esac
    if stage_is_free "$stage_port"; then break; fi
  done
  stage_ports+=("$stage_port")
}

# Three free ports in a row, as demo-up wants them.
stage_choose_base() {
  while true; do
    stage_choose_port
    if stage_is_free $((stage_port + 1)) && stage_is_free $((stage_port + 2)); then break; fi
  done
  stage_ports+=($((stage_port + 1)) $((stage_port + 2)))
}

# A short folder: sockets in it must fit into 107 bytes.
stage_build_folder() {
  stage_dir=$(mktemp -d /tmp/sre-XXXXXX) || stage_fail "no folder can be made in /tmp"
  stage_id=${stage_dir##*/sre-}
  chmod 755 "$stage_dir"
  mkdir "$stage_dir/state"
  echo "$$ $(stage_birth $$)" >"$stage_dir/owner"
}

# When the process began, in the kernel's ticks; with the pid it names one process for good.
stage_birth() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20; }

# Removes what runs left that were killed before they could. Their roles have ended with them.
stage_sweep() {
  local folder pid birth
  for folder in /tmp/sre-??????; do
    { read -r pid birth <"$folder/owner"; } 2>/dev/null || continue
    [ -O "$folder" ] && [ "$(stage_birth "$pid")" != "$birth" ] || continue
    stage_say "removing what run ${folder##*/sre-} left behind"
    (
      stage_dir=$folder stage_private='' RUN_ID=run-${folder##*/sre-}
      [ ! -e "$folder/engine" ] || stage_private=$folder/engine
      DOCKER_HOST=$(sed -n 's/^engine: {host: "\(.*\)"}$/\1/p' "$folder/sre-space.yaml" 2>/dev/null || true)
      export RUN_ID DOCKER_HOST
      stage_strike
    ) || true
  done
}

# Sets and exports DOCKER_HOST: the one given, the default socket when it answers, else our own.
stage_engine() {
  local default=/var/run/docker.sock
  if [ -n "${DOCKER_HOST:-}" ]; then
    docker version >/dev/null 2>&1 || { stage_fail "no engine answers at DOCKER_HOST=$DOCKER_HOST"; return; }
  elif [ -S $default ] && [ "$(curl --silent --max-time 2 --unix-socket $default http://docker/_ping || true)" = OK ]; then
    export DOCKER_HOST=unix://$default
  else
    stage_say "starting a private container engine"
    stage_private=$stage_dir/engine
    local host
    host=$("$project/tools/private-engine" start "$stage_private" 2>"$stage_dir/engine.err") ||
      { stage_fail "$(sed -n '$s/^private-engine: //p' "$stage_dir/engine.err")"; return; }
    export DOCKER_HOST=$host
  fi
}

# The words of the demo: plain ones, or with a seed others for everything.
stage_names() {
  export RUN_ID=run-$stage_id
  stage_memory=64m
  # What one busy container gets even on a machine as busy as this one is, half a core at most: a
  # limit that nobody can reach is never at its limit.
  stage_cpus=$(awk -v cores="$(nproc)" '{share = 0.8 * cores / ($1 + 1)
    printf "%.2f", (share > 0.5 ? 0.5 : share < 0.15 ? 0.15 : share)}' /proc/loadavg)
  stage_quote=quote-service stage_policy=policy-service stage_user=user-service stage_front=nginx
  if [ -n "${SRE_RANDOMISE:-}" ]; then
    RANDOM=$((SRE_RANDOMISE + 1))
    stage_quote=q$RANDOM-offers stage_policy=p$RANDOM-contracts
    stage_user=u$RANDOM-people stage_front=f$RANDOM-edge
    stage_memory=$((40 + RANDOM % 40))m
    stage_cpus=$(awk -v most="$stage_cpus" -v part=$((70 + RANDOM % 30)) 'BEGIN {printf "%.2f", most * part / 100}')
    export DEMO_IMAGE=sre-$RANDOM-one:v$((RANDOM % 9)) DEMO_NGINX_IMAGE=sre-$RANDOM-two:v1
    stage_say "randomised with seed $SRE_RANDOMISE: $stage_quote $stage_policy $stage_user $stage_front, memory $stage_memory, cpus $stage_cpus"
  fi
  # Container names carry the run, so that runs on one engine do not meet.
  export DEMO_QUOTE=$stage_quote-$stage_id DEMO_POLICY=$stage_policy-$stage_id
  export DEMO_USER=$stage_user-$stage_id DEMO_NGINX=$stage_front-$stage_id
  export DEMO_NETWORK=sre-demo-$stage_id DEMO_MEMORY=$stage_memory DEMO_CPUS=$stage_cpus
}

# Images and containers. Argument: `fixed` for the default ports where they are free.
stage_demo() {
  local try said
  stage_names
  "$project/tools/demo-images" "$DOCKER_HOST" "${demo:-$(dirname "$program")/chaos/demo/demo-service}" \
    >/dev/null 2>"$stage_dir/images.err" || { stage_fail "$(tail -n 1 "$stage_dir/images.err")"; return; }
  for try in 1 2 3; do
    if [ "$1$try" = fixed1 ] && stage_is_free 8001 && stage_is_free 8002 && stage_is_free 8003 && stage_is_free 8080; then
      DEMO_PORT_BASE=8001 DEMO_NGINX_PORT=8080
    else
      stage_choose_base && DEMO_PORT_BASE=$stage_port
      stage_choose_port && DEMO_NGINX_PORT=$stage_port
    fi
    export DEMO_PORT_BASE DEMO_NGINX_PORT
    if said=$("$project/tools/demo-up" 2>&1 >/dev/null); then return 0; fi
    case $said in *already*) ;; *) break ;; esac
  done
  stage_fail "$(tail -n 1 <<<"$said")"
}

# A small nginx on this host before the quote service, so that the demo can scale it: its requests
# are spread over the replicas at 127.0.0.1:$stage_balanced. Sets `stage_balancer`, its part of the
# configuration; both stay empty where there is no nginx or no way from here to a container.
stage_balance() {
  local at=$stage_dir/balancer nginx address says kind
  stage_balancer='' stage_balanced=''
  nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || return 0
  address=$(docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$DEMO_QUOTE") || return 0
  curl --silent --fail --max-time 2 --output /dev/null "http://$address:8000/health" || return 0
  stage_choose_port && stage_balanced=$stage_port
  stage_choose_port && says=$stage_port
  mkdir "$at"
  echo "upstream quote { server $address:8000; }" >"$at/upstreams.conf"
  {
    echo "worker_processes 1; pid $at/pid; error_log $at/error.log; events {}"
    echo "http { access_log off; keepalive_timeout 0; include $at/upstreams.conf;"
    for kind in client_body proxy fastcgi uwsgi scgi; do echo "  ${kind}_temp_path $at/tmp;"; done
    echo "  server { listen 127.0.0.1:$stage_balanced; location / { proxy_pass http://quote; } } }"
  } >"$at/nginx.conf"
  if ! "$nginx" -c "$at/nginx.conf" </dev/null >"$at/start.log" 2>&1; then
    stage_say "the demo cannot be scaled: $(tail -n 1 "$at/start.log")"
    stage_balanced=''
    return 0
  fi
  stage_balancer="balancer:
  file: $at/upstreams.conf
  test: [$nginx, -t, -c, $at/nginx.conf]
  pid_file: $at/pid
  generation_address: 127.0.0.1:$says
  upstreams: [{service: $stage_quote, name: quote, port: 8000}]"
}

# The configuration $stage_dir/sre-space.yaml. Argument as of stage_demo.
stage_config() {
  stage_console=7080 stage_forge=7081
  if [ "$1" != fixed ] || ! stage_is_free 7080 || ! stage_is_free 7081; then
    stage_choose_port && stage_console=$stage_port
    stage_choose_port && stage_forge=$stage_port
  fi
  stage_balance
  local at=http://127.0.0.1
  cat >"$stage_dir/sre-space.yaml" <<CONFIG
# The demo's configuration. Its guards let a demo go fast; sre-space doctor names each such limit.
state: state
mode: auto
github: {repository: embedded}
engine: {host: "$DOCKER_HOST"}
console: {port: $stage_console}
forge: {port: $stage_forge}
$stage_balancer
limits:
  service_actions_per_hour: 1000
  service_actions_per_day: 1000
  global_actions_per_hour: 1000
  global_actions_per_day: 1000
  cooldown: 0s
  spacing: 0s
  blast_radius_percent: 100
  flap_start_percent: 100
  flap_restarts: 1000
  auto_tiers: [1, 2]
  pull_requests_per_day: 1000
  deploy_freeze: 0s
  host_cpu_percent: 100
  host_memory_percent: 100
  soak: 5s
  soak_probes_min: 10
  verify_deadline: 30s
  cpu_window: 3s
  issue_spacing: ${STAGE_ISSUE_SPACING:-250ms}
services:
  - name: $stage_front
    container: $DEMO_NGINX
    health: {url: "$at:$DEMO_NGINX_PORT/lb-health", every: 250ms, timeout: 1s, fails: 2}
    depends_on: [$stage_quote]
    grace: 0s
  - name: $stage_quote
    container: $DEMO_QUOTE
    health: {url: "$at:$DEMO_PORT_BASE/health", every: 250ms, timeout: 1s, fails: 2}
    # A caller's bound and window are wider than those of what it calls: the cause is seen first.
    path: {url: "$at:$DEMO_PORT_BASE/quote?user=7", every: 500ms, timeout: 3s, latency_bound: 800ms, window: 6s}
    depends_on: [$stage_policy]
    grace: 0s
  - name: $stage_policy
    container: $DEMO_POLICY
    health: {url: "$at:$((DEMO_PORT_BASE + 1))/health", every: 250ms, timeout: 1s, fails: 2}
    path: {url: "$at:$((DEMO_PORT_BASE + 1))/policy?user=7", every: 250ms, timeout: 2s, latency_bound: 500ms, window: 3s}
    depends_on: [$stage_user]
    grace: 0s
    # The third time it runs out of memory within a day, a pull request raises its limit.
    bounds: {memory_min_mib: 16, memory_max_mib: 256}
    gitops: {file: docker-compose.yml, memory_limit: "services.$stage_policy.mem_limit", merge: auto, merge_after: 2s}
  # Nobody probes it: only those who call it notice when it is gone.
  - name: $stage_user
    container: $DEMO_USER
    grace: 0s
CONFIG
}

# Starts all roles in a session of their own and waits until they watch. They end with us.
stage_up() {
  local end=$((SECONDS + 20))
  : >"$stage_dir/up.log"
  setsid setpriv --pdeathsig TERM "$program" --config "$stage_dir/sre-space.yaml" up \
    </dev/null >>"$stage_dir/up.log" 2>&1 &
  stage_up_pid=$!
  until stage_is_watching; do
    if ! kill -0 $stage_up_pid 2>/dev/null || [ $SECONDS -ge $end ]; then
      stage_say "the last lines of the roles' log:"
      tail -n 15 "$stage_dir/up.log" >&2
      stage_fail "the roles did not start: $(grep -hoE 'level=error .*' "$stage_dir/up.log" | tail -n 1)"
      return
    fi
    stage_pause 0.05
  done
}

# Puts the demo's compose file into the forge's repository, where fixes by pull request change it.
stage_seed() {
  local token at=http://127.0.0.1:$stage_forge/repos/sre-space/demo/contents/docker-compose.yml
  token=$(awk 'NR == 1 {print $3}' "$stage_dir/state/forge-users")
  jq --null-input --arg text "$(stage_compose)" '{message: "Describe the demo", content: ($text + "\n" | @base64)}' |
    curl --silent --fail --max-time 10 --output /dev/null --request PUT --header "Authorization: Bearer $token" --data @- "$at" ||
    stage_fail "the forge did not take the demo's compose file"
}

stage_compose() {
  cat <<COMPOSE
# The demo application as it is deployed. Fixes by pull request change one value of it.
services:
  $stage_front:
    image: ${DEMO_NGINX_IMAGE:-sre-demo-nginx:latest}
    depends_on: [$stage_quote]
  $stage_quote:
    image: ${DEMO_IMAGE:-sre-demo:latest}
    mem_limit: $stage_memory
    cpus: $stage_cpus
  $stage_policy:
    image: ${DEMO_IMAGE:-sre-demo:latest}
    command: [policy, --name, $stage_policy, --upstream, "http://user-service:8000"]
    mem_limit: $stage_memory  # Raised when it keeps running out of memory.
    cpus: $stage_cpus
  $stage_user:
    image: ${DEMO_IMAGE:-sre-demo:latest}
    mem_limit: $stage_memory
    cpus: $stage_cpus
COMPOSE
}

stage_is_watching() {
  grep -q 'scout watches' "$stage_dir/up.log" &&
    curl --silent --fail --max-time 1 --output /dev/null "http://127.0.0.1:$stage_console/health" &&
    curl --silent --max-time 1 --output /dev/null "http://127.0.0.1:$stage_forge/"
}

# ---- The end ----

stage_end_process() {
  local pid=$1 end=$((SECONDS + $2))
  kill -TERM "$pid" 2>/dev/null || return 0
  kill -CONT "$pid" 2>/dev/null || true  # A stopped process cannot obey.
  while kill -0 "$pid" 2>/dev/null; do
    case "$(cut -d ' ' -f 3 "/proc/$pid/stat" 2>/dev/null)" in Z | '') break ;; esac
    if [ $SECONDS -ge $end ]; then
      kill -KILL "$pid" 2>/dev/null || true
      break
    fi
    stage_pause 0.05
  done
}

# Processes of this run's roles: their command line names our configuration.
stage_processes() { [ -z "$stage_dir" ] || pgrep -f -- "--config $stage_dir/sre-space.yaml" || true; }

# Ends and removes everything this run made, and says what could not be. Safe to call twice.
stage_strike() {
  local pid left
  [ -n "$stage_dir" ] || return 0
  [ -z "$stage_up_pid" ] || stage_end_process "$stage_up_pid" 10
  for pid in $(stage_processes); do stage_end_process "$pid" 3; done
  pid=$(cat "$stage_dir/balancer/pid" 2>/dev/null || true)
  if [ -n "$pid" ] && grep --quiet --text "$stage_dir/balancer" "/proc/$pid/cmdline" 2>/dev/null; then
    stage_end_process "$pid" 3
  fi
  left=$(stage_processes | tr '\n' ' ')
  if [ -n "${RUN_ID:-}" ] && [ -n "${DOCKER_HOST:-}" ]; then
    if docker version >/dev/null 2>&1; then
      "$project/tools/demo-down" >&2 || left+="containers of $RUN_ID "
      # Only this run has its image.
      [ -z "${demo:-}" ] || docker image rm "$DEMO_IMAGE" >/dev/null 2>&1 || true
    fi
  fi
  if [ -n "$stage_private" ]; then
    "$project/tools/private-engine" stop "$stage_private" >&2 || left+="engine in $stage_private "
    stage_private=
    unset DOCKER_HOST
  fi
  if [ -n "${STAGE_KEEP_LOG:-}" ]; then cp "$stage_dir/up.log" "$STAGE_KEEP_LOG" 2>/dev/null || true; fi
  rm -rf "$stage_dir" || left+="$stage_dir "
  stage_dir= stage_up_pid=
  if [ -n "$left" ]; then
    stage_say "run: left behind: $left"
    return 1
  fi
}
