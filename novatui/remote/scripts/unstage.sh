# Removes what this run put beside the live data: by this run's name alone, and only with its own marker inside.
# usage: unstage.sh RUN STAGE STAGED MARK
set -eu
LC_ALL=C
export LC_ALL
run=$1 stage=$2 staged=$3 mark=$4
case $run in ''|*[!a-z0-9-]*) echo "novatui: '$run' is not a run's name" >&2; exit 64 ;; esac
# Between the two renames what is staged is all there is: whoever believes that nothing was changed yet is wrong.
kept=$(printf '%s\n' "$staged" | sed 's/\.novatui-new-\([a-z0-9-]*\)$/.novatui-old-\1/')
if [ "$kept" != "$staged" ] && [ -e "$staged" ] && [ -e "$kept" ]; then
    echo "novatui: the data is being exchanged, $kept is there: $staged is not removed" >&2
    exit 1
fi
case $stage in
    /*.novatui-stage-"$run")
        if [ "$(head -n 1 "$stage/run" 2>/dev/null)" = "$run" ]; then rm -rf -- "$stage"; fi
        # Interrupted, or the disk full, before the marker was in it: then there is nothing else in it either.
        if [ -d "$stage" ] && [ ! -s "$stage/run" ]; then
            rm -f -- "$stage/run"
            rmdir -- "$stage" 2>/dev/null || :
        fi
        ;;
    *) echo "novatui: $stage is not a name of this run" >&2; exit 64 ;;
esac
case $staged in
    /*.novatui-new-"$run")
        if [ "$(head -n 1 "$staged/$mark" 2>/dev/null)" = "$run" ]; then rm -rf -- "$staged"; fi
        # Unfinished: it has no marker yet, and its name is ours alone.
        rm -rf -- "$staged.part"
        ;;
    *) echo "novatui: $staged is not a name of this run" >&2; exit 64 ;;
esac
