import { Vector } from "../../sdk/assemblyscript/cubeset";

// dot is the dot product of two vectors of length 1, in four sums at once, so
// that it has the same bits in each language of these examples.
export function dot(a: Vector, b: Vector): f32 {
  let s = f32x4.splat(0);
  for (let x = a.data, y = b.data, end = x + ((a.length & ~3) << 2); x < end; x += 16, y += 16) {
    s = f32x4.add(s, f32x4.mul(v128.load(x), v128.load(y)));
  }
  const d = f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
  return isNaN(d) ? -1 : max<f32>(-1, min<f32>(1, d)); // a score must be a number
}
