import com.google.gson.*;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A client of {@code dstok serve} for Java 17 and Gson. One object is one process, for any number of threads.
 *
 * <p>The order of names in a restriction changes the token. Use a LinkedHashMap or a JsonObject, not Map.of.
 */
public final class Dstok implements AutoCloseable {
    /** An error that dstok answers. {@code kind} is stable; the message is for people. */
    public static final class DstokException extends RuntimeException {
        public final int code;
        public final String kind;
        public final String param; // or null

        DstokException(JsonObject error) {
            super(error.get("message").getAsString());
            code = error.get("code").getAsInt();
            JsonObject data = error.getAsJsonObject("data");
            kind = data.get("kind").getAsString();
            param = data.has("param") ? data.get("param").getAsString() : null;
        }
    }

    /** The process has ended before it answered. */
    public static final class EndedException extends RuntimeException {
        EndedException(String message) {
            super(message);
        }
    }

    private record Call(long id, CompletableFuture<JsonElement> future) {}

    private static final Gson GSON = new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
    private final Process process;
    private final Writer stdin; // its lock is never taken by the reader, which must go on while a write waits
    private final Queue<Call> calls = new ArrayDeque<>(); // answers come in their order; this lock guards `ended` too
    private final CompletableFuture<Integer> exitCode = new CompletableFuture<>();
    private long lastId;
    private EndedException ended;

    /** Start {@code command serve options...}. Secrets don't belong in the options, which other users can read. */
    public Dstok(String command, String... options) throws IOException {
        List<String> words = new ArrayList<>(List.of(command, "serve"));
        words.addAll(List.of(options));
        var builder = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.INHERIT);
        // dstok would sign with a secret that it inherits, until `configure` brings another one.
        builder.environment().keySet().removeAll(Set.of("DATASETTE_SECRET", "DSTOK_OLD_SECRETS"));
        process = builder.start();
        stdin = process.outputWriter(StandardCharsets.UTF_8); // not the charset of the locale
        var reader = new Thread(this::read, "dstok");
        reader.setDaemon(true);
        reader.start();
    }

    /** Call a method. Throws DstokException or EndedException. */
    public JsonElement call(String method, Object params) {
        try {
            return submit(method, params).join();
        } catch (CompletionException failure) {
            throw failure.getCause() instanceof RuntimeException cause ? cause : failure;
        }
    }

    /** Send a call, so that many can be in flight. What depends on the future must not wait for other calls. */
    public CompletableFuture<JsonElement> submit(String method, Object params) {
        var future = new CompletableFuture<JsonElement>();
        synchronized (stdin) {
            String line = line(++lastId, method, params);
            synchronized (calls) {
                if (ended != null) return CompletableFuture.failedFuture(ended);
                calls.add(new Call(lastId, future));
            }
            write(line);
        }
        return future;
    }

    /** Send a request that gets no answer. You don't learn whether it failed. */
    public void sendNotification(String method, Object params) {
        synchronized (stdin) {
            write(line(null, method, params));
        }
    }

    /** Close stdin and wait. Calls in flight are answered. Returns the exit code. */
    public int shutdown() {
        try {
            stdin.close();
        } catch (IOException broken) {
            // The process is gone.
        }
        return exitCode.join();
    }

    @Override
    public void close() {
        shutdown();
    }

    private static String line(Long id, String method, Object params) {
        var request = new JsonObject();
        request.addProperty("jsonrpc", "2.0");
        if (id != null) request.addProperty("id", id);
        request.addProperty("method", method);
        request.add("params", GSON.toJsonTree(params));
        return GSON.toJson(request) + "\n";
    }

    private void write(String line) {
        try {
            stdin.write(line);
            stdin.flush();
        } catch (IOException broken) {
            // The pipe is broken or closed. The reader tells the calls how the process ended.
        }
    }

    private void read() {
        // Not a Scanner, whose lines also end at U+0085, U+2028 and U+2029.
        try (BufferedReader stdout = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line; (line = stdout.readLine()) != null; ) answer(JsonParser.parseString(line).getAsJsonObject());
        } catch (IOException | RuntimeException notDstok) {
            process.destroyForcibly();
        }
        int code = process.onExit().join().exitValue();
        synchronized (calls) {
            ended = new EndedException("dstok ended: exit code " + code + (code > 128 ? ", killed by signal " + (code - 128) : ""));
        }
        calls.forEach(call -> call.future.completeExceptionally(ended));
        exitCode.complete(code);
    }

    private void answer(JsonObject answer) {
        Call call;
        synchronized (calls) {
            // The answer to a line that is too long has no ID.
            JsonElement id = answer.get("id");
            if (!id.isJsonNull() && id.getAsLong() != calls.element().id) throw new IllegalStateException();
            call = calls.remove();
        }
        if (answer.has("error")) call.future.completeExceptionally(new DstokException(answer.getAsJsonObject("error")));
        else call.future.complete(answer.get("result"));
    }
}
