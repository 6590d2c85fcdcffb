package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/cubeset/cubeset/host"
	"github.com/cubeset/cubeset/host/internal/term"
)

// Where a person looks the bar moves; elsewhere a line now and then is enough.
const (
	barEvery  = 100 * time.Millisecond
	lineEvery = 10 * time.Second
)

// progress shows how far a build is, until stop. What is written to it appears
// above the bar.
type progress struct {
	host.Progress
	out  *os.File
	bars *mpb.Progress // nil where no person looks
	bar  *mpb.Bar
	done chan struct{}
	wait sync.WaitGroup
}

func startProgress(out *os.File) *progress {
	p := &progress{out: out, done: make(chan struct{})}
	every, show := lineEvery, p.line
	if term.IsTerminal(out) {
		p.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(40), mpb.WithAutoRefresh())
		p.bar = p.bars.New(0, mpb.BarStyle(),
			mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.rows() })),
			mpb.AppendDecorators(decor.Percentage(), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace), "")))
		every, show = barEvery, p.move
	}
	p.wait.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				show()
			case <-p.done:
				return
			}
		}
	})
	return p
}

func (p *progress) stop() {
	close(p.done)
	p.wait.Wait()
	if p.bars != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}

// Write puts a log line above the bar.
func (p *progress) Write(b []byte) (int, error) {
	if p.bars != nil {
		return p.bars.Write(b)
	}
	return p.out.Write(b)
}

var _ io.Writer = (*progress)(nil)

func (p *progress) rows() string {
	return fmt.Sprintf("%s read, %s kept", count(p.Read.Load()), count(p.Kept.Load()))
}

func (p *progress) line() {
	if total := p.BytesTotal.Load(); total > 0 {
		fmt.Fprintf(p.out, "cubeset: %s (%.0f %% of the input)\n", p.rows(), 100*float64(p.Bytes.Load())/float64(total))
		return
	}
	fmt.Fprintf(p.out, "cubeset: %s\n", p.rows())
}

func (p *progress) move() {
	if total := p.BytesTotal.Load(); total > 0 {
		p.bar.SetTotal(total+1, false) // never complete by itself: the last bytes are read long before the end
		p.bar.SetCurrent(p.Bytes.Load())
	}
}
