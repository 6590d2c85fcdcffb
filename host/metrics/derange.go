package metrics

import "slices"

// Derange gives each item another one's: out[i] is never i, nor of the same
// label as i, and no item is given twice. It is what true pairs are compared
// with: the same questions and the same answers, wrongly put together. Where a
// label has more than half of all items, some of them must go without, and
// have -1; no more than must.
func Derange(labels []int, seed int64) []int {
	n := len(labels)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	g := NewGenerator(seed)
	g.Shuffle(n, func(i, j int) { order[i], order[j] = order[j], order[i] })

	// Bring equal labels together, groups in the order of their first items.
	// Then whoever is as far on as the largest group is long is of another
	// group.
	place, size, most := map[int]int{}, map[int]int{}, 0
	for _, i := range order {
		l := labels[i]
		if _, ok := place[l]; !ok {
			place[l] = len(place)
		}
		size[l]++
		most = max(most, size[l])
	}
	slices.SortStableFunc(order, func(i, j int) int { return place[labels[i]] - place[labels[j]] })
	out := make([]int, n)
	for k, i := range order {
		if out[i] = order[(k+most)%n]; labels[out[i]] == labels[i] {
			out[i] = -1
		}
	}
	return out
}
