# Gives the env file the fresh token of a restore that left masters out, and puts the line from before back.
# usage: token.sh look|do|undo RUN ENV_FILE TOKEN
# The hold's copy of the env file, ENV_FILE.novatui-RUN, is what was there before. look says what the file has now.
# exit 3: there is no such copy, nothing was changed
set -u
LC_ALL=C
export LC_ALL
verb=$1 run=$2 env_file=$3 token=$4
copy=$env_file.novatui-$run
say() { printf 'nv:%s=%s\n' "$1" "$2"; }

is_token_line() {
    stripped=${1#"${1%%[! 	]*}"}
    case $stripped in ETCD_INITIAL_CLUSTER_TOKEN=*) return 0 ;; *) return 1 ;; esac
}

token_lines() {
    while IFS= read -r line || [ -n "$line" ]; do
        if is_token_line "$line"; then printf '%s\n' "$line"; fi
    done <"$1"
}

# The file with its token lines replaced by $1, where the first of them stands.
with_lines() {
    lines=$1 first=yes
    while IFS= read -r line || [ -n "$line" ]; do
        if ! is_token_line "$line"; then printf '%s\n' "$line"
        elif [ $first = yes ]; then first=no; printf '%s\n' "$lines"
        fi
    done <"$env_file"
}

if [ "$verb" = look ]; then
    here=other
    if [ "$(token_lines "$env_file")" = "ETCD_INITIAL_CLUSTER_TOKEN=$token" ]; then here=fresh
    elif [ -f "$copy" ] && [ "$(token_lines "$env_file")" = "$(token_lines "$copy")" ]; then here=before
    fi
    copied=no
    [ ! -f "$copy" ] || copied=yes
    say token "$here"
    say copy "$copied"
    say end 1
    exit 0
fi
case $verb in
    'do') lines=ETCD_INITIAL_CLUSTER_TOKEN=$token ;;
    undo) lines=$(token_lines "$copy" 2>/dev/null) ;;
    *) exit 64 ;;
esac
if [ ! -f "$copy" ] || [ -z "$lines" ]; then
    echo "novatui: there is no copy of the env file from before: $copy" >&2
    exit 3
fi
[ "$(token_lines "$env_file")" != "$lines" ] || exit 0
set -e
next=$env_file.novatui-$run.next
cp -p -- "$env_file" "$next"
with_lines "$lines" >"$next"
sync -- "$next"
mv -T -- "$next" "$env_file"
sync -- "$(dirname -- "$env_file")"
if command -v restorecon >/dev/null 2>&1; then restorecon -- "$env_file" || :; fi
