// franz-go as a member of a group. It holds rebalances back while a batch is worked on.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"stele/tests/clients/member"
)

var balancers = map[string]kgo.GroupBalancer{
	"range": kgo.RangeBalancer(), "roundrobin": kgo.RoundRobinBalancer(), "sticky": kgo.StickyBalancer(),
	"cooperative-sticky": kgo.CooperativeStickyBalancer(),
}

type hook = func(context.Context, *kgo.Client, map[string][]int32)

func told(event, topic string) hook {
	return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
		member.Emit(event, append([]int32{}, partitions[topic]...))
	}
}

// committing does what franz-go does by itself only where nobody wants to be told.
func committing(next hook) hook {
	return func(ctx context.Context, client *kgo.Client, partitions map[string][]int32) {
		if err := client.CommitUncommittedOffsets(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		next(ctx, client, partitions)
	}
}

func main() {
	options := member.Parse()
	given := []kgo.Opt{
		kgo.SeedBrokers(options.Bootstrap), kgo.ConsumerGroup(options.Group), kgo.ConsumeTopics(options.Topic),
		kgo.ClientID(options.Name), kgo.SessionTimeout(options.Session), kgo.HeartbeatInterval(member.Heartbeat),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(told("assigned", options.Topic)), kgo.OnPartitionsLost(told("revoked", options.Topic)),
		kgo.WithLogger(kgo.BasicLogger(os.Stderr, kgo.LogLevelWarn, nil)),
	}
	if options.Assignor != "" {
		given = append(given, kgo.Balancers(balancers[options.Assignor]))
	}
	if options.Instance != "" {
		given = append(given, kgo.InstanceID(options.Instance))
	}
	revoked := told("revoked", options.Topic)
	if options.Commit == "auto" {
		given = append(given, kgo.AutoCommitInterval(member.AutoCommit), kgo.OnPartitionsRevoked(committing(revoked)))
	} else {
		given = append(given, kgo.DisableAutoCommit(), kgo.OnPartitionsRevoked(revoked))
	}
	client, err := kgo.NewClient(given...)
	if err != nil {
		member.Fail(err)
	}
	for stopping := member.Stopping(); stopping.Err() == nil; {
		step(stopping, client, options)
	}
	// Commits what is left, if it commits by itself, and leaves.
	client.CloseAllowingRebalance()
	member.Emit("left", true)
}

func step(stopping context.Context, client *kgo.Client, options member.Options) {
	fetches := client.PollRecords(stopping, member.MostRecords)
	defer client.AllowRebalance()
	fetches.EachError(func(_ string, _ int32, err error) {
		if errors.Is(err, kerr.FencedInstanceID) {
			member.Emit("refused", err.Error())
			member.Fail(err)
		}
		fmt.Fprintln(os.Stderr, err)
	})
	var batch []member.Record
	first := map[int32]kgo.EpochOffset{}
	fetches.EachRecord(func(r *kgo.Record) {
		batch = append(batch, member.Record{Partition: r.Partition, Offset: r.Offset, Value: string(r.Value)})
		if _, there := first[r.Partition]; !there {
			first[r.Partition] = kgo.EpochOffset{Epoch: -1, Offset: r.Offset}
		}
	})
	if len(batch) == 0 {
		return
	}
	done := options.Work(batch, func(offsets map[int32]int64) error { return commit(client, options.Topic, offsets) })
	if !done {
		client.SetOffsets(map[string]map[int32]kgo.EpochOffset{options.Topic: first})
	}
}

// commit says no as soon as one partition is refused.
func commit(client *kgo.Client, topic string, offsets map[int32]int64) error {
	wanted := map[int32]kgo.EpochOffset{}
	for partition, offset := range offsets {
		wanted[partition] = kgo.EpochOffset{Epoch: -1, Offset: offset}
	}
	ctx, cancel := context.WithTimeout(context.Background(), member.Patience)
	defer cancel()
	var failed error
	client.CommitOffsetsSync(ctx, map[string]map[int32]kgo.EpochOffset{topic: wanted},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
			failed = err
			if err != nil {
				return
			}
			for _, t := range answer.Topics {
				for _, p := range t.Partitions {
					failed = errors.Join(failed, kerr.ErrorForCode(p.ErrorCode))
				}
			}
		})
	return failed
}
