<?php

// Runs the steps that scripts/test_clients gives it. Usage: php steps.php STEPS SECRET-FILE

declare(strict_types=1);

require __DIR__ . '/Dstok.php';

// Objects, not arrays: they keep {} and [] apart.
$steps = json_decode(file_get_contents($argv[1]), flags: JSON_THROW_ON_ERROR);
$secret = preg_replace('/\n\z/', '', file_get_contents($argv[2]));

function start(string $secret): Dstok
{
    $dstok = new Dstok(getenv('DSTOK'));
    $dstok->call('configure', ['secret' => $secret]);
    return $dstok;
}

/** Send many calls at once, each with an actor of its own, and return their numbers. */
function sendAll(Dstok $dstok, object $step): array
{
    $calls = [];
    for ($number = 0; $number < $step->count; $number++) {
        $actor = $step->method === 'create_token' ? ['actor_id' => "user-$number"] : [];
        $calls[] = $dstok->send($step->method, (array) $step->params + $actor);
    }
    return $calls;
}

function death(object $step): array
{
    $dstok = new Dstok(getenv('DSTOK_MORTAL'));
    $outcome = ['answered' => 0, 'failed' => 0];
    foreach (sendAll($dstok, $step) as $call) {
        try {
            $dstok->receive($call);
            $outcome['answered']++;
        } catch (DstokEnded $ended) {
            $outcome['failed']++;
            $outcome['message'] = $ended->getMessage();
        }
    }
    try {
        $outcome['later'] = $dstok->call('ping');
    } catch (DstokEnded $ended) {
        $outcome['later'] = $ended->getMessage();
    }
    $dstok->close();
    return $outcome;
}

function restart(string $secret, object $step): array
{
    $dstok = start($secret);
    $calls = sendAll($dstok, $step);
    $exit = $dstok->close();
    return ['answered' => count(array_map($dstok->receive(...), $calls)), 'exit' => $exit];
}

function pipeline(Dstok $dstok, object $step): string
{
    $tokens = array_map($dstok->receive(...), sendAll($dstok, $step));
    return hash('sha256', implode('', array_map(fn ($token) => "$token\n", $tokens)));
}

function ordered(object $step): array
{
    // A class, because PHP turns the array key "0" into 0, and a list of one item into [].
    $names = new stdClass();
    foreach ($step->pairs as [$name, $value]) {
        $names->$name = $value;
    }
    return (array) $step->params + [$step->member => $names];
}

$dstok = start($secret);
foreach ($steps as $step) {
    try {
        if ($step->do === 'notify') {
            $dstok->notify($step->method, $step->params);
            $step = (object) ['name' => $step->name, 'do' => 'call', ...(array) $step->then];
        }
        $outcome = ['result' => match ($step->do) {
            'call' => $dstok->call($step->method, $step->params),
            'ordered' => $dstok->call($step->method, ordered($step)),
            'pipeline' => pipeline($dstok, $step),
            'death' => death($step),
            'restart' => restart($secret, $step),
        }];
    } catch (DstokError $error) {
        $outcome = ['error' => [
            'code' => $error->getCode(), 'kind' => $error->kind, 'message' => $error->getMessage(), 'param' => $error->param,
        ]];
    }
    echo json_encode(['name' => $step->name] + $outcome, JSON_THROW_ON_ERROR), "\n";
}
$dstok->close();
