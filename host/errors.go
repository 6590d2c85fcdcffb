package host

import "errors"

// What callers match on with errors.Is; the command turns each into an exit
// code of its own.
var (
	ErrConfig      = errors.New("bad configuration")           // nothing was read
	ErrOutput      = errors.New("output folder is not usable") // nothing was written
	ErrNothingKept = errors.New("no row was kept")             // rejects and stats are written, no dataset
	ErrTooFewPairs = errors.New("too few pairs")               // to calibrate or compare
	ErrSkipped     = errors.New("rows were skipped")           // the dataset is written; only with Config.Strict
	ErrTeacher     = errors.New("teacher failed")              // run the same command again to go on
	ErrFilter      = errors.New("filter failed")               // a module that may not run, or a trap
	ErrLock        = errors.New("not what the lock says")      // nothing of it was run
	ErrInterrupted = errors.New("interrupted")                 // run the same command again to go on
)

// classed is an error that reads as err and also matches class.
type classed struct{ class, err error }

func (e classed) Error() string   { return e.err.Error() }
func (e classed) Unwrap() []error { return []error{e.class, e.err} }

// as makes err match class without changing a word of it.
func as(class, err error) error {
	if err == nil {
		return nil
	}
	return classed{class, err}
}
