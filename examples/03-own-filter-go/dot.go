package main

// dot is the dot product of two vectors of length 1, in four sums so that it has
// the same bits in each language of these examples.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i+4 <= len(a) && i+4 <= len(b); i += 4 {
		x, y := a[i:i+4:i+4], b[i:i+4:i+4]
		s0 += float32(x[0] * y[0])
		s1 += float32(x[1] * y[1])
		s2 += float32(x[2] * y[2])
		s3 += float32(x[3] * y[3])
	}
	d := (s0 + s1) + (s2 + s3)
	if d > -1 && d < 1 {
		return d
	} else if d >= 1 {
		return 1
	}
	return -1 // or not a number: a score must be one
}
