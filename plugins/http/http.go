// Package httpteacher is a teacher whose model runs elsewhere and is asked over
// HTTP: at OpenAI, Azure, Cohere, Voyage, Mistral, Jina or Google, or on a
// machine of your own behind Ollama, text-embeddings-inference, vLLM or
// llama.cpp. README.md shows the settings of each.
//
// Its folder and its program are called http, as a user knows it; the package
// is not, since every file of it needs net/http.
package httpteacher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// New returns the teacher that config, a [Config] in JSON, describes. It reads
// no key and asks nobody yet.
func New(config json.RawMessage) (teacher.Embedder, error) {
	c, err := ReadConfig(config)
	if err != nil {
		return nil, fmt.Errorf("http: config: %w", err)
	}
	return newEmbedder(c, newTransport(c), hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: os.Stderr, JSONFormat: true})), nil
}

// Env names the variables the teacher may see: the one with its key, and those
// that say how to reach the network.
func Env(config json.RawMessage) []string {
	env := []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR"}
	if c, err := ReadConfig(config); err == nil && c.KeyEnv != "" {
		env = append(env, c.KeyEnv)
	}
	return env
}

func newTransport(c Config) http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = c.concurrency()
	return t
}

// embedder is the teacher. It may be used from any goroutine.
type embedder struct {
	config Config
	api    api
	client func() (*client, error)
	kept   kept
}

func newEmbedder(c Config, transport http.RoundTripper, log hclog.Logger) *embedder {
	a, _ := find(c.API)
	e := &embedder{config: c, api: a}
	e.client = sync.OnceValues(func() (*client, error) {
		key, err := c.readKey()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", teacher.ErrStop, err)
		}
		return newClient(c, a, key, transport, log), nil
	})
	return e
}

// Describe implements teacher.Embedder. What it says is in the settings: the
// service is asked only with the first text.
func (e *embedder) Describe(context.Context) (teacher.Description, error) {
	return e.config.describe(e.api), nil
}

// Embed implements teacher.Embedder. It fails if a text is refused.
func (e *embedder) Embed(ctx context.Context, texts []string, dst []float32) error {
	rows, err := e.EmbedRows(ctx, texts, dst)
	for _, r := range rows {
		err = errors.Join(err, r.Err)
	}
	return err
}
