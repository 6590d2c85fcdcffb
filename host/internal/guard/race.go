//go:build race

package guard

// raceDetector: its tables alone have more address space than any limit leaves.
const raceDetector = true
