"""Mint a Datasette API token for each JSON line with Spark: one `dstok serve` for each partition.

    spark-submit mint_tokens.py RECORDS OUTPUT --secret-file FILE [--dstok PROGRAM] [--now SECONDS]

A record is an object with the parameters of `create_token` and a unique `key`:

    {"key": 1, "actor_id": "ci", "expires_after": 3600, "restrict_all": ["view-table"]}

OUTPUT becomes a folder of Parquet files with a row for each record: `key`, `token`, `code`,
`error`. A record that fails has no token. Exits with 1 if a record failed.
"""

import argparse
import json
import shlex
import shutil
import sys
import time
import traceback
from pathlib import Path

from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

SCHEMA = "key string, token string, code int, error string"
MAX_LINE = 16 << 20  # `serve --max-line`. A longer request is answered without its key.
NOT_JSON, NOT_A_RECORD = -32700, -32600
NETWORK_ENCRYPTION = ("spark.network.crypto.enabled", "spark.ssl.rpc.enabled")


def main():
    arguments = parse_arguments()
    secret = read_secret(arguments.secret_file)
    # Spark may move what it ships to the executors from memory to disk, and so the secret.
    spark = SparkSession.builder.config("spark.io.encryption.enabled", True).getOrCreate()
    try:
        code = mint(spark, secret, arguments)
    finally:
        spark.stop()
    sys.exit(code)


def mint(spark, secret, arguments):
    """Write the output and return the exit code."""
    warn_of_plain_network(spark.sparkContext)
    # Not sc.textFile(): it replaces bytes that are not UTF-8, and splits lines at `\r` too.
    lines = spark.read.text(arguments.records, lineSep="\n").select("value")
    lines = lines.filter(F.btrim("value", F.lit(" \t\r")) != "")
    minted = (
        lines.select(F.col("value").cast("binary"))
        .rdd.mapPartitions(lambda partition: requests(partition, secret))
        .pipe(serve_command(spark.sparkContext, arguments), checkCode=True)
        .mapPartitions(rows)
    )
    spark.createDataFrame(minted, SCHEMA, verifySchema=False).write.parquet(arguments.output)
    return check(lines.count(), spark.read.parquet(arguments.output))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=argparse.SUPPRESS,
    )
    parser.add_argument(
        "records", help="a file or folder of JSON lines that all executors can read"
    )
    parser.add_argument("output", help="the folder to create")
    parser.add_argument(
        "--secret-file",
        required=True,
        metavar="FILE",
        help="Datasette's secret; only the driver reads it",
    )
    parser.add_argument(
        "--dstok",
        metavar="PROGRAM",
        default=shutil.which("dstok"),
        help="the program; Spark copies it to each executor (default: dstok on the PATH)",
    )
    parser.add_argument(
        "--now",
        type=int,
        metavar="SECONDS",
        default=int(time.time()),
        help="Unix time for records without a `now` (default: the driver's clock, read once)",
    )
    arguments = parser.parse_args()
    if not arguments.dstok or not Path(arguments.dstok).is_file():
        parser.error("no program dstok: give --dstok")
    return arguments


def read_secret(path):
    """Return the secret in a file, as dstok reads it: without one newline at its end."""
    try:
        secret = Path(path).read_bytes().decode("utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(f"mint_tokens: {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}")
    return secret or sys.exit(f"mint_tokens: {path}: the secret is empty")


def warn_of_plain_network(context):
    configuration = context.getConf()
    encrypted = any(configuration.get(name, "false") == "true" for name in NETWORK_ENCRYPTION)
    if not encrypted and not is_local(context):
        print(
            "mint_tokens: warning: Spark sends the secret to the executors unencrypted; "
            "set spark.authenticate and spark.network.crypto.enabled to true",
            file=sys.stderr,
        )


def is_local(context):
    return context.master.partition("[")[0] == "local"


def serve_command(context, arguments):
    """Send the program to the executors and return the command that runs it there.

    Every attempt of a task has the same clock, so a task that is tried again mints the same bytes.
    """
    context.addFile(arguments.dstok)
    name = Path(arguments.dstok).name
    # Executors find the file in their own working directory.
    program = SparkFiles.get(name) if is_local(context) else f"./{name}"
    return f"{shlex.quote(program)} serve --threads 1 --now {arguments.now}"


def requests(partition, secret):
    """Yield the secret, a request for each line, and a `ping` that has their number as its id."""
    # Other processes can't see what a pipe carries. A notification has no answer.
    yield json.dumps({"jsonrpc": "2.0", "method": "configure", "params": {"secret": secret}})
    count = 0
    try:
        for (line,) in partition:
            yield request(line)
            count += 1
    except Exception:  # pipe() would leave dstok's stdin open and wait for ever
        traceback.print_exc()
    else:
        yield json.dumps({"jsonrpc": "2.0", "id": count, "method": "ping"})


def request(line):
    """Return the request for one line.

    A line that is no record becomes a `ping` whose id, a string, tells the code and the error.
    The line itself is never sent: it could be a request of its own.
    """
    try:
        key, parameters = read_record(line)
        text = json.dumps(
            {"jsonrpc": "2.0", "id": key, "method": "create_token", "params": parameters},
            allow_nan=False,
        )
        if len(text) > MAX_LINE:
            raise NotARecord(NOT_A_RECORD, f"a request of more than {MAX_LINE} bytes")
        return text
    except NotARecord as error:
        code, reason = error.args
    except (ValueError, RecursionError) as error:
        code, reason = NOT_JSON, f"not JSON: {error}"
    begin = line[:60].decode("utf-8", "replace")
    refused = json.dumps([code, f"{reason}, in the line that begins with {begin!a}"])
    return json.dumps({"jsonrpc": "2.0", "id": refused, "method": "ping"})


class NotARecord(Exception):
    """A line that dstok could not answer with its key. The arguments are a code and a message."""


def read_record(line):
    """Return the key and the parameters of a record.

    Raises NotARecord, ValueError or RecursionError.
    """
    parameters = json.loads(line.decode("utf-8-sig"), object_pairs_hook=members)
    key = parameters.pop("key", None) if isinstance(parameters, dict) else None
    if type(key) not in (str, int):
        raise NotARecord(NOT_A_RECORD, "not an object with a `key` that is a string or an integer")
    str(key).encode()  # UnicodeEncodeError, a ValueError, for half of a surrogate pair
    return key, parameters


def members(pairs):
    """Return an object's members. Python would keep the last of two that have one name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotARecord(NOT_A_RECORD, "an object has two members of one name")
    return found


def rows(answers):
    """Yield a row for each record. Raises RuntimeError if answers are missing.

    The exit code of `serve` alone does not tell: ended by SIGTERM, it exits with 0.
    """
    count, end = 0, None
    for line in answers:
        answer = json.loads(line)
        key, result, error = answer["id"], answer.get("result"), answer.get("error")
        if result == "pong" and isinstance(key, int):
            end = key
            continue
        count += 1
        if result == "pong":
            yield None, None, *json.loads(key)
        elif error:
            yield None if key is None else str(key), None, error["code"], error["message"]
        else:
            yield str(key), result, None, None
    if count != end:
        raise RuntimeError(f"dstok ended before the end of the partition, after {count} answers")


def check(records, minted):
    """Print what became of the records and return the exit code."""
    total, tokens, keys, distinct = minted.agg(
        F.count("*"), F.count("token"), F.count("key"), F.count_distinct("key")
    ).first()
    print(f"{total} records: {tokens} tokens, {total - tokens} failed")
    if total != records:
        print(
            f"mint_tokens: {records} records in the input: did it change during the run?",
            file=sys.stderr,
        )
    if keys != distinct:
        print(f"mint_tokens: {keys - distinct} keys are not unique", file=sys.stderr)
    return int(not (total == records == tokens and keys == distinct))


if __name__ == "__main__":
    main()
