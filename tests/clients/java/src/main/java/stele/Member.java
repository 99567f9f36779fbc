package stele;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** The Java client as a member of a group; arguments, options and output are those of python/member.py. */
public final class Member implements ConsumerRebalanceListener {
  private static final Map<String, String> ASSIGNORS = Map.of("range", "RangeAssignor", "roundrobin", "RoundRobinAssignor",
      "sticky", "StickyAssignor", "cooperative-sticky", "CooperativeStickyAssignor");
  private static final ObjectMapper JSON = new ObjectMapper();

  private final String topic;
  private final String commit;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private volatile boolean stopping;

  private Member(String bootstrap, String group, String topic, Map<String, String> options) {
    this.topic = topic;
    commit = options.getOrDefault("commit", "before");
    Properties settings = new Properties();
    settings.put("bootstrap.servers", bootstrap);
    settings.put("group.id", group);
    settings.put("client.id", options.get("name"));
    settings.put("session.timeout.ms", options.get("session"));
    settings.put("heartbeat.interval.ms", "500");
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", String.valueOf(commit.equals("auto")));
    settings.put("auto.commit.interval.ms", "500");
    settings.put("max.poll.records", "50");
    settings.put("reconnect.backoff.max.ms", "500");
    settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.put("value.deserializer", ByteArrayDeserializer.class.getName());
    if (options.containsKey("assignor")) {
      settings.put("partition.assignment.strategy",
          "org.apache.kafka.clients.consumer." + ASSIGNORS.get(options.get("assignor")));
    }
    if (options.containsKey("instance")) {
      settings.put("group.instance.id", options.get("instance"));
    }
    consumer = new KafkaConsumer<>(settings);
    consumer.subscribe(List.of(topic), this);
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 3; i < arguments.length; ++i) {
      String[] pair = arguments[i].split("=", 2);
      options.put(pair[0], pair[1]);
    }
    Member member = new Member(arguments[0], arguments[1], arguments[2], options);
    Thread worker = Thread.currentThread();
    Runtime.getRuntime().addShutdownHook(new Thread(() -> {
      member.stopping = true;
      try {
        worker.join();
      } catch (InterruptedException impossible) {
        Thread.currentThread().interrupt();
      }
      // Or the JVM says 143, however well it went.
      Runtime.getRuntime().halt(0);
    }));
    member.work();
  }

  private static void emit(String event, Object what) {
    try {
      System.out.println(JSON.writeValueAsString(Map.of(event, what)));
    } catch (com.fasterxml.jackson.core.JsonProcessingException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private static List<Integer> numbers(Collection<TopicPartition> partitions) {
    return partitions.stream().map(TopicPartition::partition).sorted().toList();
  }

  @Override
  public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
    emit("assigned", numbers(partitions));
  }

  @Override
  public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
    emit("revoked", numbers(partitions));
  }

  private void work() {
    while (!stopping) {
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      try {
        consumer.poll(Duration.ofMillis(200)).forEach(records::add);
      } catch (FencedInstanceIdException fenced) {
        emit("refused", fenced.toString());
        Runtime.getRuntime().halt(1);
      }
      if (records.isEmpty()) {
        continue;
      }
      emit("read", records.stream()
          .map(r -> List.of(r.partition(), r.offset(), new String(r.value(), StandardCharsets.UTF_8))).toList());
      if (commit.equals("before") && !commit(records)) {
        rewind(records);
        continue;
      }
      emit("processed", records.stream().map(r -> List.of(r.partition(), r.offset())).toList());
      if (commit.equals("after")) {
        commit(records);
      }
    }
    consumer.close();
    emit("left", true);
  }

  private boolean commit(List<ConsumerRecord<byte[], byte[]>> records) {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    Map<Integer, Long> told = new TreeMap<>();
    for (ConsumerRecord<byte[], byte[]> record : records) {
      offsets.put(new TopicPartition(topic, record.partition()), new OffsetAndMetadata(record.offset() + 1));
      told.put(record.partition(), record.offset() + 1);
    }
    try {
      consumer.commitSync(offsets, Duration.ofSeconds(10));
    } catch (KafkaException refused) {
      emit("refused", refused.toString());
      return false;
    }
    emit("committed", told);
    return true;
  }

  /** What could not be committed is read again, as far as it is still this member's. */
  private void rewind(List<ConsumerRecord<byte[], byte[]>> records) {
    for (int i = records.size() - 1; i >= 0; --i) {
      TopicPartition place = new TopicPartition(topic, records.get(i).partition());
      if (consumer.assignment().contains(place)) {
        consumer.seek(place, records.get(i).offset());
      }
    }
  }
}
