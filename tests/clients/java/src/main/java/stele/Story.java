package stele;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * The story of story.json as the Java client tells it, with its default settings: idempotent, acks=all. ADDRESS, the
 * prefix of the topics and story.json are on the command line; the lines it prints are those of python/story.py.
 */
public final class Story {
  /** A record, as sent and as read back. */
  record Told(byte[] key, byte[] value, List<Header> headers, long timestamp) {
    boolean hasContentOf(Told other) {
      return Arrays.equals(key, other.key) && Arrays.equals(value, other.value) && headers.equals(other.headers);
    }
  }

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Client client;
  private final String prefix;
  private final JsonNode story;
  private final List<Told> records = new ArrayList<>();
  private final long first;
  private final long step;

  private Story(Client client, String prefix, JsonNode story) {
    this.client = client;
    this.prefix = prefix;
    this.story = story;
    first = story.get("first_timestamp").longValue();
    step = story.get("timestamp_step").longValue();
    for (JsonNode wanted : story.get("records")) {
      List<Header> headers = new ArrayList<>();
      wanted.get("headers").forEach(h -> headers.add(new RecordHeader(h.get(0).asText(), bytes(h.get(1)))));
      records.add(new Told(bytes(wanted.get("key")), bytes(wanted.get("value")), headers, first + records.size() * step));
    }
  }

  public static void main(String[] arguments) throws Exception {
    try (Client client = new Client(arguments[0])) {
      Story story = new Story(client, arguments[1], JSON.readTree(new File(arguments[2])));
      story.chapter("create", story::create);
      story.chapter("every codec", story::everyCodec);
      story.chapter("places", story::places);
      story.chapter("sizes and times", story::sizesAndTimes);
      story.chapter("unknown and delete", story::unknownAndDelete);
    }
  }

  private interface Chapter {
    void tell() throws Exception;
  }

  private void chapter(String name, Chapter chapter) throws Exception {
    try {
      chapter.tell();
    } catch (Exception crash) {
      check(name + " without a crash", false, crash.toString() + Arrays.toString(crash.getStackTrace()));
    }
  }

  private static void saw(String name, Object what) throws Exception {
    System.out.println(JSON.writeValueAsString(Map.of("saw", name, "what", what)));
  }

  private static void check(String name, boolean ok, Object why) throws Exception {
    System.out.println(JSON.writeValueAsString(Map.of("check", name, "ok", ok, "why", ok ? "" : String.valueOf(why))));
  }

  /** What an action answers, or the name of the exception that it is refused with. */
  private static Object said(Callable<Object> action) throws Exception {
    try {
      return action.call();
    } catch (Client.Refused refused) {
      return refused.getMessage();
    }
  }

  private static byte[] bytes(JsonNode pair) {
    return pair.isNull() ? null : pair.get(0).asText().repeat(pair.get(1).intValue()).getBytes(StandardCharsets.UTF_8);
  }

  private static Map<String, String> configs(JsonNode wanted) {
    Map<String, String> configs = new TreeMap<>();
    wanted.get("configs").fields().forEachRemaining(each -> configs.put(each.getKey(), each.getValue().asText()));
    return configs;
  }

  private String topic(String name) {
    return prefix + "-" + name;
  }

  private static List<Object> places(List<Client.Read> read) {
    return read.stream().map(Client.Read::place).toList();
  }

  private void create() throws Exception {
    saw("cluster", client.cluster());
    for (var wanted : story.get("topics").properties()) {
      int partitions = wanted.getValue().get("partitions").intValue();
      saw("create " + wanted.getKey(),
          said(() -> client.create(topic(wanted.getKey()), partitions, (short) 1, configs(wanted.getValue()))));
    }
    for (var refused : story.get("refused").properties()) {
      JsonNode wanted = refused.getValue();
      saw("create " + refused.getKey(),
          said(() -> client.create(topic(wanted.get("name").asText()), wanted.get("partitions").intValue(),
              wanted.get("replicas").shortValue(), configs(wanted))));
    }
    for (var wanted : story.get("topics").properties()) {
      saw("describe " + wanted.getKey(), described(wanted.getKey(), wanted.getValue().get("partitions").intValue()));
      saw("configs of " + wanted.getKey(), said(() -> client.configs(topic(wanted.getKey()))));
    }
  }

  /**
   * A topic's description once it has that many partitions (0: is unknown), or the last one before the time is up: a
   * broker answers when it has decided, and the next question may come before it has acted.
   */
  private Object described(String name, int partitions) throws Exception {
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (true) {
      Object described = said(() -> client.describe(topic(name)));
      int there = described instanceof List<?> all ? ((List<?>) all.get(all.size() - 1)).size() : 0;
      if (there == partitions || System.nanoTime() > deadline) {
        return described;
      }
      Thread.sleep(20);
    }
  }

  private void everyCodec() throws Exception {
    int partition = 0;
    for (JsonNode codec : story.get("codecs")) {
      int here = partition++;
      saw("produce " + codec.asText(), client.produce(topic("codecs"), here, records, Map.of("compression.type", codec.asText())));
      for (String isolation : List.of("read_uncommitted", "read_committed")) {
        List<Client.Read> read = client.fetch(topic("codecs"), here, 0, records.size(), Map.of("isolation.level", isolation));
        saw("fetch " + codec.asText() + " " + isolation, places(read));
        check(codec.asText() + " reads back as it was sent, " + isolation, isAsSent(read), read);
      }
    }
    saw("produce to be recompressed", client.produce(topic("recompressed"), 0, records, Map.of("compression.type", "gzip")));
    List<Client.Read> read = client.fetch(topic("recompressed"), 0, 0, records.size(), Map.of());
    check("recompressed reads back as it was sent", isAsSent(read), read);
  }

  private boolean isAsSent(List<Client.Read> read) {
    boolean same = read.size() == records.size();
    for (int i = 0; same && i < records.size(); ++i) {
      same = read.get(i).told().hasContentOf(records.get(i));
    }
    return same;
  }

  private void places() throws Exception {
    int count = records.size();
    for (int offset : new int[] {3, count - 1}) {
      saw("fetch from offset " + offset, places(client.fetch(topic("codecs"), 1, offset, count - offset, Map.of())));
    }
    saw("fetch past the end", said(() -> places(client.fetch(topic("codecs"), 1, 1000, 1, Map.of()))));
    Map<String, Long> times = Map.of("before all", 0L, "of the first", first, "between two", first + 2 * step + 1,
        "of the last", first + (count - 1) * step, "after all", first + count * step);
    for (var time : times.entrySet()) {
      saw("offset at the time " + time.getKey(), client.offsetAt(topic("codecs"), 2, time.getValue()));
    }
    for (int partition : new int[] {0, 2}) {
      saw("earliest and latest of " + partition, client.ends(topic("codecs"), partition));
    }
    saw("offsets by every spec", client.offsetsBySpec(topic("codecs"), 2));
    saw("offsets by every spec when empty", client.offsetsBySpec(topic("compacted"), 0));
  }

  private void sizesAndTimes() throws Exception {
    byte[] large = randomBytes(story.get("large_bytes").intValue());
    saw("produce a large record",
        client.produce(topic("codecs"), 0, List.of(new Told(null, large, List.of(), first)), Map.of()));
    List<Client.Read> read = client.fetch(topic("codecs"), 0, records.size(), 1, Map.of());
    check("a large record reads back", Arrays.equals(read.get(0).told().value(), large), read);
    byte[] tooLarge = randomBytes(story.get("too_large_bytes").intValue());
    saw("produce a record too large", client.produce(topic("codecs"), 0, List.of(new Told(null, tooLarge, List.of(), first)),
        Map.of("max.request.size", "5000000")));
    saw("latest after it", client.ends(topic("codecs"), 0));

    long before = System.currentTimeMillis();
    List<Object> produced = client.produce(topic("appended"), 0, List.of(record("v")), Map.of());
    read = client.fetch(topic("appended"), 0, 0, 1, Map.of());
    long after = System.currentTimeMillis();
    long timestamp = read.get(0).told().timestamp();
    saw("log append time", List.of(((List<?>) produced.get(0)).get(0), read.get(0).offset(), read.get(0).timestampType()));
    check("log append time is the time of the append, in the answer and in the log",
        before <= timestamp && timestamp <= after && Objects.equals(((List<?>) produced.get(0)).get(1), timestamp),
        List.of(before, produced, timestamp, after));
    saw("produce without a key to a compacted topic", client.produce(topic("compacted"), 0,
        List.of(new Told(null, new byte[] {1}, List.of(), first)), Map.of()));
    int offset = 0;
    for (String acks : List.of("0", "1", "all")) {
      saw("produce with acks=" + acks, client.produce(topic("deleted"), 0, List.of(record(acks)),
          Map.of("acks", acks, "enable.idempotence", String.valueOf(acks.equals("all")))));
      saw("fetch what acks=" + acks + " sent", places(client.fetch(topic("deleted"), 0, offset++, 1, Map.of())));
    }
  }

  private Told record(String value) {
    return new Told(new byte[] {'k'}, value.getBytes(StandardCharsets.UTF_8), List.of(), first);
  }

  private static byte[] randomBytes(int count) {
    byte[] bytes = new byte[count];
    new java.util.Random(count).nextBytes(bytes);
    return bytes;
  }

  private void unknownAndDelete() throws Exception {
    saw("describe an unknown topic", said(() -> client.describe(topic("unknown"))));
    saw("configs of an unknown topic", said(() -> client.configs(topic("unknown"))));
    saw("delete an unknown topic", said(() -> client.delete(topic("unknown"))));
    saw("add partitions to an unknown topic", said(() -> client.addPartitions(topic("unknown"), 3)));
    saw("produce to an unknown partition", client.produce(topic("codecs"), 17, List.of(record("v")), Map.of("max.block.ms", "1000")));
    saw("add partitions", said(() -> client.addPartitions(topic("deleted"), 4)));
    saw("describe after adding", described("deleted", 4));
    saw("add no partition", said(() -> client.addPartitions(topic("deleted"), 4)));
    saw("take partitions away", said(() -> client.addPartitions(topic("deleted"), 2)));
    saw("produce to an added partition", client.produce(topic("deleted"), 3, List.of(record("v")), Map.of()));
    saw("delete by id", said(() -> client.deleteById(topic("deleted"))));
    saw("describe what was deleted", described("deleted", 0));
    saw("delete it again", said(() -> client.delete(topic("deleted"))));
    saw("make it again", said(() -> client.create(topic("deleted"), 1, (short) 1, Map.of())));
    saw("it begins at 0 again", client.produce(topic("deleted"), 0, List.of(record("v")), Map.of()));
    saw("delete it at last", said(() -> client.delete(topic("deleted"))));
  }
}
