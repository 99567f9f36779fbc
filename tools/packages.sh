#!/bin/bash
# The Debian 12 packages that Stele needs, for tools/run, tools/test and the Dockerfile alike.
#
#   tools/packages.sh list KIND...      prints the packages of these kinds
#   tools/packages.sh missing KIND...   prints those that are not installed
#   tools/packages.sh install KIND...   installs those; asks first on a terminal, not otherwise
#
# KIND: build (compile the broker), run (what the built broker links), test (everything that tools/test runs).
# NAME:COMMAND counts as there when the command is, whoever brought it: JDK, Go and Node often come from elsewhere.
set -eu

build=(clang-19 lld-19 cmake ninja-build ccache pkg-config libboost1.81-dev libspdlog-dev libfmt-dev libcli11-dev
  libyaml-cpp-dev libzstd-dev liblz4-dev libsnappy-dev zlib1g-dev libxxhash-dev libjemalloc-dev catch2
  python3:python3) # the tests are configured along with the broker
run=(libstdc++6 libyaml-cpp0.7 liblz4-1 libsnappy1v5 zlib1g libxxhash0)
test=(clang-format-19:clang-format-19 clang-tidy-19:clang-tidy-19 libclang-rt-19-dev llvm-19:llvm-symbolizer-19 g++-12 git
  python3-venv tzdata strace:strace kcat:kcat ca-certificates openjdk-17-jdk-headless:javac maven:mvn golang-go:go
  nodejs:node npm:npm)

wanted() {
  local kind
  for kind in "$@"; do
    case $kind in
      build) printf '%s\n' "${build[@]}" ;;
      run) printf '%s\n' "${run[@]}" ;;
      test) printf '%s\n' "${test[@]}" ;;
      *) echo "packages.sh: no kind '$kind': build, run or test" >&2; return 2 ;;
    esac
  done
}

missing() {
  local entry
  wanted "$@" | while read -r entry; do
    if [[ $entry == *:* ]] && command -v "${entry#*:}" >/dev/null; then continue; fi
    [ "$(dpkg-query -W -f '${db:Status-Status}' "${entry%%:*}" 2>/dev/null)" = installed ] || echo "${entry%%:*}"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install() {
  local packages
  if ! command -v apt-get >/dev/null; then
    echo "This is no Debian: install what stands for these yourself: $(wanted "$@" | sed 's/:.*//' | xargs)" >&2
    return 0
  fi
  packages=$(missing "$@" | xargs)
  [ -n "$packages" ] || return 0
  echo "Missing Debian packages: $packages"
  if [ -t 0 ] && [ -t 1 ]; then
    read -r -p "Install them with apt-get$([ "$(id -u)" = 0 ] || echo ' and sudo')? [Y/n] " answer
    case $answer in [nN]*) echo "Not installed; going on without." ; return 0 ;; esac
  fi
  as_root apt-get update -qq
  # shellcheck disable=SC2086 # one word for each package
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
}

[ $# -ge 2 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0"; exit 2; }
verb=$1; shift
wanted "$@" >/dev/null
case $verb in
  list) wanted "$@" | sed 's/:.*//' ;;
  missing) missing "$@" ;;
  install) install "$@" ;;
  *) echo "packages.sh: no verb '$verb': list, missing or install" >&2; exit 2 ;;
esac
