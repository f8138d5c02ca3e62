#!/bin/bash
# The third time within a day that a service runs out of memory, its limit is raised by a pull
# request: opened, merged, brought to the running container, proven, and the fault kills it no more.
# Usage: lasting_fix_test.sh PROGRAM
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=$1
# shellcheck source=on_stage.sh
source tests/integration/on_stage.sh

stage_build_folder && stage_engine && stage_demo any
stage_config any && stage_up && stage_seed || fail "${stage_problem:-no stage}"
at=http://127.0.0.1
policy=$at:$((DEMO_PORT_BASE + 1))
token=$(awk 'NR == 1 {print $3}' "$stage_dir/state/forge-users")
github() { curl --silent --fail --max-time 10 --header "Authorization: Bearer $token" "$at:$stage_forge/repos/sre-space/demo$1"; }
limit() { docker inspect --format '{{.HostConfig.Memory}}' "$DEMO_POLICY"; }
incidents() { "$program" --config "$stage_dir/sre-space.yaml" incidents list --json; }

# Fills its memory until the kernel kills it, then waits until that incident is closed. Its callers
# may have an incident of their own meanwhile, which may close first.
run_out_of_memory() {
  local end=$((SECONDS + 90))
  for _ in $(seq 40); do curl --silent --max-time 2 --output /dev/null "$policy/trigger_memory" || break; done
  until [ "$(incidents | jq '[.incidents[] | select(.signal.service == "policy-service" and .state == "closed")] | length')" = "$1" ]; do
    [ $SECONDS -lt $end ] || fail "incident $1 is not closed: $(incidents | jq --compact-output '[.incidents[] | {id, state, service: .signal.service, detail: .signal.detail, failure: .diagnosis.failure, why: .escalation.reason}]')"
    stage_pause 0.3
  done
}

before=$(limit)
run_out_of_memory 1
run_out_of_memory 2
check "two deaths leave the limit as it is" "$before" "$(limit)"
check "and open no pull request" 0 "$(github '/pulls?state=all' | jq length)"
github /contents/docker-compose.yml | jq --raw-output .content | base64 -d >"$stage_dir/before.yml"

run_out_of_memory 3
check "the running container has the new limit" $((before * 3 / 2)) "$(limit)"
pulls=$(github '/pulls?state=all')
check "one pull request, merged" '1 true' "$(jq --raw-output '"\(length) \(.[0].merged_at != null)"' <<<"$pulls")"
check "its title says what it is" true "$(jq '.[0].title | startswith("[SRE-AUTO-FIX]")' <<<"$pulls")"
check "its branch is gone" main "$(github /branches | jq --raw-output '[.[].name] | join(" ")')"
github /contents/docker-compose.yml | jq --raw-output .content | base64 -d >"$stage_dir/after.yml"
check "one line of the file is another" 1 "$(diff "$stage_dir/before.yml" "$stage_dir/after.yml" | grep -c '^>')"
check "its comment has stayed" 1 "$(grep -c 'mem_limit: 96m  # Raised' "$stage_dir/after.yml")"
issue=$(jq --raw-output '.[0].head.ref' <<<"$pulls" | cut -d - -f 3)
check "the record lies beside it" fix-$issue.yaml "$(github /contents/remediations | jq --raw-output '.[0].name')"
check "the issue names the pull request" true "$(github "/issues/$issue/comments" |
  jq --arg pull "#$(jq '.[0].number' <<<"$pulls")" '[.[].body | contains($pull)] | any')"

# What killed it before leaves it alive now: 80 MB of 96.
started=$(docker inspect --format '{{.State.StartedAt}}' "$DEMO_POLICY")
for _ in $(seq 7); do curl --silent --fail --max-time 5 --output /dev/null "$policy/trigger_memory" || fail "70 MB kill it still"; done
check "the fault kills it no more" "$started" "$(docker inspect --format '{{.State.StartedAt}}' "$DEMO_POLICY")"
echo "ok: the limit went from $before to $(limit) bytes by pull request #$(jq '.[0].number' <<<"$pulls")"
