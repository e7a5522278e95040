# Takes the hold away and puts the env file's state back as it was (keep: leaves it as it is). The copy of the env file is kept.
# usage: release.sh do|keep RUN WORK_DIR UNIT UNIT_DIR ENV_FILE
#        release.sh look RUN WORK_DIR UNIT UNIT_DIR ENV_FILE STAGE STAGED
set -u
LC_ALL=C
export LC_ALL
verb=$1 run=$2 work=$3 unit=$4 unit_dir=$5 env_file=$6
stage=${7:-} staged=${8:-}
dropin_dir=$unit_dir/$unit.service.d
dropin=$dropin_dir/00-novatui-hold.conf
copy=$env_file.novatui-$run

say() { printf 'nv:%s=%s\n' "$1" "$2"; }

state_line() {
    while IFS= read -r line || [ -n "$line" ]; do
        stripped=${line#"${line%%[! 	]*}"}
        case $stripped in ETCD_INITIAL_CLUSTER_STATE=*) printf '%s' "$line"; return ;; esac
    done <"$1"
}

# The env file with its state lines as in the copy; a line that only we added goes.
env_back() {
    before=$(state_line "$copy")
    while IFS= read -r line || [ -n "$line" ]; do
        stripped=${line#"${line%%[! 	]*}"}
        case $stripped in
            ETCD_INITIAL_CLUSTER_STATE=*) if [ -n "$before" ]; then printf '%s\n' "$before"; fi ;;
            *) printf '%s\n' "$line" ;;
        esac
    done <"$env_file"
}

# Same lines but for the state: then the copy itself, byte for byte, is what to put back.
without_state() {
    while IFS= read -r line || [ -n "$line" ]; do
        stripped=${line#"${line%%[! 	]*}"}
        case $stripped in ETCD_INITIAL_CLUSTER_STATE=*) : ;; *) printf '%s\n' "$line" ;; esac
    done <"$1"
}

held_by=
[ ! -e "$work/hold" ] || held_by=$(head -n 1 "$work/hold")
ours=no
case $(head -n 1 "$dropin" 2>/dev/null) in "# novatui run $run") ours=yes ;; esac

if [ "$verb" = look ]; then
    hold=no env=yes left=no
    [ -z "$held_by" ] || { hold=other; [ "$held_by" != "$run" ] || hold=yes; }
    if [ -f "$copy" ] && [ "$(state_line "$env_file")" != "$(state_line "$copy")" ]; then env=no; fi
    for path in "$stage" "$staged" "$staged.part"; do
        if [ -n "$path" ] && [ "$path" != .part ] && [ -e "$path" ]; then left=yes; fi
    done
    say hold "$hold"
    say dropin "$ours"
    say env "$env"
    say staged "$left"
    say copy "$copy"
    say end 1
    exit 0
fi
case $verb in do|keep) : ;; *) exit 64 ;; esac
set -e
if [ "$verb" = 'do' ] && [ -f "$copy" ] && [ "$(state_line "$env_file")" != "$(state_line "$copy")" ]; then
    next=$env_file.novatui-$run.next
    cp -p -- "$copy" "$next"
    if [ "$(without_state "$env_file")" != "$(without_state "$copy")" ]; then env_back >"$next"; fi
    sync -- "$next"
    mv -T -- "$next" "$env_file"
    sync -- "$(dirname -- "$env_file")"
    if command -v restorecon >/dev/null 2>&1; then restorecon -- "$env_file" || :; fi
fi
if [ "$ours" = yes ]; then
    rm -f -- "$dropin"
    if rmdir -- "$dropin_dir" 2>/dev/null; then sync -- "$unit_dir"; else sync -- "$dropin_dir"; fi
    systemctl daemon-reload
fi
if [ "$held_by" = "$run" ]; then rm -f -- "$work/hold" && sync -- "$work"; fi
