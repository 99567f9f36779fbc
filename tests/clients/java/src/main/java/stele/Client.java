package stele;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeConfigsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Java client behind the few calls the story needs; each answers with what the story compares. */
final class Client implements AutoCloseable {
  private static final Duration TIME = Duration.ofSeconds(20);

  /** The broker or the client said no; the message is the name of the exception. */
  static final class Refused extends Exception {
    Refused(Throwable cause) {
      super(cause.getClass().getSimpleName(), cause);
    }
  }

  /** A record read back. */
  record Read(long offset, String timestampType, Optional<Integer> leaderEpoch, Story.Told told) {
    Object place() {
      return List.of(offset, told.timestamp(), timestampType, leaderEpoch.orElse(-1));
    }
  }

  private final String bootstrap;
  private final Admin admin;

  Client(String bootstrap) {
    this.bootstrap = bootstrap;
    admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
  }

  @Override
  public void close() {
    admin.close(TIME);
  }

  private static <T> T get(Future<T> future) throws Exception {
    try {
      return future.get(TIME.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException refused) {
      throw new Refused(refused.getCause());
    }
  }

  private static List<Integer> ids(List<Node> nodes) {
    return nodes.stream().map(Node::id).toList();
  }

  Object cluster() throws Exception {
    var answer = admin.describeCluster();
    return Map.of("nodes", ids(List.copyOf(get(answer.nodes()))), "controller", get(answer.controller()).id(),
        "length of the cluster id", get(answer.clusterId()).length());
  }

  Object create(String topic, int partitions, short replicas, Map<String, String> configs) throws Exception {
    var answer = admin.createTopics(List.of(new NewTopic(topic, partitions, replicas).configs(configs)));
    get(answer.all());
    Map<String, String> made = new TreeMap<>();
    get(answer.config(topic)).entries().forEach(entry -> made.put(entry.name(), entry.value()));
    made.keySet().retainAll(configs.keySet());
    return Map.of("partitions", get(answer.numPartitions(topic)), "replicas", get(answer.replicationFactor(topic)),
        "has an id", !get(answer.topicId(topic)).equals(Uuid.ZERO_UUID), "configs", made);
  }

  Object addPartitions(String topic, int total) throws Exception {
    get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(total))).all());
    return "ok";
  }

  Object delete(String topic) throws Exception {
    get(admin.deleteTopics(List.of(topic)).all());
    return "ok";
  }

  Object deleteById(String topic) throws Exception {
    Uuid id = description(topic).topicId();
    get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all());
    return "ok";
  }

  private TopicDescription description(String topic) throws Exception {
    return get(admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
  }

  Object describe(String topic) throws Exception {
    TopicDescription answer = description(topic);
    List<Object> partitions = new ArrayList<>();
    answer.partitions().forEach(p -> partitions.add(List.of(p.partition(), p.leader().id(), ids(p.replicas()), ids(p.isr()))));
    return Arrays.asList(answer.name().equals(topic), answer.isInternal(), !answer.topicId().equals(Uuid.ZERO_UUID), partitions);
  }

  Object configs(String topic) throws Exception {
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    var options = new DescribeConfigsOptions().includeSynonyms(true).includeDocumentation(true);
    Map<String, Object> configs = new TreeMap<>();
    get(admin.describeConfigs(List.of(resource), options).all()).get(resource).entries().forEach(entry -> {
      Map<String, Object> shown = new TreeMap<>();
      shown.put("value", entry.value());
      shown.put("source", entry.source());
      shown.put("type", entry.type());
      shown.put("read only", entry.isReadOnly());
      shown.put("sensitive", entry.isSensitive());
      // Our words are our own; that there are some is what a client can rely on.
      shown.put("is documented", entry.documentation() != null && !entry.documentation().isBlank());
      shown.put("synonyms", entry.synonyms().stream().map(s -> List.of(s.name(), s.value(), s.source())).toList());
      configs.put(entry.name(), shown);
    });
    return configs;
  }

  /** What became of each record: [offset, timestamp], or the name of the exception. */
  List<Object> produce(String topic, int partition, List<Story.Told> records, Map<String, String> settings) throws Exception {
    Map<String, Object> all = new HashMap<>(settings);
    all.put("bootstrap.servers", bootstrap);
    List<Object> answers = new ArrayList<>();
    try (var producer = new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer())) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (Story.Told told : records) {
        sent.add(producer.send(new ProducerRecord<>(topic, partition, told.timestamp(), told.key(), told.value(), told.headers())));
      }
      producer.flush();
      for (Future<RecordMetadata> each : sent) {
        try {
          RecordMetadata metadata = get(each);
          answers.add(List.of(metadata.offset(), metadata.timestamp()));
        } catch (Refused refused) {
          answers.add(refused.getMessage());
        }
      }
    }
    return answers;
  }

  private KafkaConsumer<byte[], byte[]> consumer(Map<String, String> settings) {
    Map<String, Object> all = new HashMap<>(settings);
    all.put("bootstrap.servers", bootstrap);
    all.put("auto.offset.reset", "none");
    all.put("fetch.max.wait.ms", "50");  // Closing waits for the fetch in flight, and this closes many.
    all.put("allow.auto.create.topics", "false");
    return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  List<Read> fetch(String topic, int partition, long offset, int count, Map<String, String> settings) throws Exception {
    try (var consumer = consumer(settings)) {
      TopicPartition place = new TopicPartition(topic, partition);
      consumer.assign(List.of(place));
      consumer.seek(place, offset);
      List<Read> read = new ArrayList<>();
      long deadline = System.nanoTime() + TIME.toNanos();
      while (read.size() < count && System.nanoTime() < deadline) {
        for (ConsumerRecord<byte[], byte[]> each : consumer.poll(Duration.ofMillis(200))) {
          read.add(new Read(each.offset(), each.timestampType().toString(), each.leaderEpoch(),
              new Story.Told(each.key(), each.value(), List.of(each.headers().toArray()), each.timestamp())));
        }
      }
      return read;
    } catch (KafkaException refused) {
      throw new Refused(refused);
    }
  }

  Object offsetAt(String topic, int partition, long timestamp) {
    try (var consumer = consumer(Map.of())) {
      OffsetAndTimestamp found = consumer.offsetsForTimes(Map.of(new TopicPartition(topic, partition), timestamp), TIME)
          .values().iterator().next();
      return found == null ? "none" : List.of(found.offset(), found.timestamp(), found.leaderEpoch().orElse(-1));
    }
  }

  Object ends(String topic, int partition) {
    TopicPartition place = new TopicPartition(topic, partition);
    try (var consumer = consumer(Map.of())) {
      return List.of(consumer.beginningOffsets(List.of(place), TIME).get(place), consumer.endOffsets(List.of(place), TIME).get(place));
    }
  }

  /** As far back as the special timestamps go: earliest, latest, greatest timestamp, and the tiered ones. */
  Object offsetsBySpec(String topic, int partition) throws Exception {
    Map<String, OffsetSpec> specs = Map.of("earliest", OffsetSpec.earliest(), "latest", OffsetSpec.latest(), "greatest timestamp",
        OffsetSpec.maxTimestamp(), "earliest local", OffsetSpec.earliestLocal(), "latest tiered", OffsetSpec.latestTiered(),
        "earliest to upload", OffsetSpec.earliestPendingUpload());
    Map<String, Object> found = new TreeMap<>();
    TopicPartition place = new TopicPartition(topic, partition);
    for (var spec : specs.entrySet()) {
      try {
        var info = get(admin.listOffsets(Map.of(place, spec.getValue())).partitionResult(place));
        found.put(spec.getKey(), List.of(info.offset(), info.timestamp(), info.leaderEpoch().orElse(-1)));
      } catch (Refused refused) {
        found.put(spec.getKey(), refused.getMessage());
      }
    }
    return found;
  }
}
