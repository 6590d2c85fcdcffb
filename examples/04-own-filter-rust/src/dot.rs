/// The dot product of two vectors of length 1, in four sums so that the compiler
/// may do them at once, and it has the same bits in each language of these
/// examples.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut s = [0f32; 4];
    for (x, y) in a.chunks_exact(4).zip(b.chunks_exact(4)) {
        for k in 0..4 {
            s[k] += x[k] * y[k];
        }
    }
    let d = (s[0] + s[1]) + (s[2] + s[3]);
    // A score must be a number.
    if d.is_nan() {
        -1.0
    } else {
        d.clamp(-1.0, 1.0)
    }
}
