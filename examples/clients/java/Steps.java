import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Runs the steps that scripts/test_clients gives it. Arguments: STEPS SECRET-FILE */
public final class Steps {
    private static final Gson GSON = new GsonBuilder().serializeNulls().create();
    private final String secret;

    private Steps(String secret) {
        this.secret = secret;
    }

    private Dstok start() throws Exception {
        var dstok = new Dstok(System.getenv("DSTOK"));
        dstok.call("configure", Map.of("secret", secret));
        return dstok;
    }

    /** Send many calls at once, each with an actor of its own. */
    private static List<CompletableFuture<JsonElement>> sendAll(Dstok dstok, JsonObject step) {
        var calls = new ArrayList<CompletableFuture<JsonElement>>();
        String method = step.get("method").getAsString();
        for (int number = 0; number < step.get("count").getAsInt(); number++) {
            JsonObject params = step.getAsJsonObject("params").deepCopy();
            if (method.equals("create_token")) params.addProperty("actor_id", "user-" + number);
            calls.add(dstok.submit(method, params));
        }
        return calls;
    }

    private JsonElement run(Dstok dstok, JsonObject step) throws Exception {
        String method = step.get("method").getAsString();
        JsonObject params = step.getAsJsonObject("params");
        switch (step.get("do").getAsString()) {
            case "call":
                return dstok.call(method, params);
            case "ordered":
                var names = new LinkedHashMap<String, JsonElement>();
                for (JsonElement pair : step.getAsJsonArray("pairs")) {
                    JsonArray item = pair.getAsJsonArray();
                    names.put(item.get(0).getAsString(), item.get(1));
                }
                params.add(step.get("member").getAsString(), GSON.toJsonTree(names));
                return dstok.call(method, params);
            case "notify":
                dstok.sendNotification(method, params);
                JsonObject then = step.getAsJsonObject("then");
                return dstok.call(then.get("method").getAsString(), then.get("params"));
            case "pipeline":
                var digest = MessageDigest.getInstance("SHA-256");
                for (var call : sendAll(dstok, step)) {
                    digest.update((call.join().getAsString() + "\n").getBytes(StandardCharsets.UTF_8));
                }
                return new JsonPrimitive(HexFormat.of().formatHex(digest.digest()));
            case "death":
                return GSON.toJsonTree(death(step));
            case "restart":
                Dstok another = start();
                var calls = sendAll(another, step);
                int exit = another.shutdown();
                return GSON.toJsonTree(Map.of("answered", calls.stream().map(CompletableFuture::join).count(), "exit", exit));
            default:
                throw new IllegalArgumentException(step.toString());
        }
    }

    private static Map<String, Object> death(JsonObject step) throws Exception {
        var dstok = new Dstok(System.getenv("DSTOK_MORTAL"));
        int answered = 0;
        var messages = new ArrayList<String>();
        for (var call : sendAll(dstok, step)) {
            try {
                call.join();
                answered++;
            } catch (CompletionException failure) {
                messages.add(failure.getCause().getMessage());
            }
        }
        String later = "";
        try {
            dstok.call("ping", Map.of());
        } catch (Dstok.EndedException ended) {
            later = ended.getMessage();
        }
        dstok.close();
        return Map.of("answered", answered, "failed", messages.size(), "message", messages.get(0), "later", later);
    }

    public static void main(String[] arguments) throws Exception {
        var output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        var steps = new Steps(Files.readString(Path.of(arguments[1])).replaceFirst("\n\\z", ""));
        try (Dstok dstok = steps.start()) {
            for (JsonElement each : JsonParser.parseString(Files.readString(Path.of(arguments[0]))).getAsJsonArray()) {
                JsonObject step = each.getAsJsonObject(), outcome = new JsonObject();
                outcome.add("name", step.get("name"));
                try {
                    outcome.add("result", steps.run(dstok, step));
                } catch (Dstok.DstokException e) {
                    var error = new JsonObject();
                    error.addProperty("code", e.code);
                    error.addProperty("kind", e.kind);
                    error.addProperty("message", e.getMessage());
                    error.add("param", e.param == null ? JsonNull.INSTANCE : new JsonPrimitive(e.param));
                    outcome.add("error", error);
                }
                output.println(GSON.toJson(outcome));
            }
        }
    }
}
