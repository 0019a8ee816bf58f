#!/usr/bin/env bash
# Runs the steps that scripts/test_clients gives it. Usage: bash steps.sh STEPS SECRET-FILE
# shellcheck disable=SC2016 # the variables in quotes are jq's
set -uo pipefail

. "$(dirname "$0")/dstok.sh"

# Print the requests of a step with many calls, each with an actor of its own.
requests() {
    jq -c '. as $step | range(.count) | {
        method: $step.method,
        params: ($step.params + if $step.method == "create_token" then {actor_id: "user-\(.)"} else {} end)
    }' <<<"$step"
}

death() {
    local folder message later
    folder=$(mktemp -d)
    DSTOK=$DSTOK_MORTAL dstok_start
    dstok_many < <(requests) >"$folder/answers" 2>"$folder/message"
    message=$(tail -n 1 "$folder/message") # bash may first say that a job was killed
    dstok_call ping 2>"$folder/message"
    later=$(tail -n 1 "$folder/message")
    dstok_stop
    jq -c -n --arg message "$message" --arg later "$later" --argjson step "$step" '
        ([inputs | .result] | length) as $answered |
        {$answered, failed: ($step.count - $answered), $message, $later}
    ' "$folder/answers"
    rm -r "$folder"
}

restart() {
    local answers exit
    answers=$(mktemp)
    dstok_start --secret-file "$secret_file"
    requests | jq -c '{jsonrpc: "2.0", id: 1} + .' >&"$dstok_in"
    dstok_stop >"$answers"
    exit=$?
    jq -c -n --argjson exit "$exit" '{answered: [inputs | .result] | length, $exit}' "$answers"
    rm "$answers"
}

# Print the result of a step, or its error on stderr.
run() {
    local method params
    method=$(jq -r .method <<<"$step")
    params=$(jq -c .params <<<"$step")
    case $(jq -r .do <<<"$step") in
        call) dstok_call "$method" "$params" ;;
        ordered)
            dstok_call "$method" "$(jq -c '.params + {(.member): (reduce .pairs[] as [$name, $value] ({}; .[$name] = $value))}' <<<"$step")"
            ;;
        notify)
            dstok_notify "$method" "$params"
            dstok_call "$(jq -r .then.method <<<"$step")" "$(jq -c .then.params <<<"$step")"
            ;;
        pipeline) requests | dstok_many | jq -r .result | sha256sum | jq -cR 'split(" ")[0]' ;;
        death) (death) 2>/dev/null ;;
        restart) (restart) ;;
    esac
}

secret_file=$2
dstok_start --secret-file "$secret_file"
# Read by another descriptor, because dstok_many reads stdin.
while IFS= read -r step <&3; do
    if outcome=$(run 2>&1); then
        member=result
    else
        member=error
    fi
    printf '%s\n' "$outcome" | jq -c --argjson step "$(jq '{name}' <<<"$step")" --arg member "$member" \
        '$step + {($member): (if $member == "error" then {code, message, kind: .data.kind, param: .data.param} else . end)}'
done 3< <(jq -c '.[]' "$1")
dstok_stop
