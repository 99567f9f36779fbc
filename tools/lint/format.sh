#!/bin/bash
# Fails and says where a C++ file is not laid out as .clang-format says. To mend: clang-format-19 -i FILE.
set -eu
cd "$(dirname "$0")/../.."
git ls-files -z --cached --others --exclude-standard '*.cc' '*.h' |
  while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
  xargs -0 -P "$(nproc)" -n 32 clang-format-19 --dry-run --Werror
