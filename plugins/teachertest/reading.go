package teachertest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/cubeset/cubeset/sdk/checklist"
	"github.com/cubeset/cubeset/sdk/teacher"
)

// refusing says whether err is an answer by which a teacher may refuse texts
// as a whole: the host then sends them one by one.
func refusing(err error) bool {
	var no refusal
	return errors.As(err, &no) && (no.code == codes.InvalidArgument || no.code == codes.OutOfRange)
}

// unicodes embeds odd texts, each alone and then all together.
func unicodes(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	const change = "take any UTF-8; a text that has no vector is refused by itself, with a RowError"
	var texts, names []string
	var one []vector
	refused := 0
	for _, odd := range oddTexts() {
		r, err := s.call(ctx, []string{odd.text})
		if err != nil && !refusing(err) {
			return "", checklist.Broke(change, "a text of %s: %v", odd.name, err)
		}
		if err != nil || len(r.errors) > 0 {
			refused++
			continue
		}
		if w := r.vectors[0].wrong(); w != "" {
			return "", checklist.Broke(change, "the vector of a text of %s has %s", odd.name, w)
		}
		texts, names, one = append(texts, odd.text), append(names, odd.name), append(one, r.vectors[0])
	}
	r, err := s.embed(ctx, texts, len(texts))
	if err != nil {
		return "", err
	}
	for i, v := range r.vectors {
		if !same(v, one[i], k.d.Determinism) {
			return "", checklist.Broke("let no vector depend on the other texts of its batch", "among other texts, one of %s gets another vector than alone (cosine %.7f)", names[i], cosine(v, one[i]))
		}
	}
	return fmt.Sprintf("%d kinds of text, %d of them refused", len(oddTexts()), refused), nil
}

// empty sends what a host must not send. Anything is a fine answer but death.
func empty(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	one, err := s.call(ctx, sentences()[:1])
	if err != nil {
		return "", err
	}
	how := "refused"
	for _, texts := range [][]string{{""}, {}, {sentences()[0], ""}} {
		r, err := s.call(ctx, texts)
		var no refusal
		if err != nil && !errors.As(err, &no) {
			return "", err
		}
		if err == nil && len(texts) == 1 && len(r.errors) == 0 {
			how = "gets a vector"
		}
		if _, refused := r.errors[0]; err != nil || len(texts) < 2 || refused {
			continue
		}
		if err := k.equal(r.vectors[:1], one.vectors, "beside an empty text", "let an empty text change nothing for its neighbours"); err != nil {
			return "", err
		}
	}
	return "an empty text " + how, k.goesOn(ctx, s, "after an empty text")
}

// long embeds a megabyte, and its first half: if both have one vector, the rest
// was not read, and that has to be told.
func long(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	all, first := longText()
	r, err := s.call(ctx, []string{all})
	if refusing(err) {
		return "a text of 1 MiB is refused", k.goesOn(ctx, s, "after a text of 1 MiB")
	}
	if err != nil {
		return "", err
	}
	if code, refused := r.errors[0]; refused {
		return "a text of 1 MiB is refused: " + quoted(code), k.goesOn(ctx, s, "after a text of 1 MiB")
	}
	if w := r.vectors[0].wrong(); w != "" {
		return "", checklist.Broke("return a finite vector that is longer than zero, or refuse the text with a RowError", "the vector of a text of 1 MiB has %s", w)
	}
	if r.truncated[0] {
		return "a text of 1 MiB is marked as truncated", k.goesOn(ctx, s, "after a text of 1 MiB")
	}
	const change = "set truncated for each row of which something was left out, and name max_tokens in Describe"
	if words := len(strings.Fields(all)); k.d.MaxTokens > 0 && words > k.d.MaxTokens {
		return "", checklist.Broke(change, "%d tokens are read of a text, and one of %d words is not marked as truncated", k.d.MaxTokens, words)
	}
	h, err := s.call(ctx, []string{first})
	if err != nil {
		return "", err
	}
	if same(r.vectors[0], h.vectors[0], k.d.Determinism) {
		return "", checklist.Broke(change, "a text of 1 MiB has the vector of its first half and is not marked as truncated")
	}
	return "a text of 1 MiB is read to its end", k.goesOn(ctx, s, "after a text of 1 MiB")
}

const messageOverhead = 64 // bytes of a request besides its one text, and some to spare

// message sends as much as a host may.
func message(ctx context.Context, k *kit) (string, error) {
	s, err := k.session(ctx)
	if err != nil {
		return "", err
	}
	_, err = s.call(ctx, []string{messageText(teacher.RequestBytesMax - messageOverhead)})
	var no refusal
	switch {
	case errors.As(err, &no) && no.code == codes.ResourceExhausted && strings.Contains(strings.ToLower(no.message), "larger than max"):
		return "", checklist.Broke("raise the gRPC server's limit for received messages to 64 MiB; it is 4 MiB unless it is set", "a request of 8 MiB does not get through")
	case err != nil && !refusing(err):
		return "", err
	}
	return "a request of 8 MiB is answered", k.goesOn(ctx, s, "after a request of 8 MiB")
}
