#!/bin/bash
# The whole product against real containers: all experiments, an image that is not ours, the forge gone
# while a fault is healed, a role that stands still, a port in use, and everything once more with
# other names, ports, images and limits.
# Usage: loop_test.sh PROJECT_FOLDER SRE_SPACE
set -euo pipefail

project=$1
program=$2
if [ "$(id -u)" != 0 ]; then
  echo "SKIPPED loop_test: must run as root"
  [ "${CI:-}" != true ] || exit 1
  exit 77
fi
unset DOCKER_CONTEXT SRE_RANDOMISE SRE_CHAOS_DIR SRE_CONFIG
export SRE_PROGRAM=$program
# shellcheck source=../../tools/stage.sh
source "$project/tools/stage.sh"
failures=0

replies=
finish() {
  local code=$?
  trap - EXIT
  [ -z "$replies" ] || rm -f "$replies"
  trap '' INT TERM
  if [ $failures != 0 ] && [ -s "$stage_dir/up.log" ]; then
    echo "the roles' log:"
    tail -n 40 "$stage_dir/up.log"
  fi
  stage_strike || code=1
  exit $code
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  echo "FAIL $*"
  failures=$((failures + 1))
}
# check WHAT EXPECTED GOT: a pattern of `case`.
check() {
  # shellcheck disable=SC2254  # A pattern is meant.
  case $3 in
    $2) echo "ok   $1" ;;
    *) fail "$1: expected $2, got: $3" ;;
  esac
}
# Asks again and again, at most $1 s, until the command succeeds.
eventually() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      fail "in time: $*"
      return 0
    fi
    stage_pause 0.1
  done
}

sre() { "$program" --config "$stage_dir/sre-space.yaml" "$@"; }
# Runs experiments; the result is in $result, the exit code in $code.
chaos() {
  code=0
  result=$(sre chaos run --json "$@" 2>"$stage_dir/chaos.err") || code=$?
}
of_result() { jq --raw-output "$1" <<<"$result"; }
forge() {
  local token
  token=$(awk '$1 == "dave" {print $3}' "$stage_dir/state/forge-users")
  curl --silent --max-time 5 --header "Authorization: Bearer $token" \
    "http://127.0.0.1:$stage_forge/repos/sre-space/demo/$1"
}
role_pid() { jq ".roles[] | select(.role == \"$1\") | .pid" "$stage_dir/state/up.json"; }

# ---- The stage, and a container of an image that is not ours ----
stage_build_folder
stage_engine
stage_demo any
stage_choose_port
foreign=foreign-$stage_id foreign_port=$stage_port
docker run --detach --name "$foreign" --label "sre.run=$RUN_ID" --memory 32m --memory-swap 32m \
  --publish "127.0.0.1:$foreign_port:8000" --network "$DEMO_NETWORK" sre-busybox:latest >/dev/null
stage_config any
cat >>"$stage_dir/sre-space.yaml" <<CONFIG
  - name: somebody-elses
    container: $foreign
    health: {url: "http://127.0.0.1:$foreign_port/health", every: 250ms, timeout: 1s, fails: 2}
    grace: 0s
CONFIG
# Every reply of the embedded GitHub in this run is held against GitHub's own schemas at the end.
replies=$(mktemp)
SRE_FORGE_RECORD=$replies stage_up
stage_seed

# ---- All experiments ----
check "the experiments are listed" 'cpu crash dependency hang latency oom' \
  "$(sre chaos list --json | jq --raw-output '[.experiments[].name] | join(" ")')"
chaos oom crash hang cpu latency dependency
check "all experiments are healed" 0 "$code"
while read -r line; do
  echo "     $line"
done < <(of_result '.experiments[] | "\(.scenario): \(.failure_class) \(.action) \(.phases_ms | tojson) \(.reason // "")"')
check "each with its class" 'oom crash hang cpu_saturation high_latency dependency_down' \
  "$(of_result '[.experiments[].failure_class] | join(" ")')"
check "each remembered" true "$(of_result '[.experiments[].recalled] | all')"

# ---- An image that is not ours ----
chaos crash hang --target somebody-elses
check "a foreign container is healed" 0 "$code"
check "and seen as what it is" 'crash hang' "$(of_result '[.experiments[].failure_class] | join(" ")')"
chaos cpu --target somebody-elses
check "a fault it does not offer is not tried" '1 steady_state *does not offer /trigger_cpu*' \
  "$code $(of_result '.experiments[0] | "\(.missing_stage) \(.reason)"')"
check "an unknown experiment is used wrongly" '*did you mean "oom"?*2' "$(sre chaos run oon 2>&1 || echo $?)"

# ---- The forge is gone while a fault is healed ----
issues_before=$(forge 'issues?state=all&per_page=100' | jq length)
started_before=$(docker inspect --format '{{.State.StartedAt}}' "$DEMO_QUOTE")
is_restarted() {
  [ "$(docker inspect --format '{{.State.Running}}' "$DEMO_QUOTE")" = true ] &&
    [ "$(docker inspect --format '{{.State.StartedAt}}' "$DEMO_QUOTE")" != "$started_before" ]
}
is_told() {
  issue=$(forge 'issues?state=all&per_page=100' | jq --compact-output "sort_by(.number) | .[$issues_before] // empty")
  [ "$(jq --raw-output .state <<<"${issue:-null}" 2>/dev/null)" = closed ]
}
stopped=$(role_pid forge)
kill -STOP "$stopped"
kill -KILL "$(docker inspect --format '{{.State.Pid}}' "$DEMO_QUOTE")"
eventually 5 is_restarted
check "it is healed without the forge" true "$(is_restarted && echo true)"
stage_pause 10  # The outage's length is the point here.
kill -CONT "$stopped"
eventually 60 is_told
check "the issue appears afterwards, closed" 'completed' "$(jq --raw-output .state_reason <<<"${issue:-null}")"
comments=$(forge "issues/$(jq .number <<<"$issue")/comments?per_page=100")
for sign in 📚 🧠 🛠 ✅ 📝; do
  check "complete, with one $sign" 1 \
    "$(jq "[.[] | select(.body | split(\"\n\")[1] | startswith(\"$sign\"))] | length" <<<"$comments")"
done
check "and once" $((issues_before + 1)) "$(forge 'issues?state=all&per_page=100' | jq length)"

# ---- A port in use ----
sed 's/^state: .*/state: other/' "$stage_dir/sre-space.yaml" >"$stage_dir/other.yaml"
check "a port in use is one clear line" "*cannot start*port*$stage_forge*1" \
  "$("$program" --config "$stage_dir/other.yaml" up 2>&1 </dev/null || echo $?)"

# ---- A role that stands still ----
stopped=$(role_pid brain)
kill -STOP "$stopped"
chaos crash
check "without the brain the diagnosis is missing" '1 diagnose' "$code $(of_result '.experiments[0].missing_stage')"
check "while the others go on: the issue is there" '[0-9]*' "$(of_result '.experiments[0].issue')"
kill -CONT "$stopped"

stage_strike || fail "something was left"

# ---- What GitHub would have answered ----
code=0
valid=$("$project/tools/validate-forge-record" "$replies" 2>&1) || code=$?
if [ $code = 2 ]; then
  echo "SKIPPED (optional) the forge's replies against GitHub's schemas: $valid"
else
  check "every reply of the run has GitHub's shape" '0 *[1-9]* replies* 0 faults' "$code $valid"
fi
rm -f "$replies"

# ---- With other names, ports, images and limits ----
seed=$((RANDOM + 1))
line=$(SRE_RANDOMISE=$seed "$project/run" --once --json --experiments 'oom hang dependency' \
  2>"${TMPDIR:-/tmp}/loop-$$.err" </dev/null) && code=0 || code=$?
check "randomised with seed $seed" '0 true' "$code $(jq .ok <<<"$line")"
[ $code = 0 ] || { echo "$line" && tail -n 30 "${TMPDIR:-/tmp}/loop-$$.err"; }
rm -f "${TMPDIR:-/tmp}/loop-$$.err"
check "one line" 1 "$(wc -l <<<"$line")"
check "with nothing missing" 'null' "$(jq .missing_stage <<<"$line")"

[ $failures = 0 ] || { echo "$failures checks failed"; exit 1; }
echo "all checks passed"
