// sarama as a member of a group.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"
	"stele/tests/clients/member"
)

var strategies = map[string]func() sarama.BalanceStrategy{
	"range": sarama.NewBalanceStrategyRange, "roundrobin": sarama.NewBalanceStrategyRoundRobin,
	"sticky": sarama.NewBalanceStrategySticky,
}

type handler struct {
	options member.Options
	client  sarama.Client
}

func main() {
	options := member.Parse()
	config := sarama.NewConfig()
	config.ClientID = options.Name
	config.Version = sarama.MaxVersion
	config.Consumer.Group.Session.Timeout = options.Session
	config.Consumer.Group.Heartbeat.Interval = member.Heartbeat
	config.Consumer.Group.InstanceId = options.Instance
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = options.Commit == "auto"
	config.Consumer.Offsets.AutoCommit.Interval = member.AutoCommit
	config.Consumer.Return.Errors = true
	if options.Assignor != "" {
		config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{strategies[options.Assignor]()}
	}
	client, err := sarama.NewClient([]string{options.Bootstrap}, config)
	if err != nil {
		member.Fail(err)
	}
	group, err := sarama.NewConsumerGroupFromClient(options.Group, client)
	if err != nil {
		member.Fail(err)
	}
	go func() {
		for err := range group.Errors() {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	for stopping := member.Stopping(); stopping.Err() == nil; {
		// Returns with each rebalance, and with each failure of the broker.
		if err := group.Consume(stopping, []string{options.Topic}, &handler{options, client}); err != nil {
			if errors.Is(err, sarama.ErrFencedInstancedId) {
				member.Emit("refused", "FENCED_INSTANCE_ID")
				member.Fail(err)
			}
			member.Emit("refused", err.Error())
			time.Sleep(100 * time.Millisecond)
		}
	}
	if err := group.Close(); err != nil {
		member.Fail(err)
	}
	member.Emit("left", true)
}

func (h *handler) Setup(session sarama.ConsumerGroupSession) error {
	member.Emit("assigned", append([]int32{}, session.Claims()[h.options.Topic]...))
	return nil
}

func (h *handler) Cleanup(session sarama.ConsumerGroupSession) error {
	member.Emit("revoked", append([]int32{}, session.Claims()[h.options.Topic]...))
	return nil
}

// ConsumeClaim reads one partition. When it returns the session ends, and the next one reads again what was not committed.
func (h *handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		messages := next(session, claim)
		if messages == nil {
			return nil
		}
		var batch []member.Record
		for _, m := range messages {
			batch = append(batch, member.Record{Partition: m.Partition, Offset: m.Offset, Value: string(m.Value)})
		}
		done := h.options.Work(batch, func(offsets map[int32]int64) error {
			if h.options.Commit == "before" {
				return h.commit(session, offsets)
			}
			session.MarkMessage(messages[len(messages)-1], "")
			session.Commit()
			return nil
		})
		if !done {
			return nil
		}
		if h.options.Commit == "auto" {
			session.MarkMessage(messages[len(messages)-1], "")
		}
	}
}

// next waits for a message and takes what is there besides. None: the session ends.
func next(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) []*sarama.ConsumerMessage {
	var messages []*sarama.ConsumerMessage
	select {
	case message, open := <-claim.Messages():
		if !open {
			return nil
		}
		messages = append(messages, message)
	case <-session.Context().Done():
		return nil
	}
	for len(messages) < member.MostRecords {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return messages
			}
			messages = append(messages, message)
		default:
			return messages
		}
	}
	return messages
}

// commit asks the coordinator itself: session.Commit() does not say whether it was taken.
func (h *handler) commit(session sarama.ConsumerGroupSession, offsets map[int32]int64) error {
	coordinator, err := h.client.Coordinator(h.options.Group)
	if err != nil {
		return err
	}
	request := &sarama.OffsetCommitRequest{
		Version: 7, ConsumerGroup: h.options.Group, ConsumerGroupGeneration: session.GenerationID(),
		ConsumerID: session.MemberID(),
	}
	if h.options.Instance != "" {
		request.GroupInstanceId = &h.options.Instance
	}
	for partition, offset := range offsets {
		request.AddBlockWithLeaderEpoch(h.options.Topic, partition, offset, -1, 0, "")
	}
	answer, err := coordinator.CommitOffset(request)
	if err != nil {
		_ = coordinator.Close()
		_ = h.client.RefreshCoordinator(h.options.Group)
		return err
	}
	for _, partitions := range answer.Errors {
		for _, code := range partitions {
			if code != sarama.ErrNoError {
				return code
			}
		}
	}
	return nil
}
