#!/usr/bin/env bash
# The workspace is a clone on a volume: the first container that starts with an empty one copies the image's into it.
set -euo pipefail
workspace=${MEDRWR_WORKSPACE:-/workspace}
source=${MEDRWR_SOURCE:-/opt/medrwr}
exec 9<"$workspace"
flock 9
if [ ! -e "$workspace/.git/medrwr-ready" ]; then # a copy that was cut off is made again
  cp -a "$source/." "$workspace/"
  touch "$workspace/.git/medrwr-ready"
fi
exec 9<&-
cd "$workspace"
exec "$@"
