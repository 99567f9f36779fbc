// segmentio's kafka-go as a member of a group: its Reader when it commits by itself, and its ConsumerGroup otherwise, for
// the Reader commits what it was told to in whatever generation it has by then.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"stele/tests/clients/member"
)

var balancers = map[string]kafka.GroupBalancer{
	"range": kafka.RangeGroupBalancer{}, "roundrobin": kafka.RoundRobinGroupBalancer{},
}

func balancersOf(options member.Options) []kafka.GroupBalancer {
	if options.Assignor == "" {
		return nil
	}
	return []kafka.GroupBalancer{balancers[options.Assignor]}
}

func dialer(options member.Options) *kafka.Dialer {
	return &kafka.Dialer{ClientID: options.Name, Timeout: member.Patience, DualStack: true}
}

var complaints = kafka.LoggerFunc(func(format string, arguments ...any) { fmt.Fprintf(os.Stderr, format+"\n", arguments...) })

func main() {
	options := member.Parse()
	if options.Commit == "auto" {
		withReader(options)
	} else {
		withGroup(options)
	}
	member.Emit("left", true)
}

func withGroup(options member.Options) {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: options.Group, Brokers: []string{options.Bootstrap}, Dialer: dialer(options), Topics: []string{options.Topic},
		GroupBalancers: balancersOf(options), HeartbeatInterval: member.Heartbeat, SessionTimeout: options.Session,
		StartOffset: kafka.FirstOffset, ErrorLogger: complaints, JoinGroupBackoff: 500 * time.Millisecond,
	})
	if err != nil {
		member.Fail(err)
	}
	for stopping := member.Stopping(); ; {
		generation, err := group.Next(stopping)
		if stopping.Err() != nil {
			break
		}
		if err != nil {
			member.Emit("refused", err.Error())
			continue
		}
		begin(generation, options)
	}
	if err := group.Close(); err != nil {
		member.Fail(err)
	}
}

func begin(generation *kafka.Generation, options member.Options) {
	mine := []int{}
	for _, assigned := range generation.Assignments[options.Topic] {
		mine = append(mine, assigned.ID)
		generation.Start(func(ctx context.Context) { consume(ctx, generation, options, assigned) })
	}
	member.Emit("assigned", mine)
	generation.Start(func(ctx context.Context) {
		<-ctx.Done()
		member.Emit("revoked", mine)
	})
}

// consume reads one partition until the generation ends, which it does too when this returns.
func consume(ctx context.Context, generation *kafka.Generation, options member.Options, assigned kafka.PartitionAssignment) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{options.Bootstrap}, Dialer: dialer(options), Topic: options.Topic, Partition: assigned.ID,
		MaxWait: 200 * time.Millisecond, ErrorLogger: complaints,
	})
	defer reader.Close()
	if err := reader.SetOffset(assigned.Offset); err != nil {
		member.Fail(err)
	}
	for ctx.Err() == nil {
		batch := read(ctx, reader)
		if len(batch) == 0 {
			continue
		}
		done := options.Work(batch, func(offsets map[int32]int64) error {
			wanted := map[int]int64{}
			for partition, offset := range offsets {
				wanted[int(partition)] = offset
			}
			return generation.CommitOffsets(map[string]map[int]int64{options.Topic: wanted})
		})
		if !done {
			return
		}
	}
}

// read waits for a message, and takes what is there besides.
func read(ctx context.Context, reader *kafka.Reader) []member.Record {
	var batch []member.Record
	for len(batch) < member.MostRecords {
		patience, cancel := ctx, context.CancelFunc(func() {})
		if len(batch) > 0 {
			patience, cancel = context.WithTimeout(ctx, 5*time.Millisecond)
		}
		message, err := reader.FetchMessage(patience)
		cancel()
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
				fmt.Fprintln(os.Stderr, err)
			}
			break
		}
		batch = append(batch, member.Record{Partition: int32(message.Partition), Offset: message.Offset, Value: string(message.Value)})
	}
	return batch
}

// assignments takes from the Reader's log what it does not say otherwise.
type assignments struct {
	topic string
	mutex sync.Mutex
	mine  []int
}

var (
	subscribed = regexp.MustCompile(`^subscribed to topics and partitions: (.*)$`)
	place      = regexp.MustCompile(`topic:(\S+) partition:(\d+)`)
)

func (a *assignments) Printf(format string, arguments ...any) {
	line := subscribed.FindStringSubmatch(fmt.Sprintf(format, arguments...))
	if line == nil {
		return
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	member.Emit("revoked", a.mine)
	a.mine = []int{}
	for _, found := range place.FindAllStringSubmatch(line[1], -1) {
		if partition, err := strconv.Atoi(found[2]); err == nil && found[1] == a.topic {
			a.mine = append(a.mine, partition)
		}
	}
	member.Emit("assigned", a.mine)
}

func withReader(options member.Options) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{options.Bootstrap}, Dialer: dialer(options), GroupID: options.Group, Topic: options.Topic,
		GroupBalancers: balancersOf(options), HeartbeatInterval: member.Heartbeat, SessionTimeout: options.Session,
		CommitInterval: member.AutoCommit, StartOffset: kafka.FirstOffset, MaxWait: 200 * time.Millisecond,
		JoinGroupBackoff: 500 * time.Millisecond, ErrorLogger: complaints,
		Logger: &assignments{topic: options.Topic, mine: []int{}},
	})
	for stopping := member.Stopping(); stopping.Err() == nil; {
		batch := read(stopping, reader)
		if len(batch) == 0 {
			continue
		}
		options.Work(batch, nil)
		var done []kafka.Message
		for _, r := range batch {
			done = append(done, kafka.Message{Topic: options.Topic, Partition: int(r.Partition), Offset: r.Offset})
		}
		// Only writes it down: the Reader commits now and then.
		if err := reader.CommitMessages(context.Background(), done...); err != nil {
			member.Emit("refused", err.Error())
		}
	}
	if err := reader.Close(); err != nil {
		member.Fail(err)
	}
}
