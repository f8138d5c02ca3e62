# What the benchmarks that need an engine share: the programs, an engine, the image. Sourced.
# BENCH_BUILD names a folder in which everything is built already; default: build/release, built here.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
build=${BENCH_BUILD:-$project/build/release}
program=$build/sre-space
# shellcheck source=../tools/stage.sh
source "$project/tools/stage.sh"

bench_build() {
  [ -z "${BENCH_BUILD:-}" ] || return 0
  "$project/tools/build" "$@"
}

# Builds, starts an engine, and runs the program $1 (bench-...) on it with the other arguments.
bench_on_engine() {
  local name=$1 code=0
  shift
  bench_build sre-space demo-service "$name"
  stage_build_folder
  export RUN_ID=bench-${stage_id,,}
  trap 'stage_strike || true' EXIT
  trap 'exit 130' INT TERM
  stage_engine
  DEMO_IMAGE=sre-$RUN_ID:1 "$project/tools/demo-images" "$DOCKER_HOST" "$build/chaos/demo/demo-service" >/dev/null
  "$build/bench/$name" --engine "$DOCKER_HOST" --program "$program" --image "sre-$RUN_ID:1" \
    --folder "$stage_dir" --run "$RUN_ID" "$@" || code=$?
  if [ -n "${BENCH_KEEP:-}" ]; then
    mkdir -p "$BENCH_KEEP"
    cp -r "$stage_dir"/mttr "$stage_dir"/steering "$stage_dir"/idle* "$BENCH_KEEP" 2>/dev/null || true
  fi
  docker image rm "sre-$RUN_ID:1" >/dev/null 2>&1 || true
  return $code
}
