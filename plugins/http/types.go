package httpteacher

import "strings"

// An API that treats questions and answers differently wants to be told which a
// text is, but a teacher is handed texts alone. So the description has the host
// put a mark before each, which is taken off again here. In the cache the mark
// keeps the vectors of the two apart.

// mark is what the host puts before a text of an input type.
func mark(inputType string) string {
	if inputType == "" {
		return ""
	}
	return "[" + inputType + "] "
}

// typed takes the mark off a text. One without a mark, which no build sends, is
// taken for an answer.
func (c Config) typed(text string) (inputType, rest string) {
	if c.QuestionInputType == "" {
		return c.InputType, text
	}
	for _, t := range []string{c.QuestionInputType, c.AnswerInputType} {
		if rest, ok := strings.CutPrefix(text, mark(t)); ok {
			return t, rest
		}
	}
	return c.AnswerInputType, text
}
