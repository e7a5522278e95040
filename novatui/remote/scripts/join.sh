# Writes into the env file what a member that joins needs: the cluster as it is now, and that it exists. One rename.
# usage: join.sh look|do RUN ENV_FILE INITIAL_CLUSTER
# ENV_FILE.novatui-RUN is the copy as it was before the run, made by the hold; exit 3 without it: nothing was written.
set -u
LC_ALL=C
export LC_ALL
verb=$1 run=$2 env_file=$3 initial=$4
copy=$env_file.novatui-$run
say() { printf 'nv:%s=%s\n' "$1" "$2"; }

# The env file's lines with both keys as they must be, whatever they were and however they were quoted; the rest as it is.
wanted() {
    state=no cluster=no
    while IFS= read -r line || [ -n "$line" ]; do
        stripped=${line#"${line%%[! 	]*}"}
        case $stripped in
            ETCD_INITIAL_CLUSTER_STATE=*) line=ETCD_INITIAL_CLUSTER_STATE=existing state=yes ;;
            ETCD_INITIAL_CLUSTER=*) line=ETCD_INITIAL_CLUSTER=$initial cluster=yes ;;
        esac
        printf '%s\n' "$line"
    done <"$env_file"
    [ "$state" = yes ] || printf 'ETCD_INITIAL_CLUSTER_STATE=existing\n'
    [ "$cluster" = yes ] || printf 'ETCD_INITIAL_CLUSTER=%s\n' "$initial"
}

if [ "$verb" = look ]; then
    if [ "$(wanted)" = "$(cat "$env_file")" ]; then say joins yes; else say joins no; fi
    if [ -f "$copy" ]; then say copy "$copy"; fi
    say end 1
    exit 0
fi
[ "$verb" = 'do' ] || exit 64
if [ ! -f "$copy" ]; then
    echo "novatui: no copy of $env_file is kept for this run" >&2
    exit 3
fi
set -e
next=$env_file.novatui-$run.next
cp -p -- "$env_file" "$next"
wanted >"$next"
sync -- "$next"
mv -T -- "$next" "$env_file"
if command -v restorecon >/dev/null 2>&1; then restorecon -- "$env_file" || :; fi
sync -- "$(dirname -- "$env_file")"
