package httpteacher

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// class is what can be done about a failed request.
type class int

const (
	again class = iota // ask again, or ask another endpoint
	busy               // the same, after a while: the service is asked too much
	big                // ask for less at once; a text that is too big alone is refused
	input              // find the text that is meant, and refuse it
	stop               // nothing helps but a person
)

const quoteBytesMax = 200 // of a service's own words in an error

// fault is a failed request.
type fault struct {
	class   class
	what    string        // for people: no text, no key
	wait    time.Duration // what the service asks to wait, 0 = it does not say
	ours    bool          // it never left: nothing is known of the endpoint
	unheard bool          // so did nothing before it: nothing is known at all
}

func (f *fault) weight() int {
	switch {
	case f.class == stop:
		return 2
	case !f.unheard:
		return 1
	}
	return 0
}

// err is f as the protocol has it.
func (f *fault) err() error {
	kind := teacher.ErrStop
	switch f.class {
	case again:
		kind = teacher.ErrUnavailable
	case busy:
		kind = teacher.ErrBusy
	case big:
		kind = teacher.ErrTooBig
	case input:
		kind = teacher.ErrInput
	}
	return fmt.Errorf("%w: %s", kind, f.what)
}

// problem is the body of an error, in any of the shapes the APIs have.
type problem struct {
	code  string // a word for programs
	words string // for people; may quote anything
	wait  time.Duration
	isKey bool // the key is wrong, whatever the status says
}

// readProblem understands {"error": {"message", "code", "type", "status"}},
// {"error": "…", "error_type"}, {"message", "code", "type"} and {"detail"}, and
// Google's RetryInfo and ErrorInfo.
func readProblem(body []byte) (p problem) {
	var outer struct {
		Error     json.RawMessage `json:"error"`
		ErrorType any             `json:"error_type"`
		Message   any             `json:"message"`
		Detail    json.RawMessage `json:"detail"`
		Code      any             `json:"code"`
		Type      any             `json:"type"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return p
	}
	var inner struct {
		Message any `json:"message"`
		Code    any `json:"code"`
		Type    any `json:"type"`
		Status  any `json:"status"`
		Details []struct {
			RetryDelay string `json:"retryDelay"`
			Reason     string `json:"reason"`
		} `json:"details"`
	}
	p.words = firstWord(outer.Message)
	if json.Unmarshal(outer.Error, &inner) == nil {
		p.words = firstWord(inner.Message, p.words)
		for _, d := range inner.Details {
			if wait, err := time.ParseDuration(d.RetryDelay); err == nil {
				p.wait = max(p.wait, wait)
			}
			p.isKey = p.isKey || d.Reason == "API_KEY_INVALID"
		}
	}
	for _, raw := range []json.RawMessage{outer.Error, outer.Detail} {
		var text string
		if json.Unmarshal(raw, &text) == nil && p.words == "" {
			p.words = text
		} else if p.words == "" && len(raw) > 2 && raw[0] == '[' {
			p.words = string(raw) // a list of what is wrong with which field
		}
	}
	p.code = firstCode(inner.Code, inner.Status, inner.Type, outer.Code, outer.ErrorType, outer.Type)
	return p
}

func firstWord(values ...any) string {
	for _, v := range values {
		if s, ok := v.(string); ok && s != "" {
			return s
		}
	}
	return ""
}

// code is what is shown of an error's body whatever the texts were: no sentence
// has this form.
var code = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,47}$`)

func firstCode(values ...any) string {
	for _, v := range values {
		if s, ok := v.(string); ok && code.MatchString(s) {
			return s
		}
	}
	return ""
}

// tooMuch is what services say of a text or a request that is too big, in
// whichever status.
var tooMuch = regexp.MustCompile(`(?i)context.?length|too long|too large|too many (tokens|inputs|texts)|max(imum)?[ _a-z]*(tokens|length|batch|input)|exceed[a-z]* [a-z ]*(tokens|length|limit of)|batch size|at most \d+ requests`)

// unspeakable is a server in Go that has a vector of NaN and no JSON for it.
var unspeakable = regexp.MustCompile(`(?i)unsupported value: (NaN|[+-]?Inf)`)

// spent is a 429 that no waiting helps against.
var spent = regexp.MustCompile(`(?i)^(insufficient_quota|billing_|exceeded_current_quota)`)

// faultOf says what an answer that is no success means. own says that the
// texts were this program's, so that the service's words can be shown.
func (c *client) faultOf(status int, h http.Header, body []byte, own bool) *fault {
	p := readProblem(body)
	f := &fault{class: classOf(status, p), wait: max(p.wait, retryAfter(h, time.Now()))}
	if h.Get("X-Should-Retry") == "false" && (f.class == again || f.class == busy) {
		f.class = stop
	}
	if f.class == busy && f.wait > waitMax {
		f.class = stop
	}
	f.what = strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
	if p.code != "" {
		f.what += " (" + c.key.hide(p.code) + ")"
	}
	switch {
	case p.isKey || status == http.StatusUnauthorized || status == http.StatusForbidden:
		f.what += ": " + c.config.keyName() + " is not accepted" // their own words like to quote a part of it
	case f.wait > 0:
		f.what += fmt.Sprintf(": asks to wait %v", f.wait.Round(time.Millisecond))
	case own && p.words != "":
		f.what += ": " + quote(c.key.hide(p.words))
	case status == http.StatusNotFound:
		f.what += ": no such address or no such model"
	}
	return f
}

func classOf(status int, p problem) class {
	mayBeText := status == 400 || status == 413 || status == 422 || status == 500
	switch {
	case p.isKey:
		return stop
	case mayBeText && tooMuch.MatchString(p.words):
		return big
	case status == 413:
		return big
	case status == 500 && unspeakable.MatchString(p.words):
		return input
	case status == 400 || status == 422:
		return input
	case status == 429 && spent.MatchString(p.code):
		return stop
	case status == 429 || status == 503 || status == 529:
		return busy
	case status >= 500 || status == 408 || status == 409 || status == 424 || status == 425:
		return again
	}
	return stop
}

// quote makes a service's words one short line that is safe to print.
func quote(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > quoteBytesMax {
		s = strings.ToValidUTF8(s[:quoteBytesMax], "") + "…"
	}
	return strings.TrimSpace(s)
}
