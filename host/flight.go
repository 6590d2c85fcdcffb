package host

import (
	"sync"

	"github.com/cubeset/cubeset/host/cache"
)

// flight is a vector on its way from the teacher.
type flight struct {
	vector
	key  cache.Key
	text int // its index in the batch that asks for it
	done chan struct{}
	err  error
}

// flights is every vector on its way, so that no text is embedded twice at
// the same time.
type flights struct {
	mu  sync.Mutex
	now map[cache.Key]*flight
}

// join returns the flight of each missing key, and those among them that the
// caller must fly itself.
func (f *flights) join(keys []cache.Key, missing []int) (mine []*flight, all map[cache.Key]*flight) {
	all = make(map[cache.Key]*flight, len(missing))
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == nil {
		f.now = map[cache.Key]*flight{}
	}
	for _, i := range missing {
		k := keys[i]
		if all[k] != nil {
			continue
		}
		if f.now[k] == nil {
			f.now[k] = &flight{key: k, text: i, done: make(chan struct{})}
			mine = append(mine, f.now[k])
		}
		all[k] = f.now[k]
	}
	return mine, all
}

// land ends the flights: who waits for them goes on.
func (f *flights) land(mine []*flight, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range mine {
		m.err = err
		delete(f.now, m.key)
		close(m.done)
	}
}
