#!/bin/sh
# Sweep learning rates and print one table:   scripts/sweep_lr.sh CONFIG LR...
#
# One run directory a rate, in runs/sweep-NAME or in $SWEEP_DIR. One trial a core at a time ($JOBS to choose), each with
# one BLAS thread. The same command finishes an interrupted sweep: finished trials are not trained again. A rate that
# diverges is shown as such, and the other trials go on. Exit 0 when every trial finished or diverged, else 1.
set -u

if [ $# -lt 2 ]; then
    echo "usage: scripts/sweep_lr.sh CONFIG LR..." >&2
    exit 2
fi
config=$1
shift
for rate; do
    case $rate in
    '' | *[!0-9.eE+-]*)
        echo "error: '$rate' is not a learning rate" >&2
        exit 2
        ;;
    esac
done

if ! command -v nntrain >/dev/null; then
    PATH=$(cd "$(dirname "$0")/.." && pwd)/.venv/bin:$PATH
    export PATH
fi
if ! command -v nntrain >/dev/null; then
    echo "error: nntrain is not installed; README.md tells how" >&2
    exit 127
fi

name=$(basename "$config")
SWEEP_DIR=${SWEEP_DIR:-runs/sweep-${name%.*}}
export SWEEP_DIR
mkdir -p "$SWEEP_DIR" || exit 7
trap 'echo "interrupted; the same command finishes the sweep" >&2; exit 75' INT TERM

# Each trial leaves rate.json (its summary), rate.log (its messages) and rate.exit (its exit status).
# shellcheck disable=SC2016 # $1 and $2 belong to the inner shell
printf '%s\n' "$@" | awk '!seen[$0]++' |
    xargs -P "${JOBS:-$(getconf _NPROCESSORS_ONLN)}" -I RATE sh -c '
        nntrain fit "$1" --set "optimizer.lr=$2" --set runtime.threads=1 --run-dir "$SWEEP_DIR/lr-$2" --json \
            >"$SWEEP_DIR/lr-$2.json" 2>"$SWEEP_DIR/lr-$2.log"
        echo $? >"$SWEEP_DIR/lr-$2.exit"
    ' sh "$config" RATE

figure() { # figure PART NAME FILE: one number of a summary, or a dash
    value=$(sed -n -e 's/"baselines": {.*//' -e 's/.*"'"$1"'": {[^}]*"'"$2"'": \([^,}]*\).*/\1/p' "$3")
    case $value in
    '' | null) echo - ;;
    *) echo "$value" | LC_ALL=C awk '{ printf "%.4f\n", $1 }' ;;
    esac
}

row() { printf '%-10s %7s %11s %16s %9s%s\n' "$@"; }

score=accuracy
for rate; do
    grep -q '"r2"' "$SWEEP_DIR/lr-$rate.json" && score=r2
done

failed=0
row lr epochs 'train cost' 'validation cost' "$score" ''
for rate; do
    trial=$SWEEP_DIR/lr-$rate
    status=$(cat "$trial.exit")
    case $status in
    0)
        part=validation
        grep -q '"validation": {' "$trial.json" || part=train
        row "$rate" "$(sed -n 's/.*"epochs": \([0-9]*\).*/\1/p' "$trial.json")" \
            "$(figure train cost "$trial.json")" "$(figure validation cost "$trial.json")" \
            "$(figure "$part" "$score" "$trial.json")" ''
        ;;
    4)
        row "$rate" "$(cat "$trial/metrics.jsonl" 2>/dev/null | grep -c .)" - - - '  diverged (exit 4)'
        ;;
    *)
        failed=1
        row "$rate" - - - - "  exit $status: $(tail -n 1 "$trial.log")"
        ;;
    esac
done
exit "$failed"
