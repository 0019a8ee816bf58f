<?php

declare(strict_types=1);

/** An error that dstok answers. `kind` is stable; the message is for people. */
final class DstokError extends RuntimeException
{
    public readonly ?string $kind;
    public readonly ?string $param;

    public function __construct(object $error)
    {
        parent::__construct($error->message, $error->code);
        $this->kind = $error->data->kind ?? null;
        $this->param = $error->data->param ?? null;
    }
}

/** The process has ended before it answered, or never started. */
final class DstokEnded extends RuntimeException {}

/**
 * A client of `dstok serve` for PHP 8.1 and newer, without dependencies.
 *
 * Objects in results are stdClass, so that {} and [] stay different. In params, write (object) [] for {}.
 */
final class Dstok
{
    private $process;
    /** @var array<int, resource> */
    private array $pipes = [];
    private int $lastId = 0;
    private int $oldest = 1; // of the calls without an answer
    /** @var array<int, object> answers that nobody has taken yet */
    private array $answers = [];
    private string $line = '';
    private ?string $ended = null;
    private int $exitCode = 0;

    /** Start `$command serve ...$options`. Secrets don't belong in the options, which other users can read. */
    public function __construct(private string $command = 'dstok', string ...$options)
    {
        // dstok would sign with a secret that it inherits, until `configure` brings another one.
        $environment = array_diff_key(getenv(), ['DATASETTE_SECRET' => '', 'DSTOK_OLD_SECRETS' => '']);
        $streams = [['pipe', 'r'], ['pipe', 'w'], STDERR];
        $this->process = @proc_open([$command, 'serve', ...$options], $streams, $this->pipes, null, $environment)
            ?: throw new DstokEnded("cannot run $command: " . error_get_last()['message']);
        array_map(fn ($pipe) => stream_set_blocking($pipe, false), $this->pipes);
    }

    /** Call a method and return its result. */
    public function call(string $method, array|object $params = []): mixed
    {
        return $this->receive($this->send($method, $params));
    }

    /** Send a call and return its number for receive(), so that many can be in flight. */
    public function send(string $method, array|object $params = []): int
    {
        $this->write(['id' => ++$this->lastId, 'method' => $method, 'params' => (object) $params]);
        return $this->lastId;
    }

    /** Send a request that gets no answer. You don't learn whether it failed. */
    public function notify(string $method, array|object $params = []): void
    {
        $this->write(['method' => $method, 'params' => (object) $params]);
    }

    /** Wait for the result of a call. */
    public function receive(int $call): mixed
    {
        while (!isset($this->answers[$call])) {
            if ($this->ended !== null || $call < $this->oldest) {
                throw new DstokEnded($this->ended ?? "call $call has been received before");
            }
            $this->wait('');
        }
        $answer = $this->answers[$call];
        unset($this->answers[$call]);
        return isset($answer->error) ? throw new DstokError($answer->error) : $answer->result;
    }

    /** Close stdin and wait. Calls in flight are answered; take their results later. Returns the exit code. */
    public function close(): int
    {
        is_resource($this->pipes[0]) && fclose($this->pipes[0]);
        while ($this->ended === null) {
            $this->wait('');
        }
        return $this->exitCode;
    }

    private function write(array $request): void
    {
        $flags = JSON_THROW_ON_ERROR | JSON_PRESERVE_ZERO_FRACTION;
        $rest = json_encode(['jsonrpc' => '2.0'] + $request, $flags) . "\n";
        while ($rest !== '' && $this->ended === null) {
            $rest = $this->wait($rest);
        }
    }

    /** Wait until dstok takes or gives something. Returns what is still to be written. */
    private function wait(string $rest): string
    {
        [$readable, $writable, $except] = [[$this->pipes[1]], $rest === '' ? [] : [$this->pipes[0]], null];
        stream_select($readable, $writable, $except, null);
        if ($readable !== []) {
            $this->read();
        }
        // A broken pipe writes nothing. Then there is an end to be read.
        return $writable === [] ? $rest : substr($rest, (int) @fwrite($this->pipes[0], $rest));
    }

    private function read(): void
    {
        $pieces = explode("\n", fread($this->pipes[1], 65536));
        $this->line .= array_shift($pieces);
        foreach ($pieces as $next) {
            $this->answer(json_decode($this->line, depth: 1024));
            $this->line = $next;
        }
        if (feof($this->pipes[1])) {
            $this->finish();
        }
    }

    private function answer(mixed $answer): void
    {
        // Answers come in the order of the calls. The answer to a line that is too long has no ID.
        $id = is_object($answer) ? $answer->id ?? $this->oldest : null;
        if ($id !== $this->oldest || $id > $this->lastId) {
            proc_terminate($this->process, 9); // it isn't dstok
            return;
        }
        $this->answers[$this->oldest++] = $answer;
    }

    private function finish(): void
    {
        while (($status = proc_get_status($this->process))['running']) {
            usleep(1000);
        }
        $this->exitCode = $status['exitcode'];
        $how = $status['signaled'] ? "killed by signal {$status['termsig']}" : "exit code $this->exitCode";
        // PHP before 8.3 notices only now that there is no such program: 127.
        $this->ended = ($this->exitCode === 127 ? "cannot run $this->command" : 'dstok ended') . ": $how";
    }
}
