package vectors

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// list is vectors in the making.
type list struct {
	all    []*Vector
	needs  map[string][]string // of each vector's module
	number map[string]int      // of vectors that have a rule as their first
}

// All makes every vector. What is in the files is what it makes.
func All() []Vector {
	l := &list{needs: map[string][]string{}, number: map[string]int{}}
	for _, section := range []func(*list){
		modules, exports, imports, columns, foreign, verdicts, configurations, manifests, lives, fuel, limits, errors, versions,
	} {
		section(l)
	}
	var all []Vector
	for _, v := range l.all {
		all = append(all, *v)
	}
	return all
}

// add numbers a vector by the first of its rules, which are separated by spaces.
func (l *list) add(rules, name, kind string, module []byte) *Vector {
	v := &Vector{Rules: strings.Fields(rules), Name: name, Kind: kind, Batches: []Input{}, bytes: module}
	l.number[v.Rules[0]]++
	v.ID = fmt.Sprintf("%s.%d", v.Rules[0], l.number[v.Rules[0]])
	l.all = append(l.all, v)
	return v
}

// host is a module that is run on rows.
func (l *list) host(rules, name string, b Builder, input ...string) *Vector {
	v := l.add(rules, name, KindHost, b.Bytes())
	return v.on(needsOf(b.Manifest), input...)
}

// on gives v batches of rows.
func (v *Vector) on(needs []string, input ...string) *Vector {
	v.Batches = []Input{}
	for _, rows := range input {
		file := rows
		if len(needs) > 0 {
			file += "-" + strings.Join(needs, "-")
		}
		v.Batches = append(v.Batches, Input{Rows: "rows/" + rows + ".json", Batch: "batches/" + file + ".bin"})
	}
	return v
}

func needsOf(manifest string) []string {
	var m struct{ Needs []string }
	if json.Unmarshal([]byte(manifest), &m) != nil {
		return nil
	}
	return m.Needs
}

// refuse is a module that is refused before anything of it runs.
func (l *list) refuse(rules, name, code string, module []byte) *Vector {
	v := l.add(rules, name, KindHost, module)
	v.Expect = Expect{Code: code, At: AtLoad}
	return v
}

// open is a guest that fails before its first batch.
func (l *list) open(rules, name, code string, b Builder) *Vector {
	v := l.host(rules, name, b)
	v.Expect = Expect{Code: code, At: AtOpen}
	return v
}

// fail is a guest that fails on eight rows.
func (l *list) fail(rules, name, code string, b Builder) *Vector {
	v := l.host(rules, name, b, "eight")
	v.Expect = Expect{Code: code, At: AtFilter}
	return v
}

// failRow is a guest that fails on eight rows at one of them.
func (l *list) failRow(rules, name, code string, row int, b Builder) *Vector {
	v := l.fail(rules, name, code, b)
	v.Expect.Row = &row
	return v
}

// keep is a guest that keeps all of eight rows with the score 0.
func (l *list) keep(rules, name string, b Builder) *Vector {
	return l.score(rules, name, b, "eight", slices.Repeat([]float32{0}, 8)...)
}

// score is a guest that keeps all rows of an input, with these scores.
func (l *list) score(rules, name string, b Builder, input string, scores ...float32) *Vector {
	v := l.host(rules, name, b, input)
	v.Expect.Verdicts = []Verdict{}
	for _, s := range scores {
		v.Expect.Verdicts = append(v.Expect.Verdicts, Verdict{Keep: true, Score: s})
	}
	return v
}

// scores is score with one score for all of eight rows.
func (l *list) scores(rules, name string, b Builder, score float32) *Vector {
	return l.score(rules, name, b, "eight", slices.Repeat([]float32{score}, 8)...)
}

// Tree is every file of the vectors, by name.
func Tree() (map[string][]byte, error) {
	tree, byContent := map[string][]byte{}, map[string]string{}
	rows := inputs()
	all := All()
	for i := range all {
		v := &all[i]
		if v.Module = byContent[string(v.bytes)]; v.Module == "" {
			v.Module = "modules/" + v.ID + ".wasm"
			byContent[string(v.bytes)] = v.Module
			tree[v.Module] = v.bytes
		}
		for _, in := range v.Batches {
			if in.Rows == "" {
				tree[in.Batch] = foreignBatches()[in.Batch]
				continue
			}
			name := strings.TrimSuffix(strings.TrimPrefix(in.Rows, "rows/"), ".json")
			_, needs, _ := strings.Cut(strings.TrimSuffix(in.Batch, ".bin"), "-")
			tree[in.Batch] = rows[name].Encode(strings.FieldsFunc(needs, func(r rune) bool { return r == '-' }))
			raw, err := json.MarshalIndent(rows[name], "", "  ")
			if err != nil {
				return nil, err
			}
			tree[in.Rows] = append(raw, '\n')
		}
	}
	index := []byte("[\n")
	for i, v := range all {
		raw, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		if index = append(index, raw...); i < len(all)-1 {
			index = append(index, ',')
		}
		index = append(index, '\n')
	}
	tree["index.json"] = append(index, "]\n"...)
	return tree, nil
}
