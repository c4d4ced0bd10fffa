#!/bin/sh
# Installs the command for a new user, and runs the lines that README.md has under "Try it".
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
new=$(mktemp -d)
sim=
# shellcheck disable=SC2329 # the trap calls it
clean_up() {
    [ -z "$sim" ] || kill "$sim" 2>/dev/null || true
    rm -rf "$new"
}
trap clean_up EXIT

# Not for release: what is tried is the same, and dependencies are built already.
cargo install --quiet --debug --locked --path "$here" --root "$new"
mkdir "$new/home"
mkfifo "$new/said"
export HOME="$new/home" PATH="$new/bin:$PATH"
unset XDG_CONFIG_HOME XDG_STATE_HOME VENDOR_AUTH_CONFIG
cd "$new/home"

vendor-auth sim >"$new/said" &
sim=$!
exec 3<"$new/said"
url=
while IFS= read -r line <&3; do
    case $line in
    *"vendor-auth curl "*) url=${line##* } ;;
    *"vendor-auth sim status"*) break ;;
    esac
done

# Other ports if another simulator has those.
lines=$(awk '/^## Try it/ { here = 1 }
             here && /^```sh/ { inside = 1; next }
             inside && /^```/ { exit }
             inside' "$here/README.md" | sed "s#http://127.0.0.1:8470/resource#$url#")
[ "$(printf '%s\n' "$lines" | wc -l)" -eq 5 ] || { echo "README.md: there are not five lines"; exit 1; }
printed=$(sh -eux -c "$lines")
echo "$printed"
for expected in '"id":"sim-client"' "OAuth 2.0: outage for 60 s" "demo: valid" "token requests 1, issued 1"; do
    case $printed in
    *"$expected"*) ;;
    *) echo "missing: $expected"; exit 1 ;;
    esac
done

kill "$sim"
wait "$sim"
sim=
left=$(find "$new/home" -type f)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
echo "first steps: all five lines worked"
