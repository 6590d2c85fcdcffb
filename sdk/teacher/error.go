package teacher

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// What an Embedder wraps to tell the host what to do about a failed batch.
// Any other error means "this batch failed" and ends the build.
var (
	ErrBusy        = errors.New("busy")              // wait, then try again
	ErrUnavailable = errors.New("unavailable")       // try again
	ErrTooBig      = errors.New("batch is too big")  // try again in halves
	ErrInput       = errors.New("text not accepted") // find the text by halving, refuse it
	ErrStop        = errors.New("cannot go on")      // no retry can help: bad key, missing model
)

// grpcError gives err the gRPC code the protocol assigns to it.
func grpcError(err error) error {
	if _, ok := status.FromError(err); ok {
		return err
	}
	for _, e := range []struct {
		is   error
		code codes.Code
	}{
		{ErrBusy, codes.ResourceExhausted},
		{ErrUnavailable, codes.Unavailable},
		{ErrTooBig, codes.OutOfRange},
		{ErrInput, codes.InvalidArgument},
		{ErrStop, codes.FailedPrecondition},
		{context.Canceled, codes.Canceled},
		{context.DeadlineExceeded, codes.DeadlineExceeded},
	} {
		if errors.Is(err, e.is) {
			return status.Error(e.code, err.Error())
		}
	}
	return status.Error(codes.Internal, err.Error())
}
