package tensor

import (
	"sync"

	"github.com/cubeset/cubeset/formats/internal/planes"
)

// planeCodec is zstd for tensors whose bytes are kept apart. It writes the
// frames of package planes where they are the better ones.
type planeCodec struct{ allLiterals }

var planeEncoders = sync.Pool{New: func() any { return new(planes.Encoder) }}

func (p *planeCodec) Encode(dst, src []byte) ([]byte, error) {
	e := planeEncoders.Get().(*planes.Encoder)
	defer planeEncoders.Put(e)
	if out, ok := e.Encode(dst[:0], src); ok {
		return out, nil
	}
	return p.allLiterals.Encode(dst, src)
}
