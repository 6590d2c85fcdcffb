package plugins

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makeFolder writes files by name; one that ends in * may be executed.
func makeFolder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		name, run := strings.CutSuffix(name, "*")
		path := filepath.Join(dir, name)
		mode := os.FileMode(0o644)
		if run {
			mode = 0o755
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func mustOpenFolder(t testing.TB, path string) *Folder {
	t.Helper()
	f, err := OpenFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParseDeclaration(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"least", `command = ["python3", "teacher.py"]`, ""},
		{"all", "name = \"support-v2\"\ndescription = \"Letters.\"\ncommand = [\"./bin/teacher\", \"--fast\"]\nenv = [\"HF_HOME\"]", ""},
		{"empty", ``, `teacher.toml: command: there is none; want the program and its arguments, such as ["python3", "teacher.py"]`},
		{"no command", `name = "x"`, `teacher.toml: command: there is none; want the program and its arguments, such as ["python3", "teacher.py"]`},
		{"unknown key", "command = [\"./x\"]\n\ncomand = [\"./y\"]", `teacher.toml:3: unknown key comand; there are name, description, command and env`},
		{"unknown table", "command = [\"./x\"]\n[env]\nA = 1", `teacher.toml:2: toml: cannot store a table in a string`},
		{"no TOML", "command = [\"./x\"]\nenv = [HOME]", `teacher.toml:2: toml: unexpected character U+0048 'H' at start of value`},
		{"another type", `command = "./x"`, `teacher.toml:1: toml: cannot decode TOML string into struct field plugins.declaration.Command of type []string`},
		{"absolute", `command = ["/usr/bin/python3", "x.py"]`, `teacher.toml: command: "/usr/bin/python3" is neither a file of the folder, such as ./teacher, nor the name of a program on PATH`},
		{"outside", `command = ["../x"]`, `teacher.toml: command: "../x" is neither a file of the folder, such as ./teacher, nor the name of a program on PATH`},
		{"outside, hidden", `command = ["bin/../../x"]`, `teacher.toml: command: "bin/../../x" is neither a file of the folder, such as ./teacher, nor the name of a program on PATH`},
		{"the folder", `command = ["./"]`, `teacher.toml: command: "./" is neither a file of the folder, such as ./teacher, nor the name of a program on PATH`},
		{"no program", `command = [""]`, `teacher.toml: command: "" is neither a file of the folder, such as ./teacher, nor the name of a program on PATH`},
		{"zero byte", `command = ["./x", "a\u0000b"]`, `teacher.toml: command: "a\\u0000b" has a zero byte`},
		{"name", "name = \"a\\u001b[1m b\"\ncommand = [\"./x\"]", `teacher.toml: name: "a\\u001b[1m b": want letters, digits, dots and dashes, 64 at most`},
		{"variable", `command = ["./x"]` + "\nenv = [\"A=1\", \"B\"]", `teacher.toml: env: "A=1" is not the name of a variable`},
		{"the handshake's", `command = ["./x"]` + "\nenv = [\"PLUGIN_CLIENT_CERT\"]", `teacher.toml: environment: PLUGIN_CLIENT_CERT belongs to the handshake`},
		{"many words", `command = [` + strings.Repeat(`"x",`, 257) + `]`, `teacher.toml: command: 257 words, at most 256`},
		{"all at once", "name = \" \"\nenv = [\"\"]", "teacher.toml: name: \"\": want letters, digits, dots and dashes, 64 at most\n" +
			"command: there is none; want the program and its arguments, such as [\"python3\", \"teacher.py\"]\nenv: \"\" is not the name of a variable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseDeclaration([]byte(c.doc))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func FuzzDeclaration(f *testing.F) {
	f.Add([]byte("name = \"x\"\ndescription = \"y\"\ncommand = [\"python3\", \"teacher.py\"]\nenv = [\"HOME\"]\n"))
	f.Add([]byte("command = ['./a'] # why\n[[env]]\n"))
	f.Add([]byte("command = [\"\"\"\n./x\\\n  \"\"\"]\nname=\"\\U0001F600\""))
	f.Fuzz(func(t *testing.T, doc []byte) {
		d, err := parseDeclaration(doc)
		if err != nil {
			if s := err.Error(); !strings.HasPrefix(s, FolderFile+":") || strings.ContainsAny(s, "\x1b\x00\r") {
				t.Errorf("error %q", s)
			}
			return
		}
		if p := d.Command[0]; filepath.IsAbs(p) || strings.Contains(p, "/") && !filepath.IsLocal(p) {
			t.Errorf("it would run %q", p)
		}
		for _, name := range d.Env {
			if strings.HasPrefix(name, "PLUGIN_") || strings.ContainsAny(name, "=\x00") {
				t.Errorf("it would be let see %q", name)
			}
		}
	})
}

func TestOpenFolder(t *testing.T) {
	dir := makeFolder(t, map[string]string{
		"script/teacher.toml": `command = ["sh", "teacher.sh"]`, "script/teacher.sh": "", "script/other.sh*": "",
		"named/teacher.toml": "name = \"letters\"\ndescription = \"Pairs.\"\nenv = [\"HF_HOME\"]\ncommand = [\"bin/run\", \"-v\"]", "named/bin/run*": "",
		"bad/teacher.toml": "command = 3", "bad/teacher*": "",
		"large/teacher.toml": strings.Repeat("#", folderFileBytesMax+1),
		"plain/teacher*":     "", "empty/x": "",
	})
	sh := "sh" // wherever it is
	for _, c := range []struct {
		path, name, want string // the command, or the error
		dir              string
	}{
		{"script", "script", sh + " teacher.sh", "script"},
		{"script/", "script", sh + " teacher.sh", "script"},
		{"script/teacher.toml", "script", sh + " teacher.sh", "script"},
		{"script/teacher.sh", "script", sh + " teacher.sh", "script"},
		{"script/other.sh", "", "teacher DIR/script/other.sh: not a teacher's folder: the command of the teacher.toml beside it does not start it", ""},
		{"named", "letters", "DIR/named/bin/run -v", "named"},
		{"plain/teacher", "teacher", "DIR/plain/teacher", "plain"},
		{"plain/gone", "gone", "DIR/plain/gone", "plain"},
		{"gone/teacher", "teacher", "DIR/gone/teacher", "gone"},
		{"empty", "", "teacher DIR/empty: not a teacher's folder: it has no teacher.toml", ""},
		{"empty/teacher.toml", "", "teacher DIR/empty/teacher.toml: not a teacher's folder: it has no teacher.toml", ""},
		{"bad", "", "teacher DIR/bad: not a teacher's folder: teacher.toml:1: toml: cannot decode TOML integer into struct field plugins.declaration.Command of type []string", ""},
		{"bad/teacher", "", "teacher DIR/bad/teacher: not a teacher's folder: teacher.toml:1: toml: cannot decode TOML integer into struct field plugins.declaration.Command of type []string", ""},
		{"large", "", "teacher DIR/large: not a teacher's folder: teacher.toml: more than 65536 bytes", ""},
	} {
		t.Run(c.path, func(t *testing.T) {
			f, err := OpenFolder(dir + "/" + c.path)
			if err != nil {
				if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != c.want || !errors.Is(err, ErrFolder) {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
				return
			}
			s, err := f.Spec()
			if err != nil {
				t.Fatal(err)
			}
			got := strings.ReplaceAll(strings.Join(s.Command, " "), dir, "DIR")
			if filepath.Base(s.Command[0]) == sh && filepath.IsAbs(s.Command[0]) {
				got = sh + " " + strings.Join(s.Command[1:], " ")
			}
			if got != c.want || s.Name != c.name || s.Dir != filepath.Join(dir, c.dir) {
				t.Errorf("%s in %s called %s, want %s in %s called %s", got, s.Dir, s.Name, c.want, c.dir, c.name)
			}
		})
	}
	if f := mustOpenFolder(t, dir+"/named"); f.Description != "Pairs." || len(f.Env) != 1 || f.Env[0] != "HF_HOME" {
		t.Errorf("%+v", f)
	}
}

// A program of the folder that PATH leads to would be run where it lies, and
// not in the copy that was hashed.
func TestProgramOnPathInTheFolder(t *testing.T) {
	dir := makeFolder(t, map[string]string{"teacher.toml": `command = ["run"]`, "bin/run*": "#!/bin/sh\n"})
	t.Setenv("PATH", dir+"/bin:"+os.Getenv("PATH"))
	if _, err := mustOpenFolder(t, dir).Spec(); !errors.Is(err, ErrFolder) || !strings.HasSuffix(err.Error(), "name it ./bin/run") {
		t.Errorf("got %v", err)
	}
}
