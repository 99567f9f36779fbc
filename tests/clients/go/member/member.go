// Package member is what members of consumer groups have in common, whichever Go client they are made of. Arguments,
// options and output are those of python/member.py.
package member

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	Heartbeat   = 500 * time.Millisecond
	AutoCommit  = 500 * time.Millisecond
	MostRecords = 50
	// Patience is for one commit: nothing here may hang.
	Patience = 10 * time.Second
)

// Options are what the command line says. What is not there is empty.
type Options struct {
	Bootstrap, Group, Topic          string
	Name, Assignor, Commit, Instance string
	Session                          time.Duration
}

// Record is one that was read.
type Record struct {
	Partition int32
	Offset    int64
	Value     string
}

// Parse reads the command line.
func Parse() Options {
	given := map[string]string{"commit": "before"}
	for _, word := range os.Args[4:] {
		name, value, _ := strings.Cut(word, "=")
		given[name] = value
	}
	session, err := strconv.Atoi(given["session"])
	if err != nil {
		Fail(err)
	}
	return Options{
		Bootstrap: os.Args[1], Group: os.Args[2], Topic: os.Args[3], Name: given["name"], Assignor: given["assignor"],
		Commit: given["commit"], Instance: given["instance"], Session: time.Duration(session) * time.Millisecond,
	}
}

// Stopping is a context that ends with SIGTERM.
func Stopping() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	return ctx
}

// Fail ends the program.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

var output sync.Mutex

// Emit prints one event. Any goroutine.
func Emit(event string, what any) {
	line, err := json.Marshal(map[string]any{event: what})
	if err != nil {
		Fail(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(line))
}

// Work does what a member does with a batch that is its own while it works on it. It returns false when the batch could
// not be committed first: then it has to be read again. With auto commit there is no `commit`.
func (o Options) Work(batch []Record, commit func(offsets map[int32]int64) error) bool {
	var read, places []any
	for _, r := range batch {
		read = append(read, []any{r.Partition, r.Offset, r.Value})
		places = append(places, []any{r.Partition, r.Offset})
	}
	Emit("read", read)
	if o.Commit == "before" && !committed(batch, commit) {
		return false
	}
	Emit("processed", places)
	if o.Commit == "after" {
		committed(batch, commit)
	}
	return true
}

func committed(batch []Record, commit func(offsets map[int32]int64) error) bool {
	offsets := map[int32]int64{}
	for _, r := range batch {
		offsets[r.Partition] = r.Offset + 1
	}
	if err := commit(offsets); err != nil {
		Emit("refused", err.Error())
		return false
	}
	Emit("committed", offsets)
	return true
}
