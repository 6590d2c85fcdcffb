package plugins

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"github.com/cubeset/cubeset/sdk/teacher"
)

// EmbedID names what decides a teacher's native vector, as 64 hex digits:
// model, revision, weights and tokenizer digests, pooling, truncation and the
// token limit it applies, normalisation, dimensions and API dimensions.
//
// Not in it: the name (a label), limits and advice to the host, and the
// prefixes (the host puts them before the text and into the cache key), nor
// the determinism, which says how closely the same vector comes back.
func EmbedID(d teacher.Description) string {
	return digest("cubeset.embed.v1",
		d.Model, d.Revision, d.WeightsDigest, d.TokenizerDigest, d.Pooling,
		d.Truncation, strconv.Itoa(d.MaxTokens), strconv.FormatBool(d.Normalised),
		strconv.Itoa(d.Dims), strconv.Itoa(d.APIDimensions))
}

// SpaceID names the space a dataset's vectors lie in: a teacher's native space
// and the projection out of it. projectionDigest is empty where the kind says
// it all.
func SpaceID(embedID, projectionKind, projectionDigest string) string {
	return digest("cubeset.space.v1", embedID, projectionKind, projectionDigest)
}

// digest is the sha256 over the fields, each after its length as a big-endian
// uint64, so that no two lists of fields run together.
func digest(fields ...string) string {
	h := sha256.New()
	for _, f := range fields {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(f)))
		h.Write(n[:])
		h.Write([]byte(f))
	}
	return hex.EncodeToString(h.Sum(nil))
}
