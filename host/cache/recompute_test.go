package cache

import (
	"context"
	"fmt"
	"testing"
)

func TestRecompute(t *testing.T) {
	s := mustOpen(t, scratch(t), options())
	vector := func(text string) []float32 { return []float32{float32(len(text)), 1, 2} }
	texts := []string{"a", "bb", "absent", "zero", "refused", "changed", "longer"}
	for _, text := range texts {
		v := vector(text)
		switch text {
		case "absent":
			continue
		case "zero":
			v = []float32{0, 0, 0}
		case "changed":
			v[1] += 0.5
		case "longer":
			v = append(v, 1)
		}
		mustPut(t, s, []Key{recipe.Key(text)}, [][]byte{Bytes(v)})
	}
	done, err := Recompute(context.Background(), s, recipe, texts, func(_ context.Context, ask []string) (all [][]float32, err error) {
		for _, text := range ask {
			if text == "absent" {
				t.Fatal("a text that is not cached was asked for")
			}
			v := vector(text)
			v[0] *= 1.001 // another batch, another last bit
			if text == "refused" {
				v = nil
			}
			all = append(all, v)
		}
		return all, nil
	})
	if err != nil || done.Compared != 6 || done.Absent != 1 || fmt.Sprint(done.Far) != "[3 4 5 6]" || done.Least != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	if done.Cosines[2] >= CosineMin || done.Cosines[2] < 0.99 {
		t.Fatalf("%+v", done)
	}
	if _, err := Recompute(context.Background(), s, recipe, texts, func(context.Context, []string) ([][]float32, error) { return nil, nil }); err == nil {
		t.Fatal("no vectors were taken for six")
	}
}
