// Subscribes to an STTP publisher with the published Go library and prints what it received as JSON lines.
//
// Usage: go_sttp_client HOST PORT FILTER SECONDS [STALL_AFTER STALL_FOR]
//
// The lines are those of python/sttp_client.py.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sttp/goapi/sttp"
	"github.com/sttp/goapi/sttp/data"
	"github.com/sttp/goapi/sttp/ticks"
	"github.com/sttp/goapi/sttp/transport"
)

var (
	out  = bufio.NewWriter(os.Stdout)
	lock sync.Mutex
)

// emit prints one line as JSON.
func emit(line interface{}) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	lock.Lock()
	defer lock.Unlock()
	out.Write(text)
	out.WriteByte('\n')
	out.Flush()
}

// rows reads the named columns of every row of a metadata table as text.
func rows(dataSet *data.DataSet, table string, columns map[string]string) []map[string]string {
	all := []map[string]string{}
	from := dataSet.Table(table)
	if from == nil {
		return all
	}
	for i := 0; i < from.RowCount(); i++ {
		row := map[string]string{}
		for key, column := range columns {
			text := from.Row(i).ValueAsStringByName(column)
			if text == "<NULL>" {
				text = ""
			}
			row[key] = text
		}
		if id, found := row["id"]; found {
			row["id"] = plain(id)
		}
		all = append(all, row)
	}
	return all
}

// plain writes a GUID in lower case without braces.
func plain(id string) string {
	return strings.Trim(strings.ToLower(id), "{}")
}

func number(index int) float64 {
	if len(os.Args) <= index {
		return 0
	}
	value, err := strconv.ParseFloat(os.Args[index], 64)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return value
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: go_sttp_client HOST PORT FILTER SECONDS [STALL_AFTER STALL_FOR]")
		os.Exit(2)
	}
	seconds, stallAfter, stallFor := number(4), number(5), number(6)
	var (
		guard    sync.Mutex
		batches  [][]transport.Measurement
		problems = []string{}
		started  time.Time
		stalled  bool
		done     bool
		first    = make(chan struct{})
	)

	subscriber := sttp.NewSubscriber()
	subscriber.SetStatusMessageLogger(func(message string) { fmt.Fprintln(os.Stderr, message) })
	subscriber.SetErrorMessageLogger(func(message string) {
		guard.Lock()
		defer guard.Unlock()
		problems = append(problems, message)
	})
	subscriber.SetMetadataReceiver(func(dataSet *data.DataSet) {
		emit(map[string]interface{}{"metadata": map[string]interface{}{
			"devices": rows(dataSet, "DeviceDetail", map[string]string{
				"acronym": "Acronym", "name": "Name", "rate": "FramesPerSecond", "protocol": "ProtocolName"}),
			"measurements": rows(dataSet, "MeasurementDetail", map[string]string{
				"id": "SignalID", "tag": "PointTag", "reference": "SignalReference", "type": "SignalAcronym",
				"device": "DeviceAcronym"}),
			"phasors": rows(dataSet, "PhasorDetail", map[string]string{
				"device": "DeviceAcronym", "label": "Label", "type": "Type", "phase": "Phase", "index": "SourceIndex"}),
		}})
	})
	subscriber.SetSubscriptionUpdatedReceiver(func(cache *transport.SignalIndexCache) {
		emit(map[string]interface{}{"subscribed": cache.Count()})
	})
	subscriber.SetConfigurationChangedReceiver(func() {
		emit(map[string]interface{}{"configurationChanged": true})
	})
	subscriber.SetNewMeasurementsReceiver(func(measurements []transport.Measurement) {
		guard.Lock()
		if done {
			guard.Unlock()
			return
		}
		if started.IsZero() {
			started = time.Now()
			close(first)
		}
		batches = append(batches, append([]transport.Measurement(nil), measurements...))
		wait := stallFor > 0 && !stalled && time.Since(started).Seconds() >= stallAfter
		stalled = stalled || wait
		guard.Unlock()
		if wait {
			time.Sleep(time.Duration(stallFor * float64(time.Second)))
		}
	})

	subscriber.Subscribe(os.Args[3], sttp.NewSettings())
	config := sttp.NewConfig()
	config.AutoReconnect = false
	if err := subscriber.Dial(os.Args[1]+":"+os.Args[2], config); err != nil {
		problems = append(problems, err.Error())
	}
	select {
	case <-first:
		time.Sleep(time.Duration(seconds * float64(time.Second)))
	case <-time.After(20 * time.Second):
	}

	guard.Lock()
	defer guard.Unlock()
	done = true
	received, ids := 0, map[string]bool{}
	for _, batch := range batches {
		line := make([][4]interface{}, 0, len(batch))
		for i := range batch {
			m := &batch[i]
			id := plain(m.SignalID.String())
			ids[id] = true
			line = append(line, [4]interface{}{
				id,
				strconv.FormatUint(uint64(m.Timestamp&ticks.ValueMask), 10),
				uint32(m.Flags),
				fmt.Sprintf("%08x", math.Float32bits(float32(m.Value))),
			})
		}
		received += len(batch)
		emit(map[string]interface{}{"batch": line})
	}
	elapsed := 0.0
	if !started.IsZero() {
		elapsed = time.Since(started).Seconds()
	}
	emit(map[string]interface{}{"summary": map[string]interface{}{
		"received": received, "signals": len(ids), "batches": len(batches), "seconds": elapsed, "errors": problems}})
	if received == 0 {
		os.Exit(1)
	}
}
