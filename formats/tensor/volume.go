package tensor

// Volume is the room that tensors take.
type Volume struct {
	Raw    int64 // bytes of the values as float32
	Stored int64 // bytes of their columns in the file
}

// Ratio is Stored by Raw, 0 without values: less than 1 if compression gained.
func (v Volume) Ratio() float64 {
	if v.Raw == 0 {
		return 0
	}
	return float64(v.Stored) / float64(v.Raw)
}

// Add is the volume of both.
func (v Volume) Add(w Volume) Volume { return Volume{v.Raw + w.Raw, v.Stored + w.Stored} }
