# What tests of the whole product on tools/stage.sh begin with: the stage is struck however they end,
# a failure shows the roles' log. Sourced; the caller has set `program` and stands in the project.
project=$PWD
# shellcheck source=../../tools/stage.sh
source tools/stage.sh
trap 'code=$?; trap - EXIT; stage_strike || code=1; exit $code' EXIT
trap 'exit 1' INT TERM

fail() {
  echo "FAILED: $1" >&2
  tail -n 20 "$stage_dir/up.log" >&2 || true
  exit 1
}
check() { [ "$2" = "$3" ] || fail "$1: expected \"$2\", found \"$3\""; }
says() { grep -qF -- "$3" <<<"$2" || fail "$1: \"$3\" is not in: $2"; }
