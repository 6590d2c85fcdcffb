package main

import (
	"context"
	"encoding/json"

	"github.com/cubeset/cubeset/wasm"
	sdk "github.com/extism/go-sdk"
)

// extism is the plugin that does what both kinds of filters do.
type extism struct {
	ctx    context.Context // of the run, which this lives no longer than
	plugin *sdk.Plugin
	err    error // why there is none
}

func newExtism(ctx context.Context, p place) *extism {
	x := &extism{ctx: ctx}
	module, err := buildExtism(ctx, p)
	if err != nil {
		x.err = err
		return x
	}
	sdk.SetLogLevel(sdk.LogLevelOff)
	x.plugin, x.err = sdk.NewPlugin(ctx, sdk.Manifest{Wasm: []sdk.Wasm{sdk.WasmData{Data: module}}}, sdk.PluginConfig{}, nil)
	return x
}

type jsonRow struct {
	Question          string    `json:"question"`
	Answer            string    `json:"answer"`
	QuestionEmbedding []float32 `json:"question_embedding,omitempty"`
	AnswerEmbedding   []float32 `json:"answer_embedding,omitempty"`
}

// json calls the plugin for each row.
func (x *extism) json(kind string) (judge, func(), error) {
	return func(b *wasm.Batch, out []wasm.Verdict) ([]wasm.Verdict, error) {
		out = out[:0]
		for i := range b.Rows() {
			row := jsonRow{Question: b.Questions[i], Answer: b.Answers[i]}
			if kind == kindAlike {
				row.QuestionEmbedding, row.AnswerEmbedding = b.QuestionEmbeddings[i], b.AnswerEmbeddings[i]
			}
			in, err := json.Marshal(row)
			if err != nil {
				return nil, err
			}
			_, said, err := x.plugin.CallWithContext(x.ctx, kind+"_json", in)
			if err != nil {
				return nil, err
			}
			var v wasm.Verdict
			if err := json.Unmarshal(said, &v); err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	}, func() {}, x.err
}

// packed calls the plugin for a whole batch.
func (x *extism) packed(kind string) (judge, func(), error) {
	var buf []byte
	return func(b *wasm.Batch, out []wasm.Verdict) ([]wasm.Verdict, error) {
		l := layoutOf(b, kind == kindAlike)
		if cap(buf) < l.total {
			buf = make([]byte, l.total)
		}
		l.pack(buf[:l.total], b)
		_, said, err := x.plugin.CallWithContext(x.ctx, kind+"_packed", buf[:l.total])
		return verdictsOf(said, out[:0]), err
	}, func() {}, x.err
}
