#!/bin/bash
# A service falls sick with a deploy. Its container goes back to the version before, the commit that
# came with the deploy is named and reverted by a pull request, exactly that one; and a version that
# dies at once is rolled back without any word of who deployed it.
# Usage: bad_deploy_test.sh PROGRAM
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
github() {
  local path=$1
  shift
  curl --silent --fail --max-time 10 --header "Authorization: Bearer $token" "$@" "$at:$stage_forge/repos/sre-space/demo$path"
}
incidents() { curl --silent --fail --max-time 5 "$at:$stage_console/incidents"; }
# Not those that only note that somebody took the container away.
of_policy() { incidents | jq --compact-output --arg name "$stage_policy" '[.incidents[] | select(.service == $name and .root == null and .ended_as != "stood_down" and .state != "stood_down")]'; }
file() { github "/contents/docker-compose.yml" | jq --raw-output .content | base64 -d; }
# How the container is made, but for what the engine gives each one anew.
making() {
  docker inspect "$DEMO_POLICY" | jq --sort-keys --compact-output '.[0] | {Path, Args, Image, Labels: .Config.Labels,
    Env: .Config.Env, Memory: .HostConfig.Memory, Cpus: .HostConfig.NanoCpus, Ports: .HostConfig.PortBindings,
    Networks: [.NetworkSettings.Networks | to_entries[] | {key, aliases: ([.value.Aliases[] | select(test("^[0-9a-f]{12}$") | not)] | sort)}]}'
}
# Somebody deploys: another container of that name, of image $1, with these words.
deploy() {
  local with=$1
  shift
  docker rm --force "$DEMO_POLICY" >/dev/null
  docker create --name "$DEMO_POLICY" --network "$DEMO_NETWORK" --network-alias policy-service \
    --publish "127.0.0.1:$((DEMO_PORT_BASE + 1)):8000" --label "sre.run=$RUN_ID" --restart no \
    --memory "$DEMO_MEMORY" --memory-swap "$DEMO_MEMORY" --cpus "$DEMO_CPUS" \
    --log-opt max-size=1m --log-opt max-file=2 "$with" "$@" >/dev/null
  docker start "$DEMO_POLICY" >/dev/null
}
# Waits until policy-service has $1 incidents that are closed, and all are.
await_closed() {
  local end=$((SECONDS + 90))
  until [ "$(of_policy | jq --raw-output '"\(length) \(map(.state) | unique | join(","))"')" = "$1 closed" ]; do
    [ $SECONDS -lt $end ] || fail "incident $1 is not closed: $(incidents | jq --compact-output '[.incidents[] | {id, service, state, ended_as, symptom, failure_class}]')"
    stage_pause 0.3
  done
}

image=$(docker inspect --format '{{.Config.Image}}' "$DEMO_POLICY")
before=$(making)
file >"$stage_dir/before.yml"

# 1. A commit changes the configuration, and is deployed.
blob=$(github /contents/docker-compose.yml | jq --raw-output .sha)
sed 's|http://user-service:8000|http://user-service:9000|' "$stage_dir/before.yml" >"$stage_dir/bad.yml"
commit=$(jq --null-input --arg text "$(base64 --wrap 0 "$stage_dir/bad.yml")" --arg sha "$blob" \
  '{message: "Use the new port of user-service", content: $text, sha: $sha}' |
  github /contents/docker-compose.yml --request PUT --data @- | jq --raw-output .commit.sha)
[ ${#commit} = 40 ] || fail "the change was not committed"
deploy "$image" policy --name "$DEMO_POLICY" --upstream http://user-service:9000
answer=$(jq --null-input --arg service "$stage_policy" --arg commit "$commit" --arg now "$(date -u +%FT%TZ)" \
  '{service: $service, environment: "prod", version: "2.1", commit_sha: $commit, status: "succeeded", timestamp: $now}' |
  curl --silent --max-time 5 --data @- "$at:$stage_console/events/deploy")
check "the console takes the report" true "$(jq .accepted <<<"$answer")"
await_closed 1

first=$(of_policy | jq --compact-output '.[0]')
check "the change of the configuration is named as the cause" config_error "$(jq --raw-output .failure_class <<<"$first")"
check "the container is made as before" "$before" "$(making)"
check "and serves" 200 "$(curl --silent --max-time 5 --output /dev/null --write-out '%{http_code}' "$policy/policy?user=7")"
issue=$(jq --raw-output .issue <<<"$first")
thread=$(github "/issues/$issue/comments?per_page=100" | jq --raw-output '.[].body')
says "the issue names the commit" "$thread" "$commit"
says "the issue names the version" "$thread" "version 2.1"
says "the diagnosis ends with what is done" "$thread" "MITIGATION: ROLLBACK"
pulls=$(github '/pulls?state=all')
check "one pull request, merged" '1 true' "$(jq --raw-output '"\(length) \(.[0].merged_at != null)"' <<<"$pulls")"
says "it says what it reverts" "$(jq --raw-output '.[0].title' <<<"$pulls")" "[SRE-AUTO-FIX] Revert ${commit:0:12}: Use the new port of user-service"
says "the issue names the pull request" "$thread" "#$(jq '.[0].number' <<<"$pulls")"
file >"$stage_dir/after.yml"
cmp "$stage_dir/before.yml" "$stage_dir/after.yml" || fail "the file is not as before the commit"
record=$(github "/contents/remediations/fix-$issue.yaml" | jq --raw-output .content | base64 -d)
says "the record names the commit" "$record" "$commit"
check "its branch is gone" main "$(github /branches | jq --raw-output '[.[].name] | join(" ")')"

# 2. An image whose program does not start; nobody reports it.
bad=sre-demo-bad-${stage_id,,}:v2
maker=$(docker create --label "sre.run=$RUN_ID" "$image" policy --no-such-option)
docker commit --change "LABEL org.opencontainers.image.version=3.0" "$maker" "$bad" >/dev/null
docker rm "$maker" >/dev/null
deploy "$bad" policy --name "$DEMO_POLICY" --upstream http://user-service:8000 --no-such-option
await_closed 2
second=$(of_policy | jq --compact-output 'sort_by(.id) | .[1]')
docker image rm --force "$bad" >/dev/null
check "the new image is named as the cause" bad_deploy "$(jq --raw-output .failure_class <<<"$second")"
check "the container is made as before" "$before" "$(making)"
thread=$(github "/issues/$(jq --raw-output .issue <<<"$second")/comments?per_page=100" | jq --raw-output '.[].body')
says "the issue names the version" "$thread" "version 3.0"
check "no further pull request" 1 "$(github '/pulls?state=all' | jq length)"

check "a report of a service that is none is refused" 422 "$(curl --silent --output /dev/null --write-out '%{http_code}' \
  --data '{"service": "nobody", "status": "failed"}' "$at:$stage_console/events/deploy")"
echo "ok: commit ${commit:0:12} was rolled back and reverted by pull request #$(jq '.[0].number' <<<"$pulls"), image $bad rolled back"
