package teachertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
)

const (
	rowsDefault = 256  // texts a host sends to a teacher that names no limit
	rowsTried   = 1024 // texts in the largest batch that is tried
)

// rows is how many texts a call may have.
func (k *kit) rows() int {
	n := k.d.MaxRows
	if n == 0 {
		n = rowsDefault
	}
	return max(1, min(n, rowsTried, teacher.ReplyBytesMax/4/max(1, k.d.Dims)))
}

// many is n sentences, over and over.
func many(n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = sentences()[i%sentencesMax]
	}
	return texts
}

// rows sends as many texts in one call as the teacher says it takes.
func rows(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	n := k.rows()
	r, err := s.call(ctx, many(n))
	var no refusal
	if errors.As(err, &no) {
		how := checklist.FellShort
		if no.code != codes.OutOfRange {
			how = checklist.Broke
		}
		return "", how("name in max_rows how many texts one call may have (0 stands for 256)", "%d texts in one call: %v", n, err)
	}
	if err != nil {
		return "", err
	}
	for i := sentencesMax; i < n; i += sentencesMax { // the sentences come round again
		end := min(i+sentencesMax, n)
		if err := k.equal(r.vectors[i:end], r.vectors, fmt.Sprintf("at row %d of a batch of %d", i, n), "let no vector depend on the place of its text in the batch"); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d texts in one call; max_rows is %d", n, k.d.MaxRows), nil
}

// unknownFields sends a request that has a field of a later version.
func unknownFields(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, k.options.CallTimeout)
	defer cancel()
	texts := sentences()[:min(few, k.rows())]
	q := &teacherpb.EmbedRequest{Texts: texts}
	q.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 1000, protowire.BytesType), "later"))
	m, err := s.rpc.Embed(ctx, q)
	if err != nil {
		return "", s.explain(err)
	}
	r, err := s.read(m, len(texts))
	if err != nil {
		return "", err
	}
	return "a field of a later version is ignored", k.equal(r.vectors, s.first, "with a field it does not know", "ignore unknown fields")
}

// streamed is how many requests go over one stream.
const streamed = 4

// stream embeds over EmbedStream, if there is one.
func stream(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, k.options.CallTimeout)
	defer cancel()
	size := min(few, k.rows())
	var want []reply
	for i := range streamed {
		r, err := s.call(ctx, sentences()[i*size:(i+1)*size])
		if err != nil {
			return "", err
		}
		want = append(want, r)
	}
	c, err := s.rpc.EmbedStream(ctx)
	if err != nil {
		return "", s.explain(err)
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for i := range streamed {
			if c.Send(&teacherpb.EmbedRequest{Texts: sentences()[i*size : (i+1)*size]}) != nil {
				return // Recv has the reason
			}
		}
		_ = c.CloseSend() // it never fails
	}()
	defer func() { cancel(); <-sent }()
	for i := range streamed {
		m, err := c.Recv()
		if i == 0 && status.Code(err) == codes.Unimplemented {
			return "", checklist.Skip("not implemented, which is fine")
		}
		if err != nil {
			return "", s.explain(err)
		}
		r, err := s.read(m, size)
		if err != nil {
			return "", err
		}
		if err := k.equal(r.vectors, want[i].vectors, fmt.Sprintf("in reply %d of a stream", i), "answer the requests of a stream in their order, each as Embed would"); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d requests, replies in order", streamed), nil
}

const (
	callers     = 8
	callerTexts = 5
)

// concurrency makes calls one after the other and then all at once.
func concurrency(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	parts := make([][]string, callers)
	single := make([]reply, callers)
	for i := range parts {
		parts[i] = sentences()[i*callerTexts : (i+1)*callerTexts]
		if single[i], err = s.embed(ctx, parts[i], callerTexts); err != nil {
			return "", err
		}
	}
	const change = "guard what calls share, or do them one after the other: queue behind a lock"
	group, inner := errgroup.WithContext(ctx)
	for i, part := range parts {
		group.Go(func() error {
			r, err := s.embed(inner, part, callerTexts)
			if err != nil {
				return fmt.Errorf("with %d calls at once: %w", callers, err)
			}
			return k.equal(r.vectors, single[i].vectors, fmt.Sprintf("with %d calls at once", callers), change)
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d calls at once give what they give one after the other", callers), nil
}

// deadline gives up calls that are under way, sooner and later.
func deadline(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	given := 0
	for _, d := range []time.Duration{time.Millisecond, 20 * time.Millisecond, 200 * time.Millisecond} {
		inner, cancel := context.WithTimeout(ctx, d)
		_, err := s.rpc.Embed(inner, &teacherpb.EmbedRequest{Texts: many(k.rows())}, grpc.MaxCallRecvMsgSize(teacher.ReceiveBytesMax+replySlack))
		cancel()
		if err != nil {
			given++
		}
	}
	if err := k.goesOn(ctx, s, "after calls that were given up"); err != nil {
		return "", checklist.Broke("when a call is cancelled, stop working on it, let go of every lock and stay: the next call is another one", "%v", err)
	}
	return fmt.Sprintf("goes on after calls with deadlines of 1, 20 and 200 ms, %d of them missed", given), nil
}

// rowErrors looks at the codes of everything that has been refused.
func rowErrors(_ context.Context, k *kit) (string, error) {
	if len(k.codes) == 0 {
		return "", checklist.Skip("nothing it was given was refused")
	}
	for _, code := range k.codes {
		if !codeForm.MatchString(code) {
			return "", checklist.Broke("give each row error a short stable word, [a-z][a-z0-9_]{0,31}, and no detail: it is counted", "a text is refused with the code %s", quoted(code))
		}
	}
	return fmt.Sprintf("%d rows were refused: %s", len(k.codes), listed(k.codes)), nil
}

// secrecy asks whether anything that was said holds a text.
func secrecy(_ context.Context, k *kit) (string, error) {
	if where := k.witness.heard(); where != "" {
		return "", checklist.Broke("quote no text, nor a part of one: messages and logs outlive the data", "a text stands %s", where)
	}
	return "no text in any message or log", nil
}
