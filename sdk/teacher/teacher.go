// Package teacher is what a teacher plugin is made of. A teacher turns texts
// into vectors; cubeset starts it as a process of its own and talks to it over
// a private socket. An author writes an [Embedder] and hands it to [Serve]:
//
//	func main() { teacher.Serve(myModel{}) }
//
// plugins/PROTOCOL.md is the contract in full, for other languages too.
package teacher

import "context"

//go:generate protoc -I. --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative teacherpb/teacher.proto

// Embedder is a model behind a teacher. Serve calls it from several
// goroutines at once.
type Embedder interface {
	// Describe says which model this is. It is called before anything is
	// embedded and must be quick: load the model at the first Embed.
	Describe(ctx context.Context) (Description, error)
	// Embed writes one vector a text into dst, row after row:
	// len(dst) == len(texts)*Dims, all zero on entry. It fails as a whole;
	// wrap ErrBusy, ErrUnavailable, ErrTooBig, ErrInput or ErrStop to say
	// what the host should do, and never quote a text.
	Embed(ctx context.Context, texts []string, dst []float32) error
}

// RowEmbedder is an Embedder that can refuse single texts and count tokens.
// Serve prefers it to Embed.
type RowEmbedder interface {
	Embedder
	// EmbedRows is Embed with one result a text.
	EmbedRows(ctx context.Context, texts []string, dst []float32) ([]RowResult, error)
}

// RowResult is what a RowEmbedder says about one text.
type RowResult struct {
	Tokens    int  // tokens the model read, 0 = not counted
	Truncated bool // the text was longer than the model reads
	// Err refuses this text alone; its vector is ignored. Its message must
	// not quote the text.
	Err error
	// Code names the refusal in statistics: [a-z][a-z0-9_]{0,31}.
	// Empty means "refused".
	Code string
}
