package httpteacher

// limits bound one request.
type limits struct {
	rows      int
	tokens    int           // 0 = no limit
	estimate  func(int) int // tokens of so many bytes
	textBytes int           // of a text, 0 = the service refuses what is too long
}

// limits are those that every endpoint takes.
func (c *client) limits() limits {
	f := c.api.facts()
	l := limits{rows: c.config.rows(f), tokens: c.config.requestTokens(f), textBytes: f.textBytes, estimate: c.endpoints[0].pace.estimate}
	if c.config.MaxTokens > 0 && f.textBytes > 0 {
		l.textBytes = c.config.MaxTokens * bytesPerToken
	}
	if most := c.endpoints[0].pace.tokensMax(); most > 0 && (l.tokens == 0 || most < l.tokens) {
		l.tokens = most
	}
	for _, e := range c.endpoints {
		e.mu.Lock()
		if e.rows > 0 {
			l.rows = min(l.rows, e.rows)
		}
		e.mu.Unlock()
	}
	return l
}

// requests divides what of a call is not done yet, in order.
func (c *call) requests(l limits) []request {
	var all []request
	open := map[string]int{} // by input type, the request that still has room
	bytes := map[string]int{}
	for at, text := range c.texts {
		if c.done[at] {
			continue
		}
		inputType, text := c.client.config.typed(text)
		if text == "" {
			c.refuse(at, errEmpty, "empty")
			continue
		}
		if l.textBytes > 0 && len(text) > l.textBytes {
			c.refuse(at, errLong, "too_long")
			continue
		}
		i, ok := open[inputType]
		bytes[inputType] += len(text)
		if !ok || len(all[i].texts) == l.rows || l.tokens > 0 && l.estimate(bytes[inputType]) > l.tokens {
			i = len(all)
			open[inputType], bytes[inputType] = i, len(text)
			all = append(all, request{inputType: inputType})
		}
		all[i].texts, all[i].at = append(all[i].texts, text), append(all[i].at, at)
	}
	return all
}
