package kit

import (
	"context"
	"fmt"

	"github.com/cubeset/cubeset/sdk/checklist"
)

// How often the ordinary rows are judged to see whether memory grows. A filter
// that loses four bytes a row needs another page in each half of what follows.
const (
	warmUpTurns = 32
	leakTurns   = 192
)

// memory judges the same rows over and over. A filter may take its memory bit by
// bit at first; then it must come by with what it has.
func memory(ctx context.Context, k *kit) (string, error) {
	in, err := k.open(ctx)
	if err != nil {
		return "", err
	}
	defer in.Close(ctx)
	warm, middle := uint32(0), uint32(0)
	for i := range leakTurns {
		if _, err := k.judge(ctx, in, k.rows, named); err != nil {
			return "", fmt.Errorf("after %d batches: %w", i, err)
		}
		switch i + 1 {
		case warmUpTurns:
			warm = in.Memory()
		case (warmUpTurns + leakTurns) / 2:
			middle = in.Memory()
		}
	}
	end := in.Memory()
	if warm < middle && middle < end || end > warm && end-warm > warm {
		return "", checklist.Broke("free what a batch needed before the next, or use it again", "memory grows: %d KiB after %d batches, %d after %d, %d after %d",
			warm>>10, warmUpTurns, middle>>10, (warmUpTurns+leakTurns)/2, end>>10, leakTurns)
	}
	return fmt.Sprintf("%d KiB after %d batches of %d rows", end>>10, leakTurns, rowsMax), nil
}
