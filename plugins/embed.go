package plugins

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cubeset/cubeset/sdk/teacher"
	"github.com/cubeset/cubeset/sdk/teacher/teacherpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"
)

const (
	rowsDefault   = 256                    // texts a call for a teacher that names no limit
	bytesPerToken = 3                      // of a text, for an estimate that is rather too high
	textOverhead  = 6                      // bytes a text costs besides itself in a request
	replySlack    = 64 << 10               // of a reply besides its vectors
	replyRowSlack = 512                    // and a row: token count, error
	deathWait     = 500 * time.Millisecond // from a broken connection to the end of the process
	clocksApart   = 100 * time.Millisecond // between timers for one moment
)

// Codes of rows that Embed itself refuses; a teacher has its own besides.
const (
	CodeEmpty   = "empty"    // no text
	CodeUTF8    = "utf8"     // not valid UTF-8
	CodeTooLong = "too_long" // over 8 MiB, or OutOfRange for this text alone
	CodeRefused = "refused"  // InvalidArgument for this text alone, or an error without a valid code
)

// Row is what became of one text.
type Row struct {
	Tokens    int    // tokens the model read, 0 = not counted
	Truncated bool   // the text was longer than the model reads
	Err       error  // the text was refused and its vector is zero
	Code      string // why, one word for statistics
}

// Embed writes the vector of each text into dst, row after row:
// len(dst) == len(texts) × Dims. It splits texts into calls by bytes, by the
// teacher's MaxRows and by Options.BatchTokens, one after the other, each within
// CallTimeout; several Embeds may run at once. Every vector written is finite
// and longer than zero.
//
// A text the teacher refuses has Row.Err set and a zero vector. An error means
// that the teacher as a whole failed; dst is then undefined.
func (t *Teacher) Embed(ctx context.Context, texts []string, dst []float32) ([]Row, error) {
	rows := make([]Row, len(texts))
	calls, err := t.calls(texts, dst, rows)
	if err != nil {
		return nil, err
	}
	for s := range calls {
		if err := t.embed(ctx, s); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// calls splits texts into the spans that a call may have. A text that is not
// sent at all is refused on the way.
func (t *Teacher) calls(texts []string, dst []float32, rows []Row) (iter.Seq[span], error) {
	dims := t.description.Dims
	if len(dst) != len(texts)*dims {
		return nil, fail(t.name, ErrShape, "room for %d values, want %d texts × %d", len(dst), len(texts), dims)
	}
	limit := t.limits()
	return func(yield func(span) bool) {
		for i := 0; i < len(texts); {
			if code := unfit(texts[i]); code != "" {
				rows[i] = refusal(code, "")
				clear(dst[i*dims : (i+1)*dims])
				i++
				continue
			}
			n := limit.batch(texts[i:])
			if !yield(span{i, texts[i : i+n], dst[i*dims : (i+n)*dims], rows[i : i+n]}) {
				return
			}
			i += n
		}
	}, nil
}

// limits bound one call.
type limits struct {
	rows, tokens int
	textTokens   int // that the teacher reads of a text at most, 0 = all
}

func (t *Teacher) limits() limits {
	d := t.description
	return limits{rows: batchRows(d), tokens: t.options.BatchTokens, textTokens: d.MaxTokens}
}

// batchRows is how many texts one call may have.
func batchRows(d teacher.Description) int {
	rows := d.MaxRows
	if rows == 0 {
		rows = rowsDefault
	}
	return min(rows, teacher.ReplyBytesMax/4/d.Dims)
}

// unfit is why a text is not sent at all, "" if it is.
func unfit(text string) string {
	switch {
	case text == "":
		return CodeEmpty
	case len(text)+textOverhead > teacher.RequestBytesMax:
		return CodeTooLong
	case !utf8.ValidString(text):
		return CodeUTF8
	}
	return ""
}

// batch is how many of texts go into the next call; the first one is fit.
func (l limits) batch(texts []string) int {
	bytes, tokens := 0, 0
	for i, text := range texts {
		bytes += len(text) + textOverhead
		tokens += l.estimate(text)
		if i == l.rows || bytes > teacher.RequestBytesMax || i > 0 && (tokens > l.tokens || unfit(text) != "") {
			return i
		}
	}
	return len(texts)
}

// estimate is about how many tokens a teacher reads of a text: one for every
// three bytes, and two for the text itself. English has four bytes to a token,
// other scripts two to five.
func (l limits) estimate(text string) int {
	n := len(text)/bytesPerToken + 2
	if l.textTokens > 0 {
		n = min(n, l.textTokens)
	}
	return n
}

// span is a run of texts with the places of their results.
type span struct {
	first int // index of texts[0] in what the caller passed
	texts []string
	dst   []float32
	rows  []Row
}

func (s span) halves() (a, b span) {
	m := len(s.texts) / 2
	v := len(s.dst) / len(s.texts) * m
	return span{s.first, s.texts[:m], s.dst[:v], s.rows[:m]},
		span{s.first + m, s.texts[m:], s.dst[v:], s.rows[m:]}
}

// embed makes one call, and halves the span where the teacher says that
// something in it is too big or not acceptable, down to the text to refuse.
func (t *Teacher) embed(ctx context.Context, s span) error {
	r, err := t.call(ctx, s.texts)
	if err == nil {
		return t.read(r, s)
	}
	code := status.Code(err)
	if code != codes.OutOfRange && code != codes.InvalidArgument {
		return t.callError(ctx, err, s.texts)
	}
	if len(s.texts) > 1 {
		a, b := s.halves()
		if err := t.embed(ctx, a); err != nil {
			return err
		}
		return t.embed(ctx, b)
	}
	clear(s.dst)
	word := CodeRefused
	if code == codes.OutOfRange {
		word = CodeTooLong
	}
	s.rows[0] = refusal(word, redact(status.Convert(err).Message(), s.texts))
	return nil
}

func (t *Teacher) call(ctx context.Context, texts []string) (*teacherpb.EmbedResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, t.options.CallTimeout)
	defer cancel()
	limit := len(texts)*(t.description.Dims*4+replyRowSlack) + replySlack
	return t.rpc.Embed(ctx, &teacherpb.EmbedRequest{Texts: texts}, grpc.MaxCallRecvMsgSize(limit))
}

// callError turns what gRPC says about a call into what happened.
func (t *Teacher) callError(ctx context.Context, err error, texts []string) error {
	while := " while embedding " + count(len(texts))
	s := status.Convert(err)
	if end, ok := ctx.Deadline(); ok && s.Code() == codes.DeadlineExceeded && time.Until(end) < clocksApart {
		<-ctx.Done() // gRPC and the teacher have timers of their own for it, which may go off before
	}
	if ctx.Err() != nil {
		return fmt.Errorf("teacher %s: %w%s", clean(t.name), context.Cause(ctx), while)
	}
	if c := s.Code(); c == codes.Unavailable || c == codes.Canceled {
		// So says a teacher that is short of something, and so says gRPC of
		// a teacher that is dying.
		t.awaitExit(ctx, deathWait)
		if err := t.died(while); err != nil {
			return err
		}
		if t.conn.GetState() != connectivity.Ready {
			return fail(t.name, ErrDied, "closed the connection%s", while)
		}
	}
	message := redact(s.Message(), texts)
	switch s.Code() {
	case codes.DeadlineExceeded:
		return fail(t.name, ErrTimeout, "no answer within %v", t.options.CallTimeout)
	case codes.ResourceExhausted:
		// gRPC itself uses this code, with these words, on either side.
		if strings.Contains(strings.ToLower(s.Message()), "received message larger than max") {
			return fail(t.name, ErrProtocol, "message over the limit: %s", message)
		}
		return fail(t.name, ErrBusy, "busy: %s", message)
	case codes.Unavailable:
		return fail(t.name, ErrBusy, "unavailable: %s", message)
	case codes.FailedPrecondition, codes.Unauthenticated, codes.PermissionDenied:
		return fail(t.name, ErrStop, "%s", message)
	case codes.Unimplemented:
		return fail(t.name, ErrProtocol, "%s", message)
	}
	return fail(t.name, ErrFailed, "failed on a batch of %s (%s): %s", count(len(texts)), s.Code(), message)
}

func count(texts int) string {
	if texts == 1 {
		return "1 text"
	}
	return fmt.Sprintf("%d texts", texts)
}

// refusal is the row of a text that gets no vector. message is safe to print.
func refusal(code, message string) Row {
	if !codeForm.MatchString(code) {
		code = CodeRefused
	}
	if message == "" {
		return Row{Code: code, Err: errors.New("text refused: " + code)}
	}
	return Row{Code: code, Err: fmt.Errorf("text refused: %s: %s", code, message)}
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
