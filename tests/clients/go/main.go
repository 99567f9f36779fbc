// The story of story.json as franz-go tells it, idempotent wherever acks allow it, as it is by default. ADDRESS, the
// prefix of the topics and story.json are on the command line; the lines it prints are those of python/story.py.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// text is null or [text, how often].
type text []byte

func (t *text) UnmarshalJSON(data []byte) error {
	var pair []any
	if err := json.Unmarshal(data, &pair); err != nil || pair == nil {
		return err
	}
	*t = []byte(strings.Repeat(pair[0].(string), int(pair[1].(float64))))
	return nil
}

type topicWanted struct {
	Name       string            `json:"name"`
	Partitions int32             `json:"partitions"`
	Replicas   int16             `json:"replicas"`
	Configs    map[string]string `json:"configs"`
}

type story struct {
	Codecs  []string `json:"codecs"`
	First   int64    `json:"first_timestamp"`
	Step    int64    `json:"timestamp_step"`
	Records []struct {
		Key     text                `json:"key"`
		Value   text                `json:"value"`
		Headers [][]json.RawMessage `json:"headers"`
	} `json:"records"`
	Topics        map[string]topicWanted `json:"topics"`
	Refused       map[string]topicWanted `json:"refused"`
	LargeBytes    int                    `json:"large_bytes"`
	TooLargeBytes int                    `json:"too_large_bytes"`
}

// told is a record as it is sent.
type told struct {
	key, value []byte
	headers    []kgo.RecordHeader
	timestamp  int64
}

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func emit(line map[string]any) {
	encoded, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(encoded))
}

func saw(name string, what any) { emit(map[string]any{"saw": name, "what": what}) }

func check(name string, ok bool, why any) {
	if ok {
		why = ""
	}
	emit(map[string]any{"check": name, "ok": ok, "why": fmt.Sprintf("%.2000v", why)})
}

func main() {
	var wanted story
	data, err := os.ReadFile(os.Args[3])
	if err == nil {
		err = json.Unmarshal(data, &wanted)
	}
	var c *client
	if err == nil {
		c, err = newClient(os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer c.close()
	t := teller{c, os.Args[2], wanted, nil}
	for i, record := range wanted.Records {
		each := told{record.Key, record.Value, nil, wanted.First + int64(i)*wanted.Step}
		for _, header := range record.Headers {
			var name string
			var value text
			if json.Unmarshal(header[0], &name) != nil || json.Unmarshal(header[1], &value) != nil {
				panic("story.json: a header is [name, text]")
			}
			each.headers = append(each.headers, kgo.RecordHeader{Key: name, Value: value})
		}
		t.records = append(t.records, each)
	}
	t.create()
	t.everyCodec()
	t.places()
	t.sizesAndTimes()
	t.unknownAndDelete()
}

type teller struct {
	*client
	prefix  string
	story   story
	records []told
}

func (t *teller) topic(name string) string { return t.prefix + "-" + name }

func sorted[V any](wanted map[string]V) []string {
	var names []string
	for name := range wanted {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (t *teller) create() {
	saw("cluster", t.cluster())
	for _, name := range sorted(t.story.Topics) {
		wanted := t.story.Topics[name]
		saw("create "+name, t.client.create(t.topic(name), wanted.Partitions, 1, wanted.Configs))
	}
	for _, why := range sorted(t.story.Refused) {
		wanted := t.story.Refused[why]
		saw("create "+why, t.client.create(t.topic(wanted.Name), wanted.Partitions, wanted.Replicas, wanted.Configs))
	}
	for _, name := range sorted(t.story.Topics) {
		saw("describe "+name, t.described(name, int(t.story.Topics[name].Partitions)))
		saw("configs of "+name, t.configs(t.topic(name)))
	}
}

// described is a topic's description once it has that many partitions (0: is unknown), or the last one before the time is
// up: a broker answers when it has decided, and the next question may come before it has acted.
func (t *teller) described(name string, partitions int) any {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		described := t.describe(t.topic(name))
		there := 0
		if all, known := described.([]any); known {
			there = len(all[len(all)-1].([]any))
		}
		if there == partitions || time.Now().After(deadline) {
			return described
		}
	}
}

// same compares with what was sent. A record from the log has no nil where it had an empty value, so nil matters.
func (t *teller) same(read []*kgo.Record) bool {
	equal := func(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }
	if len(read) != len(t.records) {
		return false
	}
	for i, r := range read {
		sent := t.records[i]
		if !equal(r.Key, sent.key) || !equal(r.Value, sent.value) || len(r.Headers) != len(sent.headers) {
			return false
		}
		for j, header := range r.Headers {
			if header.Key != sent.headers[j].Key || !equal(header.Value, sent.headers[j].Value) {
				return false
			}
		}
	}
	return true
}

func (t *teller) everyCodec() {
	for partition, codec := range t.story.Codecs {
		here := int32(partition)
		saw("produce "+codec, t.produce(t.topic("codecs"), here, t.records, kgo.ProducerBatchCompression(codecs[codec])))
		read, how := t.fetch(t.topic("codecs"), here, 0, len(t.records))
		saw("fetch "+codec, places(read, how))
		check(codec+" reads back as it was sent", t.same(read), how+" "+show(read))
	}
	saw("produce to be recompressed", t.produce(t.topic("recompressed"), 0, t.records, kgo.ProducerBatchCompression(kgo.GzipCompression())))
	read, how := t.fetch(t.topic("recompressed"), 0, 0, len(t.records))
	check("recompressed reads back as it was sent", t.same(read), how+" "+show(read))
}

func (t *teller) places() {
	count := len(t.records)
	for _, offset := range []int{3, count - 1} {
		saw(fmt.Sprintf("fetch from offset %d", offset), places(t.fetch(t.topic("codecs"), 1, int64(offset), count-offset)))
	}
	saw("fetch past the end", places(t.fetch(t.topic("codecs"), 1, 1000, 1)))
	times := map[string]int64{
		"before all": 0, "of the first": t.story.First, "between two": t.story.First + 2*t.story.Step + 1,
		"of the last": t.story.First + int64(count-1)*t.story.Step, "after all": t.story.First + int64(count)*t.story.Step,
	}
	for _, what := range sorted(times) {
		saw("offset at the time "+what, t.offsetAt(t.topic("codecs"), 2, times[what]))
	}
	for _, partition := range []int32{0, 2} {
		saw(fmt.Sprintf("ends of %d", partition), t.ends(t.topic("codecs"), partition))
	}
}

func (t *teller) sizesAndTimes() {
	random := func(count int) []byte {
		data := make([]byte, count)
		rand.New(rand.NewSource(int64(count))).Read(data)
		return data
	}
	large := random(t.story.LargeBytes)
	plain := kgo.ProducerBatchCompression(kgo.NoCompression())
	saw("produce a large record", t.produce(t.topic("codecs"), 0, []told{{nil, large, nil, t.story.First}}, plain))
	read, how := t.fetch(t.topic("codecs"), 0, int64(len(t.records)), 1)
	check("a large record reads back", len(read) == 1 && bytes.Equal(read[0].Value, large), how)
	saw("produce a record too large", t.produce(t.topic("codecs"), 0, []told{{nil, random(t.story.TooLargeBytes), nil, t.story.First}},
		plain, kgo.ProducerBatchMaxBytes(5_000_000)))
	saw("ends after it", t.ends(t.topic("codecs"), 0))

	record := func(value string) []told { return []told{{[]byte("k"), []byte(value), nil, t.story.First}} }
	before := time.Now().UnixMilli()
	produced := t.produce(t.topic("appended"), 0, record("v"))
	read, how = t.fetch(t.topic("appended"), 0, 0, 1)
	after := time.Now().UnixMilli()
	stamped := len(read) == 1 && before <= read[0].Timestamp.UnixMilli() && read[0].Timestamp.UnixMilli() <= after && read[0].Attrs.TimestampType() == 1
	check("log append time is the time of the append", stamped, fmt.Sprint(before, produced, how, show(read), after))
	saw("produce without a key to a compacted topic", t.produce(t.topic("compacted"), 0, []told{{nil, []byte("v"), nil, t.story.First}}))
	acks := []struct {
		name    string
		options []kgo.Opt
	}{
		{"0", []kgo.Opt{kgo.RequiredAcks(kgo.NoAck()), kgo.DisableIdempotentWrite()}},
		{"1", []kgo.Opt{kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()}},
		{"all", nil},
	}
	for offset, each := range acks {
		saw("produce with acks="+each.name, t.produce(t.topic("deleted"), 0, record(each.name), each.options...))
		saw("fetch what acks="+each.name+" sent", places(t.fetch(t.topic("deleted"), 0, int64(offset), 1)))
	}
}

func (t *teller) unknownAndDelete() {
	record := []told{{[]byte("k"), []byte("v"), nil, t.story.First}}
	saw("describe an unknown topic", t.describe(t.topic("unknown")))
	saw("configs of an unknown topic", t.configs(t.topic("unknown")))
	saw("ends of an unknown topic", t.ends(t.topic("unknown"), 0))
	saw("produce to an unknown topic", t.produce(t.topic("unknown"), 0, record))
	saw("fetch from an unknown topic", places(t.fetch(t.topic("unknown"), 0, 0, 1)))
	saw("delete an unknown topic", t.delete(t.topic("unknown")))
	saw("add partitions to an unknown topic", t.addPartitions(t.topic("unknown"), 3))
	saw("add partitions", t.addPartitions(t.topic("deleted"), 4))
	saw("describe after adding", t.described("deleted", 4))
	saw("add no partition", t.addPartitions(t.topic("deleted"), 4))
	saw("take partitions away", t.addPartitions(t.topic("deleted"), 2))
	saw("produce to an added partition", t.produce(t.topic("deleted"), 3, record))
	saw("delete", t.delete(t.topic("deleted")))
	saw("describe what was deleted", t.described("deleted", 0))
	saw("delete it again", t.delete(t.topic("deleted")))
}
