package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Sample is what one turn of one contestant cost.
type Sample struct {
	CPU   float64            `json:"cpu"`   // seconds of processors, user and system, of all threads of the process
	Wall  float64            `json:"wall"`  // seconds by the clock
	Units float64            `json:"units"` // rows, MB or pairs that were done
	More  map[string]float64 `json:"more,omitempty"`
}

// stopwatch adds up what its laps cost.
type stopwatch struct{ cpu, wall time.Duration }

// lap runs work and adds what it costs.
func (s *stopwatch) lap(work func() error) error {
	wall, cpu := time.Now(), processorTime()
	err := work()
	s.cpu += processorTime() - cpu
	s.wall += time.Since(wall)
	return err
}

func (s *stopwatch) sample(units float64) Sample {
	return Sample{CPU: s.cpu.Seconds(), Wall: s.wall.Seconds(), Units: units, More: map[string]float64{}}
}

// processorTime is what this process, without its children, has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it has no way to fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is this process's memory now and at its peak since the last call of
// forgetPeak, in MB; 0 where the system does not tell.
func resident() (now, peak float64) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			now = kib * 1024 / 1e6
		case "VmHWM":
			peak = kib * 1024 / 1e6
		}
	}
	return now, peak
}

// forgetPeak starts the peak of memory anew, where the system lets it.
func forgetPeak() {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}
