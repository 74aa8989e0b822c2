// Encodes, decodes and times Slipstream messages with the reference implementation.
//
// Reads one JSON object per line from stdin and answers each with one line on stdout. What a job asks for is in its
// "do": "encode", "decode" or "time". A panic of the library is told as {"panic": "..."} and ends only the job.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sort"
	"time"

	"github.com/google/uuid"
	"github.com/synaptecltd/slipstream"
)

// options are those of a stream; spatial references are off where Spatial is nil.
type options struct {
	UUID              string `json:"uuid"`
	Variables         int    `json:"variables"`
	SamplingRate      int    `json:"samplingRate"`
	SamplesPerMessage int    `json:"samplesPerMessage"`
	XOR               bool   `json:"xor"`
	Spatial           *struct {
		VoltageGroups  int  `json:"voltageGroups"`
		CurrentGroups  int  `json:"currentGroups"`
		IncludeNeutral bool `json:"includeNeutral"`
	} `json:"spatial"`
}

// sample is one sample of all variables.
type sample struct {
	Values  []int32  `json:"values"`
	Quality []uint32 `json:"quality"`
}

// job is one line of input. Encode takes Stamps and Counts, one per message, and Samples; decode takes Messages.
type job struct {
	Do       string   `json:"do"`
	Options  options  `json:"options"`
	Samples  []sample `json:"samples"`
	Stamps   []uint64 `json:"stamps"`
	Counts   []int    `json:"counts"`
	Messages []string `json:"messages"`
	Seconds  float64  `json:"seconds"`
}

// decoded is one message as the library reads it.
type decoded struct {
	Stamp   uint64   `json:"stamp"`
	Samples []sample `json:"samples"`
	Error   string   `json:"error,omitempty"`
}

func (o options) encoder() *slipstream.Encoder {
	encoder := slipstream.NewEncoder(uuid.MustParse(o.UUID), o.Variables, o.SamplingRate, o.SamplesPerMessage)
	encoder.SetXOR(o.XOR)
	if o.Spatial != nil {
		encoder.SetSpatialRefs(o.Variables, o.Spatial.VoltageGroups, o.Spatial.CurrentGroups, o.Spatial.IncludeNeutral)
	}
	return encoder
}

func (o options) decoder() *slipstream.Decoder {
	decoder := slipstream.NewDecoder(uuid.MustParse(o.UUID), o.Variables, o.SamplingRate, o.SamplesPerMessage)
	decoder.SetXOR(o.XOR)
	if o.Spatial != nil {
		decoder.SetSpatialRefs(o.Variables, o.Spatial.VoltageGroups, o.Spatial.CurrentGroups, o.Spatial.IncludeNeutral)
	}
	return decoder
}

// datasets puts the samples into the library's structures; message m begins with Stamps[m].
func (j job) datasets() []slipstream.DatasetWithQuality {
	data := make([]slipstream.DatasetWithQuality, len(j.Samples))
	for i, s := range j.Samples {
		data[i] = slipstream.DatasetWithQuality{Int32s: s.Values, Q: s.Quality}
	}
	at := 0
	for m, count := range j.Counts {
		data[at].T = j.Stamps[m]
		at += count
	}
	return data
}

// encode writes the messages; those shorter than the options say are ended early.
func (j job) encode() ([][]byte, error) {
	encoder, data, at := j.Options.encoder(), j.datasets(), 0
	messages := [][]byte{}
	for _, count := range j.Counts {
		var bytes []byte
		length := 0
		for i := 0; i < count; i++ {
			var err error
			if bytes, length, err = encoder.Encode(&data[at+i]); err != nil {
				return nil, err
			}
		}
		if length == 0 {
			var err error
			if bytes, length, err = encoder.EndEncode(); err != nil {
				return nil, err
			}
		}
		messages = append(messages, append([]byte{}, bytes[:length]...))
		at += count
	}
	return messages, nil
}

func (j job) bytes() ([][]byte, error) {
	messages := make([][]byte, len(j.Messages))
	for i, text := range j.Messages {
		var err error
		if messages[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return nil, err
		}
	}
	return messages, nil
}

// decode reads each message with a decoder of its own, since the library's carries qualities over.
func (j job) decode() ([]decoded, error) {
	messages, err := j.bytes()
	if err != nil {
		return nil, err
	}
	results := make([]decoded, len(messages))
	for i, message := range messages {
		decoder := j.Options.decoder()
		count, err := decoder.DecodeToBuffer(message, len(message))
		if err != nil {
			results[i].Error = err.Error()
			continue
		}
		results[i].Stamp = uint64(decoder.Out[0].T)
		for k := 0; k < count; k++ {
			results[i].Samples = append(results[i].Samples, sample{Values: decoder.Out[k].Int32s, Quality: decoder.Out[k].Q})
		}
	}
	return results, nil
}

// rounds calls work for some seconds and returns the median of nanoseconds per value.
func rounds(seconds float64, values int, work func()) float64 {
	work()
	begun, nanos := time.Now(), []float64{}
	for len(nanos) < 3 || time.Since(begun).Seconds() < seconds {
		started := time.Now()
		work()
		nanos = append(nanos, float64(time.Since(started).Nanoseconds())/float64(values))
	}
	sort.Float64s(nanos)
	return nanos[len(nanos)/2]
}

// measure times encoder and decoder on the samples, on one core.
func (j job) measure() (map[string]float64, error) {
	runtime.GOMAXPROCS(1)
	data := j.datasets()
	values := len(data) * j.Options.Variables
	encoder, decoder := j.Options.encoder(), j.Options.decoder()
	messages, err := j.encode()
	if err != nil {
		return nil, err
	}
	size := 0
	for _, message := range messages {
		size += len(message)
	}
	encode := rounds(j.Seconds/2, values, func() {
		for i := range data {
			if _, _, err := encoder.Encode(&data[i]); err != nil {
				panic(err)
			}
		}
	})
	decode := rounds(j.Seconds/2, values, func() {
		for _, message := range messages {
			if _, err := decoder.DecodeToBuffer(message, len(message)); err != nil {
				panic(err)
			}
		}
	})
	return map[string]float64{"encodeNanos": encode, "decodeNanos": decode, "bytes": float64(size)}, nil
}

func answer(line []byte) (result map[string]interface{}) {
	defer func() {
		if problem := recover(); problem != nil {
			result = map[string]interface{}{"panic": fmt.Sprint(problem)}
		}
	}()
	var j job
	if err := json.Unmarshal(line, &j); err != nil {
		return map[string]interface{}{"error": err.Error()}
	}
	var value interface{}
	var err error
	switch j.Do {
	case "encode":
		value, err = j.encode()
	case "decode":
		value, err = j.decode()
	case "time":
		value, err = j.measure()
	default:
		err = fmt.Errorf("expected encode, decode or time, found %q", j.Do)
	}
	if err != nil {
		return map[string]interface{}{"error": err.Error()}
	}
	return map[string]interface{}{"result": value}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<28)
	out := json.NewEncoder(os.Stdout)
	for in.Scan() {
		if err := out.Encode(answer(in.Bytes())); err != nil {
			panic(err)
		}
	}
	if err := in.Err(); err != nil {
		panic(err)
	}
}
