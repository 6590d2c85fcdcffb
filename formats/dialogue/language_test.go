package dialogue

import (
	"fmt"
	"strings"
	"testing"
)

// TestLanguages puts texts of several languages into every shape and format:
// plain, escaped, with a byte order mark before them and with CR LF between the
// lines. What comes out is the text/v1 of what went in.
func TestLanguages(t *testing.T) {
	texts := map[string][2]string{
		"English": {"How are you?", "Well, thank you: \"very\" well."},
		"Russian": {"Как у тебя дела?", "Всё хорошо — спасибо."},
		"Chinese": {"你好吗？", "我很好，谢谢。"},
		"Arabic":  {"كيف حالك؟", "بخير، شكرًا لك"},
		"mixed":   {"Скажи «hello» по-китайски 🙂 e\u0301", "你好 — \u2067مرحبا\u2069, привет, nai\u0308ve \U0001D11E"},
		"signs":   {"Is a < b, & 'c' \\d \"e\"?", "[1] {2} #3, |4| *5* %6 ~7"},
	}
	// Of Q and A, JSON gets them in quotes and the rest as they are.
	shapes := map[string]string{
		"csv: pair":        "question,answer\nCSVQ,CSVA\n",
		"csv: instruction": "instruction,input,output\nCSVQ,,CSVA\n",
		"tsv: pair":        "q\ta\nCSVQ\tCSVA\n",
		"qa: Q and A":      "Q: Q0\nA: A0\n",
		"transcript: text": "User: Q0\nAssistant: A0\n",
		"eou: text":        "Q0 __eou__ A0 __eou__\n",
		"yaml: quoted":     "conversations:\n- - Q1\n  - A1\n",
		"yaml: block":      "conversations:\n- - |\n    Q0\n  - >-\n    A0\n",
		"flat: messages":   `{"message_id":"1","text":Q1,"role":"prompter"}` + "\n" + `{"message_id":"2","parent_id":"1","text":A1,"role":"assistant"}`,
		"json: names":      `{"t_1":{"content":[{"agent":"x","message":Q1},{"agent":"y","message":A1}]}}`,
		"json: squad":      `{"data":[{"paragraphs":[{"context":"c","qas":[{"question":Q1,"answers":[{"text":A1}]}]}]}]}`,
		"json: SGD":        `[{"dialogue_id":"1","turns":[{"speaker":"USER","utterance":Q1},{"speaker":"SYSTEM","utterance":A1}]}]`,
		"jsonl: parts":     `{"messages":[{"role":"user","content":[{"type":"text","text":Q1}]},{"role":"assistant","content":A1}]}`,
		"jsonl: ms-swift":  `{"conversation":[{"human":Q1,"assistant":A1}]}`,
		"jsonl: answers":   `{"question":Q1,"answer":[A1,"x"]}`,
		"jsonl: tree":      `{"prompt":{"text":Q1,"role":"prompter","replies":[{"text":A1,"role":"assistant"}]}}`,
		"jsonl: trl":       `{"prompt":[{"role":"user","content":Q1}],"chosen":A1}`,
		"jsonl: list":      `{"data":[Q1,A1]}`,
		"jsonl: sharegpt":  `{"conversations":[{"from":"human","value":Q1},{"from":"gpt","value":A1}]}`,
		"jsonl: turns":     `{"utterances":[{"speaker":"USER","text":Q1},{"speaker":"ASSISTANT","text":A1}]}`,
		"jsonl: unnamed":   `{"log":[{"text":Q1,"metadata":{}},{"text":A1,"metadata":{}}]}`,
		"parlai: JSON":     `{"text":Q1,"labels":[A1],"episode_done":true}`,
		"jsonl: bare":      `[{"role":"Анна","text":Q1},{"role":"张伟","text":A1}]`,
		"jsonl: flat":      `[{"message_id":"1","text":Q1,"role":"prompter"},{"message_id":"2","parent_id":"1","text":A1,"role":"assistant"}]`,
	}
	for i, a := range fields[fieldAnswer] {
		q := fields[fieldQuestion][i%len(fields[fieldQuestion])]
		shapes[fmt.Sprintf("jsonl: %s and %s", q, a)] = fmt.Sprintf("{%q:Q1,%q:A1}", q, a)
	}
	quoted := func(s string) string { return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"` }
	escaped := func(s string) string {
		var b strings.Builder
		for _, r := range s {
			if r > 0xFFFF {
				r -= 0x10000
				fmt.Fprintf(&b, `\u%04x`, 0xD800+r>>10)
				r = 0xDC00 + r&0x3FF
			}
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		return `"` + b.String() + `"`
	}
	for language, text := range texts {
		wantQ, _ := Text(text[0])
		wantA, _ := Text(text[1])
		for shape, template := range shapes {
			format, _, _ := strings.Cut(shape, ":")
			quotings := map[string]func(string) string{"plain": quoted}
			if strings.HasPrefix(format, "json") || format == "flat" {
				quotings["escaped"] = escaped
			}
			for quoting, quote := range quotings {
				cell := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
				in := strings.NewReplacer("CSVQ", cell(text[0]), "CSVA", cell(text[1]), "Q0", text[0], "A0", text[1], "Q1", quote(text[0]), "A1", quote(text[1])).Replace(template)
				for variant, in := range map[string]string{"": in, " with a byte order mark": "\ufeff" + in, " with CR LF": strings.ReplaceAll(in, "\n", "\r\n")} {
					pairs, skips, _ := readAll(t, format, in)
					if len(pairs) != 1 || len(skips) > 0 || pairs[0].Question != wantQ || pairs[0].Answer != wantA {
						t.Errorf("%s, %s, %s%s: %+v, %+v", shape, language, quoting, variant, pairs, skips)
					}
				}
			}
		}
	}
}
