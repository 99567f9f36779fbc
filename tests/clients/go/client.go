package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Of one call: nothing here may hang.
const patience = 20 * time.Second

// client is franz-go behind the few calls the story needs; each answers with what the story compares.
type client struct {
	bootstrap string
	admin     *kadm.Client
}

func newClient(bootstrap string) (*client, error) {
	inner, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	if err != nil {
		return nil, err
	}
	return &client{bootstrap, kadm.NewClient(inner)}, nil
}

func (c *client) close() { c.admin.Close() }

// patient is a context for one call. It ends by itself; nobody cancels it before.
func patient() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	context.AfterFunc(ctx, cancel)
	return ctx
}

// named is an error as its name in the protocol, or "ok".
func named(err error) string {
	var code *kerr.Error
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &code):
		return code.Message
	default:
		return err.Error()
	}
}

func (c *client) cluster() any {
	answer, err := c.admin.BrokerMetadata(patient())
	if err != nil {
		return named(err)
	}
	return map[string]any{
		"nodes": answer.Brokers.NodeIDs(), "controller": answer.Controller,
		"length of the cluster id": len(answer.Cluster),
	}
}

func (c *client) create(topic string, partitions int32, replicas int16, configs map[string]string) any {
	given := map[string]*string{}
	for name, value := range configs {
		given[name] = &value
	}
	answer, err := c.admin.CreateTopic(patient(), partitions, replicas, given, topic)
	if err != nil {
		return named(err)
	}
	made := map[string]any{}
	for name := range configs {
		made[name] = answer.Configs[name].Value
	}
	return map[string]any{
		"partitions": answer.NumPartitions, "replicas": answer.ReplicationFactor,
		"has an id": answer.ID != kadm.TopicID{}, "configs": made,
	}
}

func (c *client) addPartitions(topic string, total int) any {
	answer, err := c.admin.UpdatePartitions(patient(), total, topic)
	if err == nil {
		err = answer.Error()
	}
	return named(err)
}

func (c *client) delete(topic string) any {
	_, err := c.admin.DeleteTopic(patient(), topic)
	return named(err)
}

func (c *client) describe(topic string) any {
	answer, err := c.admin.ListTopics(patient(), topic)
	if err != nil {
		return named(err)
	}
	detail := answer[topic]
	if detail.Err != nil {
		return named(detail.Err)
	}
	var partitions []any
	for _, p := range detail.Partitions.Sorted() {
		partitions = append(partitions, []any{p.Partition, p.Leader, p.LeaderEpoch, p.Replicas, p.ISR, p.OfflineReplicas, named(p.Err)})
	}
	return []any{detail.IsInternal, detail.ID != kadm.TopicID{}, partitions}
}

func (c *client) configs(topic string) any {
	answer, err := c.admin.DescribeTopicConfigs(patient(), topic)
	if err != nil {
		return named(err)
	}
	if answer[0].Err != nil {
		return named(answer[0].Err)
	}
	configs := map[string]any{}
	for _, config := range answer[0].Configs {
		var synonyms []any
		for _, s := range config.Synonyms {
			synonyms = append(synonyms, []any{s.Key, s.Value, s.Source.String()})
		}
		configs[config.Key] = map[string]any{
			"value": config.Value, "source": config.Source.String(), "sensitive": config.Sensitive, "synonyms": synonyms,
		}
	}
	return configs
}

// produce says what became of each record: [offset, timestamp], or the name of the error.
func (c *client) produce(topic string, partition int32, records []told, options ...kgo.Opt) []any {
	options = append([]kgo.Opt{
		kgo.SeedBrokers(c.bootstrap), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerLinger(100 * time.Millisecond), kgo.UnknownTopicRetries(0),
	}, options...)
	producer, err := kgo.NewClient(options...)
	if err != nil {
		return []any{named(err)}
	}
	defer producer.Close()
	var sent []*kgo.Record
	for _, each := range records {
		sent = append(sent, &kgo.Record{
			Topic: topic, Partition: partition, Key: each.key, Value: each.value, Headers: each.headers,
			Timestamp: time.UnixMilli(each.timestamp),
		})
	}
	var answers []any
	for _, result := range producer.ProduceSync(patient(), sent...) {
		if result.Err != nil {
			answers = append(answers, named(result.Err))
		} else {
			answers = append(answers, []any{result.Record.Offset, result.Record.Timestamp.UnixMilli()})
		}
	}
	return answers
}

// fetch reads `count` records from an offset on, or says the name of the first error.
func (c *client) fetch(topic string, partition int32, offset int64, count int) ([]*kgo.Record, string) {
	at := kgo.NewOffset().At(offset)
	consumer, err := kgo.NewClient(kgo.SeedBrokers(c.bootstrap), kgo.FetchMaxPartitionBytes(200_000),
		kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.KeepRetryableFetchErrors(), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: at}}))
	if err != nil {
		return nil, named(err)
	}
	defer consumer.Close()
	var read []*kgo.Record
	for ctx := patient(); len(read) < count; {
		fetches := consumer.PollFetches(ctx)
		if failed := fetches.Errors(); len(failed) > 0 {
			return read, named(failed[0].Err)
		}
		read = append(read, fetches.Records()...)
	}
	return read, "ok"
}

func places(read []*kgo.Record, how string) any {
	if how != "ok" {
		return how
	}
	var all []any
	for _, r := range read {
		all = append(all, []any{r.Offset, r.Timestamp.UnixMilli(), r.Attrs.TimestampType(), r.LeaderEpoch})
	}
	return all
}

// listed is the one partition of an answer that lists offsets.
func listed(answer kadm.ListedOffsets, err error, topic string, partition int32) any {
	if err == nil {
		err = answer.Error()
	}
	if err != nil {
		return named(err)
	}
	found, there := answer.Lookup(topic, partition)
	if !there {
		return "none"
	}
	return []any{found.Offset, found.Timestamp, found.LeaderEpoch}
}

func (c *client) offsetAt(topic string, partition int32, milliseconds int64) any {
	answer, err := c.admin.ListOffsetsAfterMilli(patient(), milliseconds, topic)
	return listed(answer, err, topic, partition)
}

func (c *client) ends(topic string, partition int32) any {
	begin, err := c.admin.ListStartOffsets(patient(), topic)
	first := listed(begin, err, topic, partition)
	end, err := c.admin.ListEndOffsets(patient(), topic)
	committed, err2 := c.admin.ListCommittedOffsets(patient(), topic)
	greatest, err3 := c.admin.ListMaxTimestampOffsets(patient(), topic)
	return map[string]any{
		"earliest": first, "latest": listed(end, err, topic, partition),
		"committed": listed(committed, err2, topic, partition), "greatest timestamp": listed(greatest, err3, topic, partition),
	}
}

func show(read []*kgo.Record) string {
	out := ""
	for _, r := range read {
		out += fmt.Sprintf("%d: %.40q=%.40q %v; ", r.Offset, r.Key, r.Value, r.Headers)
	}
	return out
}
