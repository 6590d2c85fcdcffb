package cache

import (
	"crypto/sha256"
	"encoding/binary"
)

// Key addresses one embedding.
type Key [sha256.Size]byte

// Recipe stands for everything but the text that decides a vector. The device,
// the batch size, threads and projections are not part of it.
type Recipe [sha256.Size]byte

// recipePrefix is how much of a recipe each record carries: enough to count
// and to remove by recipe, while the key alone decides what is a hit.
type recipePrefix [8]byte

// recipeVersion is hashed first. Another way to build keys is another version.
const recipeVersion = "cubeset.emb.v1"

// NewRecipe hashes the teacher's embed_id and the bytes it puts before each
// text. Every field is preceded by its length, so no two pairs share a recipe.
func NewRecipe(embedID, prefix string) Recipe {
	var b []byte
	for _, field := range []string{recipeVersion, embedID, prefix} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(field)))
		b = append(b, field...)
	}
	return sha256.Sum256(b)
}

// Key is sha256(recipe ‖ length of text as 8 big-endian bytes ‖ text).
func (r Recipe) Key(text string) Key {
	const textBytesStack = 4 << 10 // longer texts cost one allocation
	var stack [len(r) + 8 + textBytesStack]byte
	b := append(stack[:0], r[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
	b = append(b, text...)
	return sha256.Sum256(b)
}

func (r Recipe) prefix() recipePrefix { return recipePrefix(r[:8]) }

// fragment is the part of a key that indexes sort by. Keys are hashes, so
// fragments are spread evenly and two keys hardly ever share one; where they
// do, the record's own key decides.
func (k *Key) fragment() uint64 { return binary.BigEndian.Uint64(k[:8]) }
