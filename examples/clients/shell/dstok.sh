# shellcheck shell=bash disable=SC2016 # the variables in quotes are jq's
# A client of `dstok serve` for bash, jq and GNU sed. Source this file. The variable DSTOK names the program.
#
# Requests and answers go through pipes, never through the arguments of a program: they hold tokens.

# Start dstok. Usage: dstok_start [OPTION...]
# The options are those of `serve`. Pass the secret with `--secret-file FILE`.
dstok_start() {
    local folder
    folder=$(mktemp -d) && mkfifo "$folder/in" "$folder/out" || return
    # dstok would sign with a secret that it inherits, where the options name none.
    env -u DATASETTE_SECRET -u DSTOK_OLD_SECRETS "${DSTOK:-dstok}" serve "$@" <"$folder/in" >"$folder/out" &
    dstok_pid=$!
    exec {dstok_in}>"$folder/in" {dstok_out}<"$folder/out"
    rm -r "$folder"
}

# Call a method and print its result as JSON. Usage: dstok_call METHOD [PARAMS]
# Returns 1 after an error, which goes to stderr as JSON, and 2 if dstok has ended.
dstok_call() {
    local answer
    _dstok_send '{jsonrpc: "2.0", id: 1, method: $method, params: .}' "$@"
    IFS= read -r answer <&"$dstok_out" || { _dstok_ended; return 2; }
    printf '%s\n' "$answer" | jq -c 'if has("error") then .error | "\(tojson)\n" | halt_error(1) else .result end'
}

# Send a request that gets no answer. You don't learn whether it failed. Usage: dstok_notify METHOD [PARAMS]
dstok_notify() {
    _dstok_send '{jsonrpc: "2.0", method: $method, params: .}' "$@"
}

# Read requests from stdin as {"method": …, "params": …}, and print the answers as JSON lines, in order.
# Returns 2 if dstok has ended before the last answer. Any number of requests can be in flight.
dstok_many() {
    local writer status
    {
        jq -c '{jsonrpc: "2.0", id: 1, method, params}'
        echo '{"jsonrpc":"2.0","id":"end","method":"ping"}'
    } <&0 >&"$dstok_in" & # Write in the background: if nobody read meanwhile, both pipes would fill up.
    writer=$!
    # GNU sed stops at the answer to the ping, with status 5. mawk would wait for a full buffer.
    sed '/^{"jsonrpc":"2.0","id":"end",/Q5' <&"$dstok_out"
    status=$?
    wait "$writer"
    [ "$status" -eq 5 ] || { _dstok_ended; return 2; }
}

# Close stdin and wait. Prints the answers that nobody has read. Returns the exit status of dstok.
# Not for a pipeline or $(…): the shell that has called dstok_start must close stdin.
dstok_stop() {
    exec {dstok_in}>&-
    cat <&"$dstok_out"
    exec {dstok_out}<&-
    wait "$dstok_pid"
}

# Usage: _dstok_send FILTER METHOD [PARAMS]
_dstok_send() {
    # jq flushes when it ends. If dstok is gone, SIGPIPE ends jq, not the shell.
    printf '%s\n' "${3:-null}" | jq -c --arg method "$2" "$1" >&"$dstok_in"
}

_dstok_ended() {
    wait "$dstok_pid" 2>/dev/null
    local status=$?
    # 127: env has said that it can't run the program, or this is a subshell, which can't wait for dstok.
    if [ "$status" -eq 127 ]; then
        echo "dstok ended" >&2
    else
        echo "dstok ended: exit status $status" >&2
    fi
}
